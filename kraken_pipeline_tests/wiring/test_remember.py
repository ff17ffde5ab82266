import pytest

from kraken_pipeline.wiring import remember
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.remember import ListingRemembered


def test_a_listing_is_read_once_a_minute(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered = ListingRemembered(pipeline.edge.market_now)
    first = remembered.listing()
    assert remembered.listing() is first

    monkeypatch.setattr(remember, "LISTING_SECONDS", -1)

    assert remembered.listing() is not first


def test_everything_else_is_asked_each_time(pipeline: Pipeline) -> None:
    remembered = ListingRemembered(pipeline.edge.market_now)

    assert remembered.tickers() is not remembered.tickers()
    assert remembered.system_status() == "online"
