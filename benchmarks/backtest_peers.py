"""The same strategy, candles and fees in freqtrade and backtesting.py: prints what each did.

    python -m benchmarks backtest --peers PYTHON

starts it with the Python of an environment of its own (`pip install freqtrade backtesting`), whose
dependencies need not go with ours. By hand: `PYTHON benchmarks/backtest_peers.py NAME TASK OUT`,
where OUT is written and TASK is a JSON file:

    {"folder": CSV of candles, "minutes": 60, "pairs": {"XBTUSD": "0.12"}, "fee": "0.0026",
     "cash": "1000000", "fast": 20, "slow": 50, "exchange": "http://127.0.0.1:8000",
     "since": first close that is decided, Unix seconds, "until": the end}

`pairs` are our names and how much of the base is bought each time; `exchange` is a Kraken simulator
that tells freqtrade which markets there are.
"""

import json
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

COLUMNS = ["date", "open", "high", "low", "close", "volume", "trades"]
FRAMES = {1: "1m", 5: "5m", 15: "15m", 60: "1h", 240: "4h", 1440: "1d"}
COMMON = {"XBT": "BTC", "XDG": "DOGE"}
"""Kraken's names of assets, to those that everybody else uses."""
FREQTRADE_STRATEGY = """
import pandas as pd
from freqtrade.strategy import IStrategy


class SmaCross(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "{frame}"
    minimal_roi = {{}}
    stoploss = -0.99
    use_exit_signal = True
    process_only_new_candles = True
    startup_candle_count = {slow}
    qty = {qty}

    def populate_indicators(self, dataframe, metadata):
        dataframe["fast"] = dataframe["close"].rolling({fast}).mean()
        dataframe["slow"] = dataframe["close"].rolling({slow}).mean()
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        above = dataframe["fast"] > dataframe["slow"]
        was_above = dataframe["fast"].shift() > dataframe["slow"].shift()
        begun = dataframe["date"] >= pd.Timestamp({since}, unit="s", tz="UTC")
        dataframe.loc[begun & above & ~was_above, "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        above = dataframe["fast"] > dataframe["slow"]
        was_above = dataframe["fast"].shift() > dataframe["slow"].shift()
        dataframe.loc[was_above & ~above, "exit_long"] = 1
        return dataframe

    def custom_stake_amount(self, pair, current_time, current_rate, **kwargs):
        # a little over, so that cutting to the lot's decimals gives the quantity and not one less
        return self.qty[pair] * current_rate * (1 + 1e-12)
"""
Task = Mapping[str, Any]
Trade = dict[str, str]


def main(arguments: list[str]) -> int:
    """Run one peer and write its trades, time and memory as JSON."""
    name, path, out = arguments
    task: Task = json.loads(Path(path).read_text())
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    trades, equity = PEERS[name](task)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"name": name, "trades": trades, "equity": equity, "seconds": took, "peak_mb": peak}
    Path(out).write_text(json.dumps(told))
    return 0


def read(task: Task, pair: str) -> pd.DataFrame:
    """Return the candles of a pair."""
    path = Path(task["folder"]) / f"{pair}_{task['minutes']}.csv"
    frame = pd.read_csv(path, names=COLUMNS)
    frame = frame[frame["date"] < task["until"]]
    frame["is_decided"] = frame["date"] + task["minutes"] * 60 >= task["since"]
    frame["date"] = pd.to_datetime(frame["date"], unit="s", utc=True)
    return frame


def freqtrade(task: Task) -> tuple[list[Trade], str]:
    """Run freqtrade's own backtesting on all pairs at once."""
    from freqtrade.configuration import Configuration  # noqa: PLC0415 - that peer's only
    from freqtrade.enums import RunMode  # noqa: PLC0415 - as above
    from freqtrade.optimize.backtesting import Backtesting  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as home:
        names = _freqtrade_files(task, Path(home))
        config = Configuration(
            {"config": [f"{home}/config.json"], "user_data_dir": home}, RunMode.BACKTEST
        ).get_config()
        backtesting = Backtesting(config)
        backtesting.start()
        results = backtesting.all_bt_content["SmaCross"]["results"]
        ended = backtesting.all_bt_content["SmaCross"]["final_balance"]
        ours = {each: pair for pair, each in names.items()}
        trades = [
            _trade(
                ours[row.pair],
                row.amount,
                row.open_date,
                row.open_rate,
                row.close_date,
                row.close_rate,
                row.profit_abs,
            )
            for row in results.itertuples()
        ]
    return trades, repr(float(ended))


def _freqtrade_files(task: Task, home: Path) -> dict[str, str]:
    frame = FRAMES[task["minutes"]]
    data = home / "data" / "kraken"
    data.mkdir(parents=True)
    (home / "strategies").mkdir()
    names, qty = {}, {}
    for pair, wanted in task["pairs"].items():
        base, quote = pair[:-3], pair[-3:]
        names[pair] = f"{COMMON.get(base, base)}/{quote}"
        qty[names[pair]] = float(wanted)
        candles = read(task, pair).drop(columns=["trades", "is_decided"])
        candles.to_feather(data / f"{names[pair].replace('/', '_')}-{frame}.feather")
    opened = task["since"] - task["minutes"] * 60
    (home / "strategies" / "sma_cross.py").write_text(
        FREQTRADE_STRATEGY.format(
            frame=frame, fast=task["fast"], slow=task["slow"], qty=qty, since=opened
        )
    )
    address = {"urls": {"api": {"public": task["exchange"], "private": task["exchange"]}}}
    config = {
        "dry_run": True,
        "dry_run_wallet": float(task["cash"]),
        "stake_currency": "USD",
        "stake_amount": "unlimited",
        "max_open_trades": len(names),
        "trading_mode": "spot",
        "timeframe": frame,
        "strategy": "SmaCross",
        "fee": float(task["fee"]),
        "export": "none",
        "datadir": str(data),
        "exchange": {
            "name": "kraken",
            "pair_whitelist": list(names.values()),
            "ccxt_config": address,
            "ccxt_async_config": address,
        },
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "other", "use_order_book": False},
        "exit_pricing": {"price_side": "other", "use_order_book": False},
    }
    (home / "config.json").write_text(json.dumps(config))
    return names


def backtesting(task: Task) -> tuple[list[Trade], str]:
    """Run backtesting.py, which knows one pair at a time, on each of them."""
    from backtesting import Backtest, Strategy  # noqa: PLC0415 - as above
    from backtesting.test import SMA  # noqa: PLC0415 - as above

    trades: list[Trade] = []
    ended = float(task["cash"])
    for pair, qty in task["pairs"].items():
        candles = read(task, pair).set_index("date").tz_localize(None)
        candles.columns = [each.capitalize() for each in candles.columns]
        # it trades whole units only: a unit of its candles is the lot that we buy
        lot = float(qty)
        candles[["Open", "High", "Low", "Close"]] *= lot

        class SmaCross(Strategy):  # type: ignore[misc]  # another environment's
            def init(self) -> None:
                self.fast = self.I(SMA, self.data.Close, task["fast"])
                self.slow = self.I(SMA, self.data.Close, task["slow"])

            def next(self) -> None:
                is_above, was_above = (self.fast[at] > self.slow[at] for at in (-1, -2))
                begun = self.data.Is_decided[-1]
                if begun and is_above and not was_above and not self.position:
                    self.buy(size=1)
                elif was_above and not is_above and self.position:
                    self.position.close()

        cash = float(task["cash"])
        made = Backtest(
            candles, SmaCross, cash=cash, commission=float(task["fee"]), finalize_trades=True
        ).run()
        ended += made["Equity Final [$]"] - cash
        trades += [
            _trade(
                pair,
                row.Size * lot,
                row.EntryTime,
                row.EntryPrice / lot,
                row.ExitTime,
                row.ExitPrice / lot,
                row.PnL,
            )
            for row in made["_trades"].itertuples()
        ]
    return trades, repr(float(ended))


def _trade(  # noqa: PLR0913, PLR0917 - a row
    pair: str,
    qty: float,
    opened: datetime,
    paid: float,
    closed: datetime,
    got: float,
    profit: float,
) -> Trade:
    return {
        "pair": pair,
        "qty": repr(float(qty)),
        "opened_at": pd.Timestamp(opened).to_pydatetime().replace(tzinfo=UTC).isoformat(),
        "paid": repr(float(paid)),
        "closed_at": pd.Timestamp(closed).to_pydatetime().replace(tzinfo=UTC).isoformat(),
        "got": repr(float(got)),
        "profit": repr(float(profit)),
    }


PEERS: Mapping[str, Callable[[Task], tuple[list[Trade], str]]] = {
    "freqtrade": freqtrade,
    "backtesting": backtesting,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
