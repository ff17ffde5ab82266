"""Candles for the tests of their stores, and every shelf that they may lie on."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.bar_reader import BarReader
from kraken_pipeline.store.bar_rows import RowShelf
from kraken_pipeline.store.bar_shelves import ROWS, Part, Shelf

HOURLY = timeframe("1h")
MONTH = "2026-01-01"
START = datetime(2026, 1, 31, 20, tzinfo=UTC)
"""Four hours before a month ends."""
Opener = Callable[[Path], Shelf]
SHELVES: Final[Mapping[str, Opener]] = {
    "parquet": FolderShelf,
    "sqlite": RowShelf,
}


def bars(pair: str, hours: Sequence[int], *, close: str = "", frame: str = "1h") -> Candles:
    """Return candles that opened so many hours after `START`; the close tells which."""
    opened = tuple(int((START + timedelta(hours=each)).timestamp()) for each in hours)
    closes = tuple(close or f"{100 + each}.5" for each in hours)
    return Candles(
        pair=pair,
        timeframe=frame,
        opened_at=opened,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=tuple("1.25" for _ in hours),
        trades=tuple(3 for _ in hours),
    )


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def closes(store: BarReader, *pairs: str, until: float, count: int) -> list[list[float]]:
    read = store.read(HOURLY, pairs, closed_by=at(until), count=count)
    return [[float(each) for each in row] for row in read.close]


def parts_on(shelf: Shelf) -> list[Part]:
    """Return the parts of the hourly bars."""
    return [each for parts in shelf.listing(HOURLY).values() for each in parts]


def damage(root: Path, place: int) -> None:
    """Change a byte of one of the parts in a folder, oldest first."""
    files = sorted(root.rglob("part-*"))
    if files:
        told = files[place].read_bytes()
        files[place].write_bytes(told[:9] + bytes([told[9] ^ 1]) + told[10:])
        return
    link = sqlite3.connect(root / ROWS)
    with link:
        [(part, told)] = link.execute(
            "SELECT part, content FROM bar_pieces ORDER BY part LIMIT 1 OFFSET ?", (place,)
        )
        told = told[:9] + bytes([told[9] ^ 1]) + told[10:]
        link.execute("UPDATE bar_pieces SET content = ? WHERE part = ?", (told, part))
    link.close()
