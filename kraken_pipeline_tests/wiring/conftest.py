"""A small stocked market, and a pipeline on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.paper_market import PaperMarket, stock, stocked_market


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stock(tmp_path_factory.mktemp("stocked"))


@pytest.fixture
def market(stocked: Path, tmp_path: Path) -> Iterator[PaperMarket]:
    with stocked_market(stocked, tmp_path) as served:
        yield served


@pytest.fixture
def pipeline(market: PaperMarket) -> Iterator[Pipeline]:
    with market.pipeline() as connected:
        yield connected
