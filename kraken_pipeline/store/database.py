"""The database: one writer at a time, durable before anyone is told so.

SQLite (WAL, full synchronisation) for one machine, or PostgreSQL. A transaction that writes holds
the one write lock from its first statement on, so that what it reads cannot change under it.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from kraken_pipeline.domain.errors import ConfigurationError, ConflictError, StorageError
from kraken_pipeline.store.prepared import tell

BUSY_SECONDS: Final = 30
"""How long a writer waits for another before it gives up."""
RETRY_SECONDS: Final = 0.01
WRITE_LOCK: Final = 0x6B72616B656E
"""PostgreSQL's advisory lock that every writer of ours takes; the number means nothing."""
SCHEMA_VERSION: Final = "0018"
"""Of the tables that this code reads and writes; versions sort as text."""
DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
}
"""Scheme of a URL to the driver that is used for it."""
SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""PostgreSQL's way to read everything as it was at one instant; SQLite needs no other word."""
SQLITE_FAILS: Final = frozenset(
    {
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
    }
)
"""Codes of SQLite after which nothing can be written any more."""
NO_TEXT: Final = "Could not decode to UTF-8"
"""What Python's driver says of a text that is damaged; SQLite itself did not look at it."""
POSTGRES_FAILS: Final = frozenset({"53100", "58030", "XX001", "XX002", "25006"})
"""The same of PostgreSQL: disk full, I/O error, damaged data, damaged index, read only.

Source: PostgreSQL's appendix of error codes.
"""


class Database:
    """One database, with a connection held open for each thread that uses it."""

    def __init__(
        self,
        url: str,
        *,
        keeps: str = "the books",
        look: str = "audit verify",
        may_write: bool = True,
    ) -> None:
        """Prepare; nothing is opened before it is used.

        Args:
            url: `sqlite:////folder/file.db` or `postgresql://user@host/name`.
            keeps: what is in it, for an error that says that it cannot be kept.
            look: the command that looks through it.
            may_write: whether anything may be written; if not, the database itself refuses it.

        Raises:
            ConfigurationError: no URL of a database that can be used here.
        """
        self._url = _usable(url)
        self._keeps, self._look = keeps, look
        self._engine = _engine(self._url) if may_write else _readers(self._url)
        self._mine = threading.local()
        self._opened: list[Connection] = []
        self._guard = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with; within `writing` it is the one that writes.

        Raises:
            StorageError: the database is damaged, its disk fails, or its server is gone.
        """
        try:
            yield self._connection()
        except DatabaseError as error:
            self._raise_if_storage_fails(error)
            raise

    @contextmanager
    def steady(self) -> Iterator[Connection]:
        """Give a connection on which everything read is of one instant, while others write on.

        Raises:
            StorageError: the database is damaged, or its disk fails.
        """
        with self.reading() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            connection.exec_driver_sql("BEGIN" if is_sqlite else SNAPSHOT)
            try:
                yield connection
            finally:
                self._undo(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction under the write lock; commit at the end, undo on any exception.

        Raises:
            ConflictError: another writer held the lock for `BUSY_SECONDS`.
            StorageError: it cannot be written: the disk is full, or fails; nothing was. Or its
                server is gone: then it is not known whether the last word was heard.
        """
        if getattr(self._mine, "writing", False):
            raise RuntimeError("this thread is writing already; pass its connection on instead")
        connection = self._connection()
        self._begin(connection)
        self._mine.writing = True
        try:
            yield connection
            self._commit(connection)
        except DatabaseError as error:
            self._undo(connection)
            self._raise_if_storage_fails(error)
            raise
        except BaseException:
            self._undo(connection)
            raise
        finally:
            self._mine.writing = False

    def schema_version(self) -> str | None:
        """Return the version of the tables that are there; None in an empty database."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            return found.scalar()

    def close(self) -> None:
        """Close the connections of every thread; using the database again opens new ones."""
        with self._guard:
            opened, self._opened = self._opened, []
        for connection in opened:
            connection.close()
        self._mine = threading.local()
        self._engine.dispose()

    def _connection(self) -> Connection:
        held: Connection | None = getattr(self._mine, "connection", None)
        if held is not None and not held.closed and not held.invalidated:
            return held
        if held is not None:
            self._drop(held)
        try:
            made = self._engine.connect()
        except DatabaseError as error:
            self._raise_if_storage_fails(error)
            shown = self._url.render_as_string(hide_password=True)
            raise ConfigurationError(f"the database {shown} cannot be opened: {error.orig}") from (
                error
            )
        with self._guard:
            self._opened.append(made)
        self._mine.connection = made
        return made

    def _begin(self, connection: Connection) -> None:
        try:
            # a migration asks SQLAlchemy whether a transaction is open; told once, it stays so
            if not connection.in_transaction():
                connection.begin()
            if connection.dialect.name == "sqlite":
                tell(connection, "BEGIN IMMEDIATE")
            else:
                # both in one round trip
                tell(connection, f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        except OperationalError as error:
            self._drop(connection)
            self._raise_if_storage_fails(error)
            raise ConflictError(
                f"another process wrote to the database for over {BUSY_SECONDS} s: {error.orig}"
            ) from error

    def _commit(self, connection: Connection) -> None:
        tell(connection, "COMMIT")

    def _undo(self, connection: Connection) -> None:
        try:
            tell(connection, "ROLLBACK")
        except SQLAlchemyError:
            # closing undoes it as well
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        with self._guard:
            if connection in self._opened:
                self._opened.remove(connection)
        self._mine.connection = None
        connection.invalidate()
        connection.close()

    def _raise_if_storage_fails(self, error: DatabaseError) -> None:
        """Tell a disk that fails, a damaged file and a server that is gone from all other errors.

        Raises:
            StorageError: it is one of these.
        """
        if error.connection_invalidated:
            # what was under way while it went is read anew before anything is done about it
            raise StorageError(
                f"{self._keeps} cannot be reached: the database let go of us: {error.orig}. "
                "Opening stops until it answers again"
            ) from error
        code = getattr(error.orig, "sqlite_errorcode", None)
        # what SQLite adds in the higher bits says more exactly which of them it is
        fails = isinstance(code, int) and code & 0xFF in SQLITE_FAILS
        fails = fails or NO_TEXT in str(error.orig)
        if fails or getattr(error.orig, "pgcode", None) in POSTGRES_FAILS:
            raise StorageError(
                f"{self._keeps} cannot be kept: {error.orig}. Opening stops; free some space, or "
                f"mend the disk, then look with `kraken-pipeline {self._look}`"
            ) from error


def connect(url: str) -> Database:
    """Open a database whose tables are those that this code knows.

    Raises:
        ConfigurationError: it cannot be opened, or its tables are older or newer.
    """
    database = Database(url)
    try:
        require_current(database.schema_version())
    except BaseException:
        database.close()
        raise
    return database


def read_only(url: str) -> Database:
    """Open a database as it stands, so that nothing can be written through what is opened.

    Raises:
        ConfigurationError: it is not there, or its tables are older or newer.
    """
    database = Database(url, may_write=False)
    try:
        require_current(database.schema_version())
    except BaseException:
        database.close()
        raise
    return database


def require_current(found: str | None) -> None:
    """Refuse a database whose tables are not those that this code knows.

    Raises:
        ConfigurationError: its schema is older or newer than `SCHEMA_VERSION`.
    """
    refuse_newer(found)
    if found != SCHEMA_VERSION:
        raise ConfigurationError(
            f"the database has schema {found or 'none'}, this version needs {SCHEMA_VERSION}: "
            "`kraken-pipeline status` brings it there while portfolio.auto_migrate_schema is true"
        )


def refuse_newer(found: str | None) -> None:
    """Refuse a database that a newer version of this code has written.

    Raises:
        ConfigurationError: its schema is newer than `SCHEMA_VERSION`.
    """
    if found is not None and found > SCHEMA_VERSION:
        raise ConfigurationError(
            f"the database has schema {found}, this version of kraken_pipeline knows "
            f"{SCHEMA_VERSION} at most: install the version that wrote it, or a later one"
        )


def _usable(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "the database URL cannot be read; write sqlite:////folder/file.db "
            "or postgresql://user@host/name"
        ) from error
    if parsed.drivername not in DRIVERS:
        raise ConfigurationError(
            f"no database of kind {parsed.drivername!r} can be used; take sqlite or postgresql"
        )
    parsed = parsed.set(drivername=DRIVERS[parsed.drivername])
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError("a SQLite database must be a file: sqlite:////folder/file.db")
    return parsed


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder {folder} of the database cannot be made: {error.strerror}"
        ) from error


def _engine(url: URL) -> Engine:
    if url.drivername == "sqlite":
        return _sqlite(url)
    settings = f"-c lock_timeout={BUSY_SECONDS}s -c synchronous_commit=on"
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"options": settings, "application_name": "kraken_pipeline"},
        # several rows that change alike go in one round trip
        executemany_mode="values_plus_batch",
    )


def _readers(url: URL) -> Engine:
    """Return an engine whose connections the database itself keeps from writing."""
    if url.drivername == "sqlite":
        address = f"{Path(str(url.database)).absolute().as_uri()}?mode=ro"
        return create_engine(
            "sqlite://",
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            creator=lambda: sqlite3.connect(
                address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False
            ),
        )
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"options": "-c default_transaction_read_only=on"},
    )


def _sqlite(url: URL) -> Engine:
    _make_folder(Path(str(url.database)).parent)
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        # any thread may close the connections of all
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _make_durable)
    return engine


# the listener gets whatever the driver calls a connection
def _make_durable(connection: Any, _record: object) -> None:  # noqa: ANN401
    cursor = connection.cursor()
    mode = _write_ahead(cursor)
    if mode != "wal":
        raise ConfigurationError(
            f"SQLite cannot keep a write-ahead log here (journal_mode={mode}); "
            "move the database to a local disk"
        )
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead(cursor: Any) -> str:  # noqa: ANN401 - as above
    """Turn the write-ahead log on and return the mode that the file is in then.

    While another process turns it on, SQLite answers `locked` at once, whatever it may wait.
    """
    give_up_at = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            [mode] = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return str(mode)
