"""Each built-in strategy over recorded history, by the engine that backtests any strategy.

`python -m benchmarks built_ins [NAME ...]`, with `KRAKEN_RECORDED` naming the folder of recorded
candles. 10,000 dollars, a cap of a tenth of equity, everything else as it comes: the fees that the
configuration assumes, ten basis points of spread, two of slippage. A bar that the files leave out
counts as one in which nothing traded. Beside it what the pairs did by themselves.
"""

import csv
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from kraken_pipeline.domain.certificates import Certificate, Source, Span
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest import History, Result, Run
from kraken_pipeline.settings import load
from kraken_pipeline.strategies.base import COLUMNS, Bars, Floats
from kraken_pipeline.wiring.backtest import rules_of
from kraken_pipeline.wiring.backtest_asked import Wanted, asked_of

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "kraken" / "recorded"
CASH = Decimal(10_000)
ORDERS = {
    "XBTUSD": ("0.1", "0.00005"),
    "ETHUSD": ("0.01", "0.002"),
    "SOLUSD": ("0.01", "0.02"),
    "XRPUSD": ("0.00001", "2"),
    "XDGUSD": ("0.0000001", "30"),
}
"""Tick and smallest order."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """Recorded candles of some pairs, and which part of them is decided."""

    name: str
    files: Mapping[str, str]
    shortest: str
    first: datetime
    since: datetime
    until: datetime


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MONTHS = Recording(
    name="Aug to Dec 2024",
    files={name: f"{name}_5.2024H2.csv" for name in ("ETHUSD", "SOLUSD", "XDGUSD", "XRPUSD")},
    shortest="5m",
    first=_day("2024-07-01"),
    since=_day("2024-08-15"),
    until=_day("2025-01-01"),
)
YEARS = Recording(
    name="2017 to 2022",
    files={
        "XBTUSD": "XBTUSD_60.2013-10_2023-01.csv",
        "ETHUSD": "ETHUSD_60.2015-08_2023-03.csv",
    },
    shortest="1h",
    first=_day("2016-01-01"),
    since=_day("2017-01-01"),
    until=_day("2023-01-01"),
)
RUNS: Sequence[tuple[str, str, Mapping[str, Any], Sequence[Recording]]] = (
    ("trend_core", "1h", {}, (MONTHS, YEARS)),
    ("vol_breakout", "5m", {}, (MONTHS,)),
    ("vol_breakout", "5m", {"max_range_bps": 50}, (MONTHS,)),
    ("vol_breakout", "1h", {}, (YEARS,)),
    ("vol_breakout", "1h", {"max_range_bps": 200}, (MONTHS, YEARS)),
    ("majors_mean_rev", "1h", {}, (MONTHS, YEARS)),
    ("majors_mean_rev", "1h", {"only_mean_reverting": False}, (MONTHS, YEARS)),
    ("rs_rotation", "4h", {}, (MONTHS, YEARS)),
    ("dca_overlay", "1h", {}, (MONTHS, YEARS)),
)
NAMES = {"majors_mean_rev": "pairs", "dca_overlay": "weights"}
"""Parameters that name pairs: all of the recording are named."""


class Silence:
    """Certificates that whatever is not recorded did not trade."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return one of each pair."""
        span = Span(
            first=int(self._recording.first.timestamp()),
            until=int(self._recording.until.timestamp()),
            source=Source.TRADES,
            origin="",
            fetched_at=self._recording.until,
        )
        return {
            pair: Certificate(pair=pair, timeframe=frame.name, spans=(span,))
            for pair in self._recording.files
        }


def main(names: Sequence[str]) -> None:
    """Print a line for each run."""
    folder = Path(os.environ.get("KRAKEN_RECORDED", RECORDED)) / "ohlc"
    histories: dict[str, History] = {}
    for strategy, frame, given, recordings in RUNS:
        for recording in recordings if not names or strategy in names else ():
            if recording.name not in histories:
                histories[recording.name] = _history(recording, folder)
            history = histories[recording.name]
            _say(
                strategy, frame, given, recording, _ran(strategy, frame, given, recording, history)
            )
    for name, history in histories.items():
        close = history.panels["1d"].close[_rows(name, history) :]
        grown = {
            pair: f"{each[-1] / each[0] - 1:+.0%}"
            for pair, each in zip(history.pairs, close.T, strict=True)
        }
        print(f"{name}: bought and held {grown}")


def _rows(name: str, history: History) -> int:
    since = next(each.since for each in (MONTHS, YEARS) if each.name == name)
    return int(np.searchsorted(history.panels["1d"].opened_at, int(since.timestamp())))


def _history(recording: Recording, folder: Path) -> History:
    names = list(TIMEFRAMES)
    frames = [TIMEFRAMES[each] for each in names[names.index(recording.shortest) :]]
    shortest = _read(recording, folder, frames[0])
    return History({each.name: _longer(shortest, each) for each in frames})


def _read(recording: Recording, folder: Path, frame: Timeframe) -> Bars:
    first, until = (int(each.timestamp()) for each in (recording.first, recording.until))
    rows = (until - first) // frame.seconds
    columns = {name: np.full((rows, len(recording.files)), np.nan) for name in COLUMNS}
    for at, name in enumerate(recording.files.values()):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for told in csv.reader(file):
                row = (int(told[0]) - first) // frame.seconds if told[0].isdigit() else -1
                if 0 <= row < rows:
                    for column, value in zip(COLUMNS, told[1:6], strict=True):
                        columns[column][row, at] = float(value)
    opened = first + frame.seconds * np.arange(rows, dtype=np.int64)
    return Bars(frame=frame, pairs=tuple(recording.files), opened_at=opened, **columns)


def _longer(bars: Bars, frame: Timeframe) -> Bars:
    size = frame.seconds // bars.frame.seconds

    def pieces(values: Floats) -> Floats:
        return values.reshape(-1, size, len(bars.pairs)).swapaxes(0, 1)

    opened, closed = pieces(bars.open), pieces(bars.close)
    first, last = opened[0].copy(), closed[-1].copy()
    for row in range(1, size):
        first = np.where(np.isnan(first), opened[row], first)
        last = np.where(np.isnan(last), closed[-1 - row], last)
    volume = pieces(bars.volume)
    return Bars(
        frame=frame,
        pairs=bars.pairs,
        opened_at=bars.opened_at[::size],
        open=first,
        high=np.fmax.reduce(pieces(bars.high)),
        low=np.fmin.reduce(pieces(bars.low)),
        close=last,
        volume=np.where(np.isnan(first), np.nan, np.nansum(volume, axis=0)),
    )


def _ran(
    strategy: str, frame: str, given: Mapping[str, Any], recording: Recording, history: History
) -> Result:
    pairs = list(recording.files)
    named: dict[str, Any] = {
        "pairs": {"pairs": pairs},
        "weights": {"weights": dict.fromkeys(pairs, 1)},
    }.get(NAMES.get(strategy, ""), {})
    config = {
        "strategies": {
            "enabled": [strategy],
            "configs": {strategy: {"timeframes": [frame], "params": {**given, **named}}},
        },
        "risk": {"max_per_strategy_pct": {strategy: 10}},
    }
    with tempfile.TemporaryDirectory() as folder:
        # JSON is YAML
        Path(folder, "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        loaded = load(
            {
                **os.environ,
                "KRAKEN_PIPELINE_CONFIG_DIR": folder,
                "KRAKEN_PIPELINE_DATA_DIR": folder,
            }
        )
    universe = Universe(
        version="recorded",
        at=recording.since,
        members=tuple(_pair(name) for name in pairs),
        leaving=(),
        notional_24h={name: Decimal(10_000_000) for name in pairs},
        reasons={},
    )
    wanted = Wanted(since=recording.since, until=recording.until, cash=CASH)
    rules = rules_of(loaded, [universe], history, run_id="built_ins")
    return Run(asked_of(loaded.settings, wanted), rules, history, Silence(recording)).run()


def _pair(name: str) -> Pair:
    tick, least = ORDERS[name]
    return Pair(
        name=name,
        key=name,
        base=Asset(name.removesuffix("USD")),
        quote=Asset("USD"),
        asset_class="currency",
        status="online",
        tick=Decimal(tick),
        lot=Decimal("0.00000001"),
        min_qty=Decimal(least),
        min_cost=Decimal("0.5"),
        cost_decimals=5,
    )


def _say(
    strategy: str, frame: str, given: Mapping[str, Any], recording: Recording, result: Result
) -> None:
    fees = sum((each.fee for each in result.fills), Decimal(0))
    traded = sum((each.cost for each in result.fills), Decimal(0))
    fall = float((1 - result.equity / np.maximum.accumulate(result.equity)).max())
    held = float(np.mean(result.exposure / result.equity))
    print(
        f"{strategy} {frame} {dict(given)}, {recording.name}: ends at {result.final_equity:.0f}, "
        f"fees {fees:.0f}, traded {traded:.0f}, {len(result.fills)} fills, "
        f"{len(result.trips)} round trips, {sum(each.profit > 0 for each in result.trips)} won, "
        f"deepest fall {fall:.1%}, held on average {held:.1%}",
        flush=True,
    )
