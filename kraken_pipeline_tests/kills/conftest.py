"""The small stocked market, for what is killed on it."""

from kraken_pipeline_tests.paper_fixtures import later, market, pipeline, stocked

__all__ = ["later", "market", "pipeline", "stocked"]
