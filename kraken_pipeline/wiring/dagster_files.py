"""Dagster's SQLite files, held open by a process that stays.

Dagster opens and closes its files for each event of a run. Whoever is the last to close one writes
its log back and has it synced, which takes longer than the event itself; while somebody stays,
nobody is the last. Commits are synced as before.

Source: sqlite.org/wal.html, 2.3; `ConsolidatedSqliteEventLogStorage` of dagster 1.13.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Final

FILES: Final = ("*.db", "*/*.db")
"""Below the instance's folder: events at its top, runs and schedules in folders of their own."""


@contextmanager
def held_open(home: Path) -> Iterator[None]:
    """Hold the files of an instance open for as long as the context lasts; nothing is locked.

    Args:
        home: the instance's folder; where it keeps nothing in SQLite there is nothing to hold.
    """
    with ExitStack() as opened:
        for file in sorted(each for pattern in FILES for each in home.glob(pattern)):
            with suppress(sqlite3.Error):  # it is a matter of speed alone
                _hold(file, opened)
        yield


def _hold(file: Path, opened: ExitStack) -> None:
    address = f"{file.resolve().as_uri()}?mode=ro"
    held = opened.enter_context(
        closing(sqlite3.connect(address, uri=True, check_same_thread=False))
    )
    held.execute("SELECT 1 FROM sqlite_master").fetchone()
