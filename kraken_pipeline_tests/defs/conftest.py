"""Dagster's definitions around a pipeline on a small stocked market, in this process."""

from collections.abc import Iterator

import dagster as dg
import pytest

from kraken_pipeline.defs import trading
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_fixtures import (  # noqa: F401 - fixtures, found by name
    later,
    market,
    pipeline,
    stocked,
)
from kraken_pipeline_tests.paper_market import PaperMarket


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as kept:
        yield kept


@pytest.fixture
def runs(
    market: PaperMarket,  # noqa: F811 - that fixture
    pipeline: Pipeline,  # noqa: F811 - the same
    instance: dg.DagsterInstance,
) -> Runs:
    return Runs(pipeline=pipeline, instance=instance, environ=market.environ)


@pytest.fixture(autouse=True)
def the_sensor_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never wait for the machine's minute to end: no second is after 59, none before 0."""
    monkeypatch.setattr(trading, "WATCH_FROM", 60)
    monkeypatch.setattr(trading, "WATCH_UNTIL", 0)
