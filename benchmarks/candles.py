"""The candle store's two hot paths beside what is nearest by hand, in the same run.

`python -m benchmarks candles`. 500 pairs on six timeframes, 720 candles of each, in one large part
and a few small ones; then (a) the last 200 candles of all pairs on one timeframe as matrices of
floats, with everything open and in a new process, and (b) one more candle of all pairs on all
timeframes, made durable. Every way must give the same matrices. Beside ours: Parquet parts in the
same layout by pyarrow alone, DuckDB, and SQLite with a row a candle and with a block of them.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.candle_market import FRAMES, KEPT, PAIRS, READ_FRAME, made
from benchmarks.candle_ways import WAYS, Way

SMALL_PARTS = 5
"""Candles of each pair that were appended one by one before the measurement."""
ROUNDS = 15
COLD_ROUNDS = 5
_CHILD = """
import sys, time
began = time.perf_counter()
from pathlib import Path
from benchmarks.candle_ways import WAYS
from benchmarks.candle_market import READ_FRAME
loaded = time.perf_counter()
way = WAYS[sys.argv[1]](Path(sys.argv[2]))
way.last(READ_FRAME, 200)
done = time.perf_counter()
print(loaded - began, done - loaded)
"""


def run() -> None:
    """Print what each way takes, and how often the time of pyarrow alone that is."""
    with tempfile.TemporaryDirectory() as told:
        root = Path(told)
        appended = KEPT + SMALL_PARTS + ROUNDS
        print(f"{PAIRS} pairs, {len(FRAMES)} timeframes, {KEPT} candles of each")
        rows = {name: _measured(name, root / name, appended) for name in WAYS}
    base = rows["pyarrow"]
    for name, figures in rows.items():
        told = (
            f"{what} {1000 * figure:7.1f} ms ({figure / base[what]:5.2f})"
            for what, figure in figures.items()
        )
        print(f"  {name:<20}" + "; ".join(told))
    print("  in brackets: as a share of what pyarrow alone takes")


def _measured(name: str, folder: Path, appended: int) -> dict[str, float]:
    folder.mkdir()
    way = WAYS[name](folder)
    for frame in FRAMES:
        way.append({frame: made(frame, 0, KEPT)})
    for step in range(KEPT, KEPT + SMALL_PARTS):
        _append_all(way, step)
    for frame in FRAMES:
        for step in range(KEPT + SMALL_PARTS, appended):
            made(frame, step, step + 1)  # they are not made anew while time is measured
    steps = iter(range(KEPT + SMALL_PARTS, appended))
    writes = sorted(_times(lambda: _append_all(way, next(steps)), ROUNDS))
    _require_right(way, appended)
    warm = _times(lambda: way.last(READ_FRAME, 200), ROUNDS)
    way.close()

    def reopened() -> None:
        other = WAYS[name](folder)
        other.last(READ_FRAME, 200)
        other.close()

    return {
        "read open": statistics.median(warm),
        "opened": statistics.median(_times(reopened, ROUNDS)),
        "new process": statistics.median(_cold(name, folder)),
        "append": statistics.median(writes),
        "worst append": writes[-1],
    }


def _append_all(way: Way, step: int) -> None:
    way.append({frame: made(frame, step, step + 1) for frame in FRAMES})


def _times(act: Callable[[], object], rounds: int) -> list[float]:
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    return seconds


def _cold(name: str, folder: Path) -> Iterator[float]:
    """Yield what the first read of a new process takes, modules loaded."""
    for _ in range(COLD_ROUNDS):
        found = subprocess.run(
            [sys.executable, "-c", _CHILD, name, str(folder)],
            check=True,
            capture_output=True,
            text=True,
        )
        yield float(found.stdout.split()[1])


def _require_right(way: Way, until: int) -> None:
    """Stop where a way does not give the last candles as they were told."""
    found = way.last(READ_FRAME, 200)
    for page in made(READ_FRAME, until - 200, until):
        column = found[0].index(page.pair)
        for matrix, name in zip(found[1], ("open", "high", "low", "close", "volume"), strict=True):
            told = np.array([float(each) for each in getattr(page, name)])
            if not np.allclose(matrix[:, column], told, rtol=1e-15, atol=0):
                raise SystemExit(f"{type(way).__name__} lies about {page.pair}'s {name}")
