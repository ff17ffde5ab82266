"""Ways to keep candles: ours, and each by hand as its library offers it. All are durable."""

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.candle_market import NAMES
from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store.bar_amounts import EXACT, floats
from kraken_pipeline.store.bar_kinds import open_shelf
from kraken_pipeline.store.bar_tables import table_of
from kraken_pipeline.store.bars import ShelvedBars

AMOUNTS = ("open", "high", "low", "close", "volume")
UNITS = 10**12
"""Whole numbers of twelve decimals do not fit 64 bits in general; of the made-up market they do."""
Read = tuple[Sequence[str], list[NDArray[np.float64]]]
"""Pairs, and a matrix of time by pair for each amount."""


class Way(Protocol):
    """A way to keep candles."""

    def append(self, told: Mapping[Timeframe, Sequence[Candles]]) -> None: ...

    def last(self, frame: Timeframe, count: int) -> Read: ...

    def close(self) -> None: ...


class Ours:
    kind = "parquet"

    def __init__(self, folder: Path) -> None:
        self._store = ShelvedBars(open_shelf(folder, self.kind))

    def append(self, told: Mapping[Timeframe, Sequence[Candles]]) -> None:
        self._store.append_all(told)

    def last(self, frame: Timeframe, count: int) -> Read:
        end = max(self._store.newest(frame).values()) + frame.length
        bars = self._store.read(frame, NAMES, closed_by=end, count=count)
        return bars.pairs, [getattr(bars, name) for name in AMOUNTS]

    def close(self) -> None: ...


class OursInSqlite(Ours):
    kind = "sqlite"


class ByHand(ABC):
    """A timeframe after the other."""

    @abstractmethod
    def append_one(self, frame: Timeframe, pages: Sequence[Candles]) -> None: ...

    def append(self, told: Mapping[Timeframe, Sequence[Candles]]) -> None:
        for frame, pages in told.items():
            self.append_one(frame, pages)


class Arrow(ByHand):
    """Parquet parts in our schema: a file an append, written and fsynced, nothing else."""

    kind: Any = EXACT

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append_one(self, frame: Timeframe, pages: Sequence[Candles]) -> None:
        folder = self._folder / frame.name
        folder.mkdir(exist_ok=True)
        with (folder / f"{len(list(folder.iterdir())):06}.parquet").open("wb") as file:
            pq.write_table(self._typed(table_of(frame, pages)), file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())

    def last(self, frame: Timeframe, count: int) -> Read:
        paths = sorted((self._folder / frame.name).iterdir())
        newest = pq.ParquetFile(paths[-1]).metadata.row_group(0).column(1).statistics.max
        first = newest - (count - 1) * frame.seconds
        tables = [
            pq.read_table(
                path,
                columns=["pair", "opened_at", *AMOUNTS],
                filters=[("opened_at", ">=", first)],
                partitioning=None,
            )
            for path in paths
        ]
        return _matrices(pa.concat_tables(tables), first, count, frame)

    def close(self) -> None: ...

    def _typed(self, table: Any) -> Any:  # noqa: ANN401 - pyarrow is untyped
        if self.kind == EXACT:
            return table
        for place, name in enumerate(table.column_names):
            if name in AMOUNTS:
                amounts = pa.array(floats(table.column(name).combine_chunks()))
                table = table.set_column(place, name, amounts)
        return table


class ArrowFloats(Arrow):
    """The same with amounts as floats, which are not exact."""

    kind = pa.float64()


class Duck(ByHand):
    """One table in a file; exact decimals; a primary key would slow it and is left out."""

    def __init__(self, folder: Path) -> None:
        self._link = duckdb.connect(str(folder / "candles.duckdb"))
        amounts = ", ".join(f"{name} DECIMAL(38,12)" for name in AMOUNTS)
        self._link.execute(
            "CREATE TABLE IF NOT EXISTS candles "
            f"(frame VARCHAR, pair VARCHAR, opened_at BIGINT, {amounts}, trades BIGINT)"
        )

    def append_one(self, frame: Timeframe, pages: Sequence[Candles]) -> None:
        told = table_of(frame, pages)  # noqa: F841 - DuckDB finds it by its name
        self._link.execute(f"INSERT INTO candles SELECT '{frame.name}', * FROM told")  # noqa: S608 - a name of ours

    def last(self, frame: Timeframe, count: int) -> Read:
        newest = self._link.execute(
            "SELECT max(opened_at) FROM candles WHERE frame = ?", [frame.name]
        ).fetchall()[0][0]
        first = newest - (count - 1) * frame.seconds
        amounts = ", ".join(f"{name}::DOUBLE AS {name}" for name in AMOUNTS)
        found = self._link.execute(
            f"SELECT pair, opened_at, {amounts} FROM candles WHERE frame = ? AND opened_at >= ?",  # noqa: S608 - names of ours
            [frame.name, first],
        ).fetchnumpy()
        places = {name: place for place, name in enumerate(NAMES)}
        codes = np.array([places[each] for each in found["pair"]], dtype=np.int64)
        rows = (found["opened_at"] - first) // frame.seconds
        return NAMES, [_matrix(rows, codes, found[name], count) for name in AMOUNTS]

    def close(self) -> None:
        self._link.close()


class SqliteRows(ByHand):
    """A row a candle, amounts as whole numbers of twelve decimals."""

    def __init__(self, folder: Path) -> None:
        self._link = sqlite3.connect(folder / "candles.db")
        self._link.execute("PRAGMA journal_mode=WAL")
        self._link.execute("PRAGMA synchronous=FULL")
        self._link.execute(
            "CREATE TABLE IF NOT EXISTS candles (frame TEXT, opened_at INTEGER, pair TEXT, "
            "open INTEGER, high INTEGER, low INTEGER, close INTEGER, volume INTEGER, "
            "trades INTEGER, PRIMARY KEY (frame, opened_at, pair)) WITHOUT ROWID"
        )

    def append_one(self, frame: Timeframe, pages: Sequence[Candles]) -> None:
        rows = [
            (frame.name, at, page.pair, *(_units(each) for each in amounts), trades)
            for page in pages
            for at, *amounts, trades in zip(
                page.opened_at,
                *(getattr(page, name) for name in AMOUNTS),
                page.trades,
                strict=True,
            )
        ]
        with self._link:
            self._link.executemany("INSERT INTO candles VALUES (?,?,?,?,?,?,?,?,?)", rows)

    def last(self, frame: Timeframe, count: int) -> Read:
        newest = self._link.execute(
            "SELECT max(opened_at) FROM candles WHERE frame = ?", [frame.name]
        ).fetchone()[0]
        first = newest - (count - 1) * frame.seconds
        found = self._link.execute(
            "SELECT pair, opened_at, open, high, low, close, volume FROM candles "
            "WHERE frame = ? AND opened_at >= ?",
            [frame.name, first],
        ).fetchall()
        pairs, opened, *amounts = zip(*found, strict=True)
        places = {name: place for place, name in enumerate(NAMES)}
        codes = np.array([places[each] for each in pairs], dtype=np.int64)
        rows = (np.array(opened, dtype=np.int64) - first) // frame.seconds
        columns = [np.array(each, dtype=np.float64) / UNITS for each in amounts]
        return NAMES, [_matrix(rows, codes, each, count) for each in columns]

    def close(self) -> None:
        self._link.close()


class SqliteBlocks(ByHand):
    """A row for each append: all pairs' amounts as a block of whole numbers, pairs by place."""

    def __init__(self, folder: Path) -> None:
        self._link = sqlite3.connect(folder / "candles.db")
        self._link.execute("PRAGMA journal_mode=WAL")
        self._link.execute("PRAGMA synchronous=FULL")
        self._link.execute(
            "CREATE TABLE IF NOT EXISTS blocks (frame TEXT, first INTEGER, last INTEGER, "
            "block BLOB, PRIMARY KEY (frame, first))"
        )

    def append_one(self, frame: Timeframe, pages: Sequence[Candles]) -> None:
        first, last = pages[0].opened_at[0], pages[0].opened_at[-1]
        columns = (tuple(_units(at) for at in getattr(p, n)) for n in AMOUNTS for p in pages)
        block = np.array(list(columns), dtype=np.int64)
        with self._link:
            self._link.execute(
                "INSERT INTO blocks VALUES (?,?,?,?)", (frame.name, first, last, block.tobytes())
            )

    def last(self, frame: Timeframe, count: int) -> Read:
        newest = self._link.execute(
            "SELECT max(last) FROM blocks WHERE frame = ?", [frame.name]
        ).fetchone()[0]
        first = newest - (count - 1) * frame.seconds
        found = self._link.execute(
            "SELECT block FROM blocks WHERE frame = ? AND last >= ? ORDER BY first",
            [frame.name, first],
        ).fetchall()
        shape = len(AMOUNTS), len(NAMES), -1
        blocks = [np.frombuffer(each, dtype=np.int64).reshape(shape) for (each,) in found]
        whole = np.concatenate(blocks, axis=2)[:, :, -count:]
        return NAMES, [(whole[place] / UNITS).T for place in range(len(AMOUNTS))]

    def close(self) -> None:
        self._link.close()


def _units(text: str) -> int:
    return int(Decimal(text) * UNITS)


def _matrices(table: Any, first: int, count: int, frame: Timeframe) -> Read:  # noqa: ANN401 - pyarrow is untyped
    table = table.unify_dictionaries().combine_chunks()
    pairs = table.column("pair").combine_chunks()
    names = pairs.dictionary.to_pylist()
    codes = pairs.indices.to_numpy()
    rows = (table.column("opened_at").to_numpy() - first) // frame.seconds
    columns = [pc.cast(table.column(name), pa.float64()).to_numpy() for name in AMOUNTS]
    return names, [_matrix(rows, codes, each, count) for each in columns]


def _matrix(
    rows: NDArray[Any], codes: NDArray[Any], values: NDArray[Any], count: int
) -> NDArray[np.float64]:
    matrix = np.full((count, len(NAMES)), np.nan)
    matrix[rows, codes] = values
    return matrix


WAYS: Mapping[str, Callable[[Path], Way]] = {
    "ours, parquet": Ours,
    "ours, sqlite": OursInSqlite,
    "pyarrow": Arrow,
    "pyarrow, floats": ArrowFloats,
    "duckdb": Duck,
    "sqlite, rows": SqliteRows,
    "sqlite, blocks": SqliteBlocks,
}
