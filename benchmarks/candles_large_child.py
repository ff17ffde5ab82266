"""One act on a large store, in a process of its own, and the memory that it takes."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from benchmarks.candle_market import NAMES, made
from benchmarks.candle_ways import Arrow
from benchmarks.candles_large import DAYS, MINUTE, STEPS, day, sheet
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_kinds import open_shelf
from kraken_pipeline.store.bar_shelves import Shelf

KINDS = {"ours, parquet": "parquet", "ours, sqlite": "sqlite"}
LAST = DAYS * STEPS


def act(way: str, name: str, folder: str) -> None:
    """Do it, and print seconds and megabytes as JSON."""
    made(MINUTE, LAST, LAST + 1)  # it is not made anew while time is measured
    idle = psutil.Process().memory_info().rss
    root = Path(folder)
    began = time.perf_counter()
    if way in KINDS:
        _OURS[name](open_shelf(root, KINDS[way]))
    else:
        _BY_HAND[name](root)
    seconds = time.perf_counter() - began
    peak = _peak()
    told = {"seconds": seconds, "peak": peak / 2**20, "more": (peak - idle) / 2**20}
    print(json.dumps(told))


def _peak() -> int:
    """Return the most memory that this process had; `getrusage` would tell its parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def _fill(shelf: Shelf) -> None:
    store = HistoryBarStore(shelf)
    for number in range(DAYS):
        store.admit(MINUTE, [sheet(day(number))])


def _read(shelf: Shelf) -> None:
    store = HistoryBarStore(shelf)
    end = max(store.newest(MINUTE).values()) + MINUTE.length
    _require(store.read(MINUTE, NAMES, closed_by=end, count=200).close.size)


def _append(shelf: Shelf) -> None:
    added = HistoryBarStore(shelf).append(MINUTE, made(MINUTE, LAST, LAST + 1))
    _require(200 * added)


def _verify(shelf: Shelf) -> None:
    found = KeptBarStore(shelf).verify(MINUTE)
    if found.damages or found.rows != (LAST + 1) * len(NAMES):
        raise SystemExit("not all of it is whole")


def _compact(shelf: Shelf) -> None:
    KeptBarStore(shelf).compact(MINUTE)


def _fill_by_hand(root: Path) -> None:
    folder = root / MINUTE.name
    folder.mkdir()
    for number in range(DAYS):
        with (folder / f"{number:06}.parquet").open("wb") as file:
            pq.write_table(day(number), file, compression="zstd")
            os.fsync(file.fileno())


def _read_by_hand(root: Path) -> None:
    _require(Arrow(root).last(MINUTE, 200)[1][3].size)


def _append_by_hand(root: Path) -> None:
    Arrow(root).append_one(MINUTE, made(MINUTE, LAST, LAST + 1))


def _require(cells: int) -> None:
    if cells != 200 * len(NAMES):
        raise SystemExit("not all of it was read or added")


_OURS: Mapping[str, Callable[[Shelf], None]] = {
    "fill": _fill,
    "read": _read,
    "append": _append,
    "verify": _verify,
    "compact": _compact,
}
_BY_HAND: Mapping[str, Callable[[Path], None]] = {
    "fill": _fill_by_hand,
    "read": _read_by_hand,
    "append": _append_by_hand,
}
