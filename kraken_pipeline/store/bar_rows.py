"""Parts of the bars as rows of one SQLite database, in a file of its own beside no other.

The same parts as in files, byte by byte, cut into pieces of one size so that a group of a large one
is read without the rest. What a turn writes is one transaction: after a crash all of it is there or
nothing. Each timeframe has the number of its last turn and the CRC-32 of the list of its parts, so
that a row which went missing is noticed.

DuckDB would be the other choice, and lets only one process at a time open a file that is written
to; here Dagster's runs, the stream and the commands all do.
"""

import io
import threading
import weakref
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.dialects.sqlite import insert as insert_or_update

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store import bar_parts
from kraken_pipeline.store.bar_parts import TornError
from kraken_pipeline.store.bar_pieces import PIECE, Pieces
from kraken_pipeline.store.bar_shelves import ROWS, GoneError, Listing, Part
from kraken_pipeline.store.database import Database

LAYOUT: Final = 1
"""Of these tables, as SQLite's `user_version`."""
metadata = MetaData()
turns = Table(
    "bar_turns",
    metadata,
    Column("timeframe", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("crc", Integer, nullable=False),
)
"""The number of a timeframe's last turn, and the CRC-32 of what its list of parts was then."""
parts = Table(
    "bar_parts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("timeframe", Text, nullable=False, index=True),
    Column("month", Text, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("crc", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    sqlite_autoincrement=True,
)
pieces = Table(
    "bar_pieces",
    metadata,
    Column("part", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


_LISTED: Final = (
    select(parts, turns.c.crc.label("listed"))
    .outerjoin(turns, turns.c.timeframe == parts.c.timeframe)
    .where(parts.c.timeframe == bindparam("timeframe"))
    .order_by(parts.c.month, parts.c.first)
)
_TURN: Final = select(turns.c.number, turns.c.crc).where(
    turns.c.timeframe == bindparam("timeframe")
)
_SIZE: Final = select(parts.c.size).where(parts.c.number == bindparam("part"))
_PIECE: Final = select(pieces.c.content).where(
    pieces.c.part == bindparam("part"), pieces.c.place == bindparam("place")
)


class RowShelf:
    """Parts in a database in one folder."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it need not be there yet."""
        self._path = root / ROWS
        self._database = Database(
            f"sqlite:///{self._path.as_posix()}",
            keeps="the bars",
            look="history verify",
        )
        self._is_made = False
        # SQLite lets a writer that waits sleep, up to a tenth of a second; threads need not
        self._guard = threading.Lock()
        self._unwritten: dict[int, bytes] = {}
        weakref.finalize(self, self._database.close)

    def state(self, frame: Timeframe) -> int | None:
        """Return the number of the last turn."""
        if not self._is_there():
            return 0
        with self._database.reading() as connection:
            return _turn_of(connection, frame)[0]

    def listing(self, frame: Timeframe) -> Listing:
        """Return the parts of a timeframe.

        Raises:
            ConfigurationError: a row of it is damaged or missing.
        """
        if not self._is_there():
            return {}
        with self._database.reading() as connection:
            # one statement, so that both are of one instant
            found = connection.execute(_LISTED, {"timeframe": frame.name}).all()
            listed = found[0].listed if found else _turn_of(connection, frame)[1]
        rows = [_part(each) for each in found]
        if _crc_of(rows) != listed:
            raise ConfigurationError(
                f"{self._path}: the list of the parts of {frame.name} is damaged. Put a copy of "
                "the file in its place, or move it away and bring the bars anew with "
                "`history fetch`"
            )
        return {month: tuple(some) for month, some in groupby(rows, key=lambda each: each.month)}

    @contextmanager
    def opened(self, part: Part) -> Iterator[Any]:
        """Open a part as pyarrow reads files.

        Raises:
            GoneError: it was merged away.
        """
        unwritten = self._unwritten.get(_number(part))
        if unwritten is not None:
            yield pa.BufferReader(unwritten)
            return
        with self._database.reading() as connection:
            size = connection.execute(_SIZE, {"part": part.place}).scalar()
            if size is None:
                raise GoneError(str(part.place))
            if size <= PIECE:
                yield pa.BufferReader(_piece(connection, part, 0))
                return
            yield pa.PythonFile(Pieces(size, lambda place: _piece(connection, part, place)), "r")

    @contextmanager
    def turn(self, frame: Timeframe) -> Iterator["_RowTurn"]:
        """Wait for the lock of the database; what is written counts from the end on.

        Raises:
            ConflictError: another process wrote for over half a minute.
            StorageError: it cannot be written; nothing was.
        """
        self._make()
        with self._guard, self._database.writing() as connection:
            turn = _RowTurn(self, frame, connection, self._unwritten)
            try:
                yield turn
                turn.end()
            finally:
                self._unwritten.clear()

    def torn(self, part: Part, why: str) -> ConfigurationError:
        """Return an error that names a part which cannot be read, and the remedy."""
        return ConfigurationError(
            f"{self._path}: part {part.place}, of {part.month}, cannot be read: {why}. "
            "`history repair` takes it out; its bars are missing then, and `history fetch` "
            "brings them back"
        )

    def close(self) -> None:
        """Close the database; using the shelf again opens it."""
        self._database.close()

    def _is_there(self) -> bool:
        """Tell whether there are tables.

        Raises:
            ConfigurationError: a newer version made them.
        """
        if not self._is_made and self._path.is_file():
            with self._database.reading() as connection:
                self._is_made = self._has_tables(connection)
        return self._is_made

    def _make(self) -> None:
        """Make the tables where there are none."""
        if not self._is_there():
            with self._database.writing() as connection:
                if not self._has_tables(connection):  # another process may have been faster
                    metadata.create_all(connection)
                    connection.exec_driver_sql(f"PRAGMA user_version={LAYOUT}")

    def _has_tables(self, connection: Connection) -> bool:
        layout = connection.exec_driver_sql("PRAGMA user_version").scalar()
        if layout not in (0, LAYOUT):
            raise ConfigurationError(
                f"{self._path} has layout {layout}, this version of kraken_pipeline knows "
                f"{LAYOUT}: install the version that wrote it, or a later one"
            )
        return bool(layout == LAYOUT)


class _RowTurn:
    """A writer's turn: one transaction."""

    def __init__(
        self,
        shelf: RowShelf,
        frame: Timeframe,
        connection: Connection,
        unwritten: dict[int, bytes],
    ) -> None:
        self._shelf = shelf
        self._frame = frame
        self._connection = connection
        self._unwritten = unwritten
        self._guard = threading.Lock()
        self._has_written = False
        self.before: int = _turn_of(connection, frame)[0]

    @property
    def after(self) -> int:
        """The number of the turn, or of the last one in which anything was written."""
        return self.before + self._has_written

    def listing(self) -> Listing:
        """Return the parts that there are; a writer that died left nothing."""
        return self._shelf.listing(self._frame)

    def put(
        self,
        month: str,
        table: Any,  # noqa: ANN401 - pyarrow ships no types
        *,
        span: tuple[int, int],
        replaced: Sequence[Part] = (),
    ) -> Part:
        """Write a part; it counts once the turn is over."""
        file = io.BytesIO()
        crc = bar_parts.write(file, table, timeframe=self._frame.name, month=month)
        content = file.getvalue()
        first, last = span
        row = {"timeframe": self._frame.name, "month": month, "first": first, "last": last}
        # the connection is one, and months may be written at once
        with self._guard:
            self._has_written = True
            self._drop(replaced)
            made = self._connection.execute(
                insert(parts).values(**row, crc=crc, size=len(content))
            ).inserted_primary_key
            number = int(made[0]) if made is not None else 0
            self._connection.execute(
                insert(pieces),
                [
                    {"part": number, "place": place, "content": content[start : start + PIECE]}
                    for place, start in enumerate(range(0, len(content), PIECE))
                ],
            )
            self._unwritten[number] = content
        return Part(month=month, first=first, last=last, place=number, crc=crc)

    def take_out(self, part: Part) -> None:
        """Drop a damaged part."""
        with self._guard:
            self._has_written = True
            self._drop([part])

    def end(self) -> None:
        """Say what there is now."""
        if self._has_written:
            told = {"number": self.after, "crc": self._crc()}
            made = insert_or_update(turns).values(timeframe=self._frame.name, **told)
            self._connection.execute(
                made.on_conflict_do_update(index_elements=["timeframe"], set_=told)
            )

    def _crc(self) -> int:
        found = self._connection.execute(_LISTED, {"timeframe": self._frame.name})
        return _crc_of([_part(each) for each in found])

    def _drop(self, replaced: Sequence[Part]) -> None:
        for each in replaced:
            number = _number(each)
            self._connection.execute(delete(pieces).where(pieces.c.part == number))
            self._connection.execute(delete(parts).where(parts.c.number == number))
            self._unwritten.pop(number, None)


def _piece(connection: Connection, part: Part, place: int) -> bytes:
    found: bytes | None = connection.execute(_PIECE, {"part": part.place, "place": place}).scalar()
    if found is not None:
        return found
    if connection.execute(_SIZE, {"part": part.place}).scalar() is None:
        raise GoneError(str(part.place))
    raise TornError(f"its piece {place} is missing")


def _part(row: Any) -> Part:  # noqa: ANN401 - a row's columns are known by the statement
    return Part(month=row.month, first=row.first, last=row.last, place=row.number, crc=row.crc)


def _turn_of(connection: Connection, frame: Timeframe) -> tuple[int, int]:
    """Return the number of a timeframe's last turn, and what its list of parts was then."""
    found = connection.execute(_TURN, {"timeframe": frame.name}).first()
    return (0, _crc_of(())) if found is None else (found.number, found.crc)


def _crc_of(found: Sequence[Part]) -> int:
    """Return what tells a list of parts, by month and number, from another one."""
    told = [(each.month, each.first, each.last, each.place, each.crc) for each in found]
    return zlib.crc32(repr(told).encode())


def _number(part: Part) -> int:
    return int(str(part.place))
