"""The small stocked market as fixtures, for the folders that import them into their conftest."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket, stock, stocked_market

Later = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def later() -> Iterator[Later]:
    """Do what ends a simulator beside the next test: most of it is waiting."""
    done: list[Future[object]] = []
    with ThreadPoolExecutor(4) as pool:
        yield lambda ending: done.append(pool.submit(ending))
    for each in done:
        each.result()


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(tmp_path_factory.mktemp("stocked"))


@pytest.fixture
def market(stocked: Path, tmp_path: Path, later: Later) -> Iterator[PaperMarket]:
    stack = ExitStack()
    yield stack.enter_context(stocked_market(stocked, tmp_path))
    later(stack.close)


@pytest.fixture
def pipeline(market: PaperMarket) -> Iterator[Pipeline]:
    with market.pipeline() as connected:
        yield connected
