"""Fixtures of the tests that need a whole paper account."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.replay import ReplayMarket
from kraken_pipeline.simulator.rest import Served, serving
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline_tests.services import candles
from kraken_pipeline_tests.services.paper import KEY, Paper, paper


@pytest.fixture(scope="session")
def foreseen(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """Return the market of `candles`; it never changes, so one serves every test."""
    return ReplayMarket(candles.write(tmp_path_factory.mktemp("candles")))


@pytest.fixture(scope="session")
def served(foreseen: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve once; each test puts an exchange of its own behind the address."""
    journal = Journal(tmp_path_factory.mktemp("idle"), foreseen.identity)
    idle = Exchange(foreseen, FixedClock(candles.START), journal)
    with serving(Service(idle, KEY)) as running:
        yield running
    journal.close()


@pytest.fixture(scope="session")
def empty_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once; each test copies the file."""
    path = tmp_path_factory.mktemp("books") / "store.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def desk(served: Served, foreseen: Market, empty_books: Path, tmp_path: Path) -> Iterator[Paper]:
    """Return a new account of 10,000 USD, its universe known and its books kept once."""
    path = tmp_path / "store.db"
    shutil.copy(empty_books, path)
    with paper(served, foreseen, tmp_path, f"sqlite:///{path}") as opened:
        opened.begin()
        yield opened
