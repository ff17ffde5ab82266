"""A whole day lived through Dagster's schedule and sensor, and the same day as a backtest.

`python -m benchmarks life_and_backtest [--recorded FOLDER] [--day 2024-10-10] [--frames 15m,1h,4h]`

Each close of the day is what the schedule asks for and the sensor follows, against the simulator;
then the day is run again as a backtest, against a simulator that stands where life began. Every
decision that wished for something, every intent, verdict with its figures, and order with its
fills are laid beside each other. Without recorded candles it is a day of the made-up market. What
may differ by rule is named in `docs/backtest.md`.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.life_and_backtest import (
    Told,
    both,
    closes_from,
    configuration,
    differences,
    recorded_market,
)
from kraken_pipeline_tests.paper_market import FEW_PAIRS, stock

PAIRS = ("ETHUSD", "SOLUSD", "XRPUSD", "XDGUSD")
"""Recorded every five minutes of the second half of 2024."""
DAY = "2024-10-10"
MADE_UP_DAY = "2024-03-05"
FRAMES = "15m,1h,4h"
MOST_SHOWN = 20


def main(arguments: Sequence[str]) -> int:
    """Live and repeat the day, print what was compared, and return 1 if anything differs."""
    asked = _asked(arguments)
    frames = asked.frames.split(",")
    midnight = datetime.fromisoformat(asked.day).replace(tzinfo=UTC)
    shortest = min(frames, key=lambda each: TIMEFRAMES[each].seconds)
    length = TIMEFRAMES[shortest].length
    closes = closes_from(midnight + length, timedelta(days=1) // length, shortest)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        told = _stocked(root / "stocked", asked.recorded, midnight, frames)
        began = time.monotonic()
        lived, repeated = both(root / "stocked", root, closes, **told)
        seconds = time.monotonic() - began
    source = "made up" if asked.recorded is None else "recorded"
    print(f"{len(closes)} closes of {asked.day}, {source}: {asked.frames}; {seconds:.0f} s in all")
    for name, of in (("lived", lived), ("repeated", repeated)):
        print(f"  {name:<9}{_counted(of)}")
    found = differences(lived, repeated)
    print(f"  {len(found)} differences")
    for each in found[:MOST_SHOWN]:
        print(f"    {each}")
    return 1 if found else 0


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks life_and_backtest")
    parser.add_argument("--recorded", type=Path, default=None, help="a folder of recorded candles")
    parser.add_argument("--day", default=None, help="such as 2024-10-10, UTC")
    parser.add_argument("--frames", default=FRAMES, help="timeframes that are decided")
    asked = parser.parse_args(arguments)
    asked.day = asked.day or (MADE_UP_DAY if asked.recorded is None else DAY)
    return asked


def _stocked(
    root: Path, recorded: Path | None, midnight: datetime, frames: Sequence[str]
) -> dict[str, Any]:
    """Fill a folder with what was known as the day began, and return what the simulator is told."""
    at = midnight + timedelta(seconds=10)
    if recorded is not None:
        return recorded_market(root, recorded, at, PAIRS, frames)
    stock(root, at=at)
    (root / "config" / "config.yaml").write_text(FEW_PAIRS + configuration(*frames))
    return {"at": at}


def _counted(of: Told) -> str:
    verdicts = Counter(str(each["verdict"]) for each in of.verdicts)
    codes = Counter(
        said.split(":")[0]
        for each in of.verdicts
        for said in str(each["objections"] or "").split("; ")
        if said
    )
    sides = Counter(f"{each['side']} {each['status']}" for each in of.orders)
    parts = [
        f"{len(of.wished)} decisions with a wish",
        f"{len(of.intents)} intents",
        f"verdicts {_listed(verdicts)} ({_listed(codes)})",
        f"orders {_listed(sides)}",
        f"halts {_listed(Counter(str(each['kind']) for each in of.halts))}",
    ]
    return ", ".join(parts)


def _listed(counts: Counter[str]) -> str:
    return " ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
