"""What was read stays known until the journal grows, whoever lets it grow."""

from sqlalchemy import Connection

from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.remembered import Remembered
from kraken_pipeline_tests.store.builders import NOW


class _Asked:
    """A query that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, connection: Connection) -> int:
        self.times += 1
        return self.times


def _grow(database: Database) -> None:
    entry = journal.Entry(at=NOW, kind="test", subject="it", actor="a", payload={})
    with database.writing() as connection:
        journal.write(connection, entry)


def test_it_is_read_once_while_the_journal_stays_as_it_is(database: Database) -> None:
    asked = _Asked()
    kept = Remembered(asked)
    _grow(database)

    with database.reading() as connection:
        assert [kept.read(connection), kept.read(connection)] == [1, 1]


def test_it_is_read_anew_once_the_journal_has_grown(database: Database) -> None:
    kept = Remembered(_Asked())
    with database.reading() as connection:
        assert kept.read(connection) == 1

    _grow(database)

    with database.reading() as connection:
        assert kept.read(connection) == 2


def test_what_comes_while_it_is_read_is_read_once_more(database: Database) -> None:
    def ask_while_it_grows(connection: Connection) -> int:
        if not told:
            _grow(database)
        told.append(len(told))
        return len(told)

    told: list[int] = []
    kept = Remembered(ask_while_it_grows)

    with database.reading() as connection:
        first, second = kept.read(connection), kept.read(connection)

    assert (first, second) == (1, 2)
