"""The candle store's hot paths and memory with 50 million candles in it.

`python -m benchmarks candles-large`. 70 days of minutes of 500 pairs, a day at a time; then, each
in a process of its own, the last 200 candles of all pairs, one more candle of all pairs, every byte
verified, and all parts merged. Beside ours, in files and in SQLite: parts of the same rows that
pyarrow alone wrote. Memory is that of the process, and what is more than with modules loaded only.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.candle_market import BEGIN, NAMES
from kraken_pipeline.domain.bars import ArchiveFile
from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.store.arrow import integers, texts
from kraken_pipeline.store.bar_csv import Sheet
from kraken_pipeline.store.bar_parts import SCHEMA

MINUTE = TIMEFRAMES["1m"]
DAYS = 70
STEPS = 24 * 60
WAYS = ("pyarrow", "ours, parquet", "ours, sqlite")
ACTS = ("fill", "read", "append", "verify", "compact")
OF_PYARROW = ACTS[:3]
_CHILD = "import sys; from benchmarks.candles_large_child import act; act(*sys.argv[1:])"


def run() -> None:
    """Print what each act takes, and the memory."""
    print(f"{len(NAMES)} pairs, {DAYS * STEPS * len(NAMES):,} candles of {MINUTE.name}")
    base: dict[str, float] = {}
    for way in WAYS:
        with tempfile.TemporaryDirectory() as told:
            root = Path(told)
            for name in OF_PYARROW if way == WAYS[0] else ACTS:
                found = _told(way, name, root)
                seconds = found["seconds"]
                ratio = seconds / base.setdefault(name, seconds)
                share = f"({ratio:5.2f})" if name in OF_PYARROW else ""
                print(
                    f"  {way:<14} {name:<8} {seconds:9.4f} s {share:<8}"
                    f"peak {found['peak']:6.0f} MB, {found['more']:6.0f} more than idle"
                )
            size = sum(each.stat().st_size for each in root.rglob("*") if each.is_file())
            print(f"  {way:<14} on disk  {size / 2**20:9.0f} MB")
    print("  in brackets: as a share of what pyarrow alone takes")


def day(number: int) -> Any:  # noqa: ANN401 - pyarrow ships no types
    """Return a day's candles of all pairs as rows of our schema, by time and pair."""
    size = len(NAMES)
    opened = np.repeat(BEGIN + 60 * (number * STEPS + np.arange(STEPS, dtype=np.int64)), size)
    codes = np.tile(np.arange(size, dtype=np.int32), STEPS)
    units = 1_000_000 + codes * np.int64(7919) + (opened * np.int64(7)) % 9973
    cents = np.uint64(10**10)
    amounts = [(units + more).astype(np.uint64) * cents for more in (0, 75, -75, 31)]
    amounts.append((units * 8191).astype(np.uint64) * np.uint64(10**4))
    columns = [
        pa.DictionaryArray.from_arrays(integers(codes), texts(sorted(NAMES))),
        integers(opened),
        *(_exact(each) for each in amounts),
        integers(units % 500),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def sheet(table: Any) -> Sheet:  # noqa: ANN401 - as above
    """Return rows as if a file told them."""
    file = ArchiveFile(name="made", pair="*", frame=MINUTE, source=Source.ARCHIVE, size=0)
    return Sheet(file=file, table=table, first=0, until=0, notes=())


def _exact(low: NDArray[np.uint64]) -> Any:  # noqa: ANN401 - as above
    words = np.stack((low, np.zeros_like(low)), axis=1)
    kind = SCHEMA.field("open").type
    return pa.Array.from_buffers(kind, len(low), [None, pa.py_buffer(np.ascontiguousarray(words))])


def _told(way: str, name: str, root: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, way, name, str(root)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
