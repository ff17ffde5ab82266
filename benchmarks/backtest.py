"""A moving-average cross over history, as a whole process, beside two other backtesters.

    python -m benchmarks backtest [CASE ...] [--peers PYTHON]

Ours decides, assesses, sends and books with the code of life; every cap is opened as far as it
goes, as the others have none. PYTHON is that of an environment with the peers in it
(`pip install freqtrade backtesting`); then round trips are matched one by one. Each difference has
to be one of the rules in `RULES`, or the benchmark fails.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.backtest_home import CASH, FEE, Market, Timed, backtest, made_market, prepare, timed
from benchmarks.home import ALL_PAIRS, fresh_home
from kraken_pipeline.store.backtests import BacktestFolder
from kraken_pipeline.wiring.exchange import MarketChoice, running_simulator
from kraken_pipeline.wiring.home import DATA_DIR

YEAR = 8760
CASES: Mapping[str, tuple[int, int, int]] = {
    "10x3y": (10, 3 * YEAR, 60),
    "50x1y": (50, YEAR, 60),
    "10x1y": (10, YEAR, 60),
    "20x1y-1m": (20, 60 * YEAR, 1),
}
"""Pairs, bars of each, minutes of a bar."""
USUAL = ("10x3y", "50x1y", "10x1y")
PEERS = ("backtesting", "freqtrade")
FAST, SLOW = 20, 50
GRAIN = Decimal("0.0001")
"""In quote. Far above what rounding a cost to 5 decimals makes of a round trip, below a cent."""
RULES: Mapping[str, str] = {
    "equal": "the same bars, the same quantity, the same prices, the same profit within the grain",
    "open at the end": "they sell at the last bar what is held then; we go on holding it",
    "tie": "the averages are equal there; they compare sums of floats that are rounded on the way",
}
Trade = Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    """Print a table a case; 1 if a round trip differs for no rule's reason."""
    words = list(arguments)
    python = None
    if "--peers" in words:
        at = words.index("--peers")
        python = words[at + 1]
        del words[at : at + 2]
    unknown = [each for each in words if each not in CASES]
    if unknown:
        sys.exit(f"no case {unknown[0]!r}; there are {', '.join(CASES)}")
    with tempfile.TemporaryDirectory() as told:
        found = [_case(name, Path(told) / name, python) for name in words or USUAL]
    return int(not all(found))


def _case(name: str, folder: Path, python: str | None) -> bool:
    pairs, bars, minutes = CASES[name]
    market = made_market(folder, pairs=pairs, bars=bars, minutes=minutes)
    print(f"{name}: {pairs} pairs, {pairs * bars:,} candles of {minutes} minutes")
    with fresh_home(ALL_PAIRS) as env:
        prepare(env, market)
        backtest(env, market, list(market.qty))  # the machine has read the files once
        ours = backtest(env, market, list(market.qty))
        _print("ours", ours, pairs * bars)
        run = BacktestFolder(Path(env[DATA_DIR])).runs()[-1]
        trips = [_ours(each) for each in run.rows("trips")]
        print(f"  {len(trips):,} round trips, equity {Decimal(run.card['final_equity']):.2f}")
        if python is None:
            return True
        with running_simulator(Path(env[DATA_DIR]), MarketChoice()) as simulator:
            told = _told(market, simulator)
            agreed = [_peer(each, python, told, market, trips) for each in PEERS]
        return all(agreed)


def _told(market: Market, exchange: str) -> Path:
    path = market.folder / "task.json"
    task = {
        "folder": str(market.folder),
        "minutes": market.minutes,
        "pairs": dict(market.qty),
        "fee": str(Decimal(FEE) / 100),
        "cash": CASH,
        "fast": FAST,
        "slow": SLOW,
        "exchange": exchange,
        "since": int(market.since.timestamp()),
        "until": int(market.end.timestamp()),
    }
    path.write_text(json.dumps(task))
    return path


def _peer(name: str, python: str, task: Path, market: Market, ours: Sequence[Trade]) -> bool:
    out = task.with_name(f"{name}.json")
    script = Path(__file__).with_name("backtest_peers.py")
    env = {key: each for key, each in os.environ.items() if key != "PYTHONPATH"}
    took = timed([str(script), name, str(task), str(out)], env, python)
    _print(name, took, len(market.qty) * market.bars)
    told = json.loads(out.read_text())
    found = Counter(_matched(ours, told["trades"], market))
    print(
        f"  {name} against ours: " + ", ".join(f"{count:,} {why}" for why, count in found.items())
    )
    return not found.keys() - RULES.keys()


def _print(name: str, took: Timed, candles: int) -> None:
    print(
        f"  {name:<12}{took.seconds:7.2f} s ({took.cpu_seconds:.2f} s of processor), "
        f"{candles / took.seconds:12,.0f} candles a second, {took.peak_mb:5.0f} MB at most"
    )


def _ours(row: Mapping[str, Any]) -> Trade:
    return {
        "pair": row["pair"],
        "qty": row["qty"],
        "opened_at": row["opened_at"],
        "paid": row["entry_price"],
        "closed_at": row["closed_at"],
        "got": row["exit_price"],
        "profit": row["profit"],
    }


def _matched(ours: Sequence[Trade], theirs: Sequence[Trade], market: Market) -> list[str]:
    """Return for each round trip of either why it is as it is: a rule's name, or what differs."""
    mine = {(each["pair"], _at(each["opened_at"])): each for each in ours}
    other = {(each["pair"], _at(each["opened_at"])): each for each in theirs}
    closes = _Closes(market)
    return [
        _why(mine.get(place), other.get(place), closes)
        for place in sorted(mine.keys() | other.keys())
    ]


def _why(mine: Trade | None, other: Trade | None, closes: "_Closes") -> str:
    if mine is None or other is None:
        only = mine or other
        assert only is not None  # noqa: S101 - one of them stands at the place
        if mine is None and _at(only["closed_at"]) >= closes.last_at:
            return "open at the end"
        return "tie" if closes.is_tie(only["pair"], _at(only["opened_at"])) else "only one has it"
    if _at(mine["closed_at"]) != _at(other["closed_at"]):
        first = min(_at(mine["closed_at"]), _at(other["closed_at"]))
        return "tie" if closes.is_tie(mine["pair"], first) else "closed at another bar"
    is_near = abs(Decimal(mine["profit"]) - Decimal(other["profit"])) <= GRAIN
    return "equal" if is_near else "another profit"


def _at(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


class _Closes:
    """The closes of a market, to look at averages with exact numbers."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[str, dict[int, Decimal]] = {}
        self._seconds = market.minutes * 60
        self.last_at = market.end.timestamp() - self._seconds

    def is_tie(self, pair: str, filled_at: float) -> bool:
        """Tell whether the averages are equal at the bar that ended as a fill came, or before."""
        closes = self._of(pair)
        newest = int(filled_at) // self._seconds * self._seconds - self._seconds
        return any(
            self._sum(closes, at, FAST) * SLOW == self._sum(closes, at, SLOW) * FAST
            for at in (newest, newest - self._seconds)
        )

    def _sum(self, closes: Mapping[int, Decimal], newest: int, count: int) -> Decimal:
        return sum((closes[newest - each * self._seconds] for each in range(count)), Decimal(0))

    def _of(self, pair: str) -> dict[int, Decimal]:
        if pair not in self._known:
            path = self._market.folder / f"{pair}_{self._market.minutes}.csv"
            rows = (line.split(",") for line in path.read_text().splitlines())
            self._known[pair] = {int(row[0]): Decimal(row[4]) for row in rows}
        return self._known[pair]
