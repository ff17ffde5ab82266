"""Dagster's files are held open, so that no event of a run is the last to close them."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from kraken_pipeline.wiring.dagster_files import held_open


def write(file: Path) -> None:
    """Note an event as Dagster does: open, commit, close."""
    with contextlib.closing(sqlite3.connect(file)) as events:
        events.execute("PRAGMA journal_mode=WAL")
        events.execute("CREATE TABLE IF NOT EXISTS events (said TEXT)")
        events.execute("INSERT INTO events VALUES ('something')")
        events.commit()


@pytest.mark.parametrize("name", ["event_log.db", "history/runs.db"])
def test_while_files_are_held_their_log_is_not_written_back_after_each_event(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    log = file.with_name(f"{file.name}-wal")
    write(file)
    before = log.exists()
    with held_open(tmp_path):
        write(file)
        meanwhile = log.exists()
    write(file)

    assert (before, meanwhile, log.exists()) == (False, True, False)


def test_what_is_no_database_is_let_be(tmp_path: Path) -> None:
    (tmp_path / "event_log.db").write_text("this is no database, but it is long enough to be one")
    with held_open(tmp_path):
        write(tmp_path / "other.db")

    assert (tmp_path / "other.db").exists()
