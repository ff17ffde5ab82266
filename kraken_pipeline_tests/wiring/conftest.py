"""A small stocked market, and a pipeline on it."""

from kraken_pipeline_tests.paper_fixtures import (  # noqa: F401 - fixtures, found by name
    later,
    market,
    pipeline,
    stocked,
)
