"""Backtests on disk: a folder for each, made beside and put in its place whole.

`run.json` says what was asked and what came; `run.db` holds the rows. Nothing here knows the
trading database.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from kraken_pipeline.domain.errors import ConfigurationError, StorageError, UnknownNameError

FOLDER: Final = "backtests"
CARD: Final = "run.json"
ROWS: Final = "run.db"
Cell = str | int | float | None
Told = tuple[str, Mapping[str, str], Iterable[tuple[Cell, ...]]]
"""A table: its name, its columns with their types, its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A backtest as it was kept."""

    folder: Path
    card: Mapping[str, Any]
    """What was asked and what came, as `run.json` has it."""

    @property
    def run_id(self) -> str:
        """Its name."""
        return self.folder.name

    def rows(self, table: str) -> list[dict[str, Cell]]:
        """Return the rows of a table, in the order in which they came.

        Raises:
            UnknownNameError: there is no such table.
            StorageError: the file is damaged.
        """
        address = f"{(self.folder / ROWS).absolute().as_uri()}?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True)) as connection:
                return _read(connection, table)
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{self.folder / ROWS} cannot be read: {error}") from error


class BacktestFolder:
    """The backtests of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        """Take the data folder; there need not be anything in it yet."""
        self._root = data_dir / FOLDER

    def keep(self, run_id: str, card: Mapping[str, Any], tables: Iterable[Told]) -> StoredRun:
        """Keep a run: all of it is there, or nothing.

        Args:
            run_id: its name.
            card: what was asked and what came.
            tables: name, columns with SQLite's types, and rows of each.

        Raises:
            StorageError: it cannot be written, or another one of that name is there.
        """
        place = self._root / run_id
        beside: Path | None = None
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            # of its own, as two processes may run the same at once
            beside = Path(mkdtemp(prefix=f".{run_id}-", dir=self._root))
            _write(beside / ROWS, tables)
            (beside / CARD).write_text(json.dumps(card, indent=1, sort_keys=True), encoding="utf-8")
            beside.rename(place)
        except (OSError, sqlite3.Error) as error:
            twin = self._twin(run_id, card)
            if twin is None:
                raise StorageError(f"the backtest {place} cannot be kept: {error}") from error
            return twin
        finally:
            if beside is not None:
                shutil.rmtree(beside, ignore_errors=True)
        return StoredRun(folder=place, card=card)

    def _twin(self, run_id: str, card: Mapping[str, Any]) -> StoredRun | None:
        """Return the run of a name if it came to the same: two were asked within one second."""
        try:
            found = self.run(run_id)
        except (UnknownNameError, ConfigurationError):
            return None
        return found if "hash" in card and found.card.get("hash") == card["hash"] else None

    def runs(self) -> Sequence[StoredRun]:
        """Return every run that is kept, by name: the oldest first.

        Raises:
            ConfigurationError: a folder among them is none of ours.
        """
        found = sorted(each.parent for each in self._root.glob(f"[!.]*/{CARD}"))
        return [self.run(each.name) for each in found]

    def run(self, run_id: str) -> StoredRun:
        """Return one run.

        Raises:
            UnknownNameError: there is none of that name.
            ConfigurationError: its card cannot be read.
        """
        folder = self._root / run_id
        if not (folder / CARD).is_file() or folder.parent != self._root:
            raise UnknownNameError(f"there is no backtest {run_id!r} in {self._root}")
        try:
            card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigurationError(f"{folder / CARD} is damaged: {error}") from error
        return StoredRun(folder=folder, card=card)

    def remove(self, run_id: str) -> None:
        """Delete a run.

        Raises:
            UnknownNameError: there is none of that name.
        """
        shutil.rmtree(self.run(run_id).folder)


def _write(path: Path, tables: Iterable[Told]) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        for name, columns, rows in tables:
            told = ", ".join(f"{each} {kind}" for each, kind in columns.items())
            connection.execute(f"CREATE TABLE {name} ({told})")
            places = ", ".join("?" * len(columns))
            # names and columns are our own, never a user's
            connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608


def _read(connection: sqlite3.Connection, table: str) -> list[dict[str, Cell]]:
    asked = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
    known = [name for [name] in connection.execute(asked)]
    if table not in known:
        raise UnknownNameError(f"a backtest has no table {table!r}; it has {', '.join(known)}")
    # it is one of the names that the file itself told
    found = connection.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608
    names = [each[0] for each in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
