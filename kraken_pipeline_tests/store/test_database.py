from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, event, insert, select

from kraken_pipeline.domain.errors import ConfigurationError, ConflictError, StorageError
from kraken_pipeline.store import database as database_module
from kraken_pipeline.store.database import Database, connect, read_only
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.schema.shared import meta


def _put(connection: Connection, key: str) -> None:
    connection.execute(insert(meta).values(key=key, value="x"))


def _keys(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(meta.c.key).order_by(meta.c.key)).scalars())


def _fail_after_writing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.writing() as connection:
            _put(connection, "lost")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_fail()


def test_an_interrupt_in_a_statement_stays_one_and_nothing_is_kept(database: Database) -> None:
    def interrupt(connection: Connection, cursor: object, statement: str, *more: object) -> None:
        if "interrupted" in statement:
            raise KeyboardInterrupt

    def write_and_ask() -> None:
        with database.writing() as connection:
            _put(connection, "lost")
            connection.exec_driver_sql("SELECT 'interrupted'")

    event.listen(database._engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_and_ask()

    assert _keys(database) == []
    with database.writing() as connection:
        _put(connection, "kept")
    assert _keys(database) == ["kept"]


def test_what_was_committed_is_seen_by_another_process(database: Database, url: str) -> None:
    with database.writing() as connection:
        _put(connection, "a")
    other = connect(url)

    assert _keys(other) == ["a"]
    other.close()


def test_an_exception_undoes_the_whole_transaction(database: Database) -> None:
    _fail_after_writing(database)

    assert _keys(database) == []


def test_the_database_can_be_written_after_an_undone_transaction(database: Database) -> None:
    _fail_after_writing(database)
    with database.writing() as connection:
        _put(connection, "a")

    assert _keys(database) == ["a"]


def test_what_is_not_committed_yet_is_not_seen_by_others(database: Database, url: str) -> None:
    other = connect(url)
    with database.writing() as connection:
        _put(connection, "a")
        seen = _keys(other)
    other.close()

    assert seen == []


def test_a_second_writer_waits_and_then_gives_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 1)
    first, second = connect(url), connect(url)
    with (
        first.writing(),
        pytest.raises(ConflictError, match="another process wrote"),
        second.writing(),
    ):
        pass
    with second.writing() as connection:
        _put(connection, "after")

    assert _keys(first) == ["after"]
    first.close()
    second.close()


def test_writing_within_writing_is_refused(database: Database) -> None:
    with (
        database.writing(),
        pytest.raises(RuntimeError, match="writing already"),
        database.writing(),
    ):
        pass

    assert _keys(database) == []


def test_each_thread_has_a_connection_of_its_own(database: Database) -> None:
    def write(key: str) -> None:
        with database.writing() as connection:
            _put(connection, key)

    threads = [Thread(target=write, args=(f"k{number}",)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert _keys(database) == ["k0", "k1", "k2", "k3"]


def test_a_connection_that_was_cut_is_opened_again(database: Database) -> None:
    with database.reading() as connection:
        connection.invalidate()

    assert _keys(database) == []


def test_a_server_that_lets_go_of_us_is_no_error_of_ours_and_is_asked_again(
    postgres_tables: str,
) -> None:
    database, other = connect(postgres_tables), connect(postgres_tables)

    def cut() -> None:
        with database.reading() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with other.reading() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

    def write() -> None:
        with database.writing():
            pass

    for ask in (database.schema_version, write):
        cut()
        with pytest.raises(StorageError, match="let go of us"):
            ask()
        ask()
    database.close()
    other.close()


def test_sqlite_syncs_every_commit_and_keeps_foreign_keys(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'store.db'}")
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with database.reading() as connection:
        told = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}
    database.close()

    full = 2
    assert told == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("no url", "cannot be read"),
        ("mysql://host/name", "'mysql'"),
        ("sqlite://", "must be a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_the_remedy(wrong: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Database(wrong)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    database = Database("postgresql://me:geheim@localhost:1/none")

    with pytest.raises(ConfigurationError, match=r"localhost:1/none") as caught:
        database.schema_version()
    assert "geheim" not in str(caught.value)
    database.close()


def test_what_is_read_steadily_is_of_one_instant_and_keeps_no_writer_waiting(
    database: Database, url: str
) -> None:
    other = connect(url)
    counted = "SELECT count(*) FROM meta"
    with database.steady() as connection:
        before = connection.exec_driver_sql(counted).scalar()
        with other.writing() as writer:
            writer.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        during = connection.exec_driver_sql(counted).scalar()
    other.close()

    with database.reading() as connection:
        after = connection.exec_driver_sql(counted).scalar()
    assert (before, during, after) == (0, 0, 1)


def test_what_is_opened_to_be_read_cannot_be_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    migrate(url)
    database = read_only(url)

    def write() -> None:
        with database.writing() as connection:
            _put(connection, "never")

    with pytest.raises(StorageError, match="readonly"):
        write()
    assert "never" not in _keys(database)
    database.close()


def test_what_is_only_read_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "books.db"

    with pytest.raises(ConfigurationError, match="cannot be opened"):
        read_only(f"sqlite:///{path}")

    assert not path.exists()
