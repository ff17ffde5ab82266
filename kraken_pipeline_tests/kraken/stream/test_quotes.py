from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.market import Quote, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.kraken.stream.quotes import (
    Doubt,
    LivePrice,
    Quality,
    Signs,
    doubts,
    from_rest,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOUND = Signs(
    now=NOW,
    event_at=NOW,
    max_event_age=timedelta(seconds=10),
    socket_silent=False,
    subscription_silent=False,
    book_failed=False,
    bid=Decimal(100),
    ask=Decimal(101),
    last_trade=None,
)


def price(*found: Doubt) -> LivePrice:
    return LivePrice(
        pair="BTC/USD",
        bid=Decimal(100),
        ask=Decimal(101),
        source="book",
        event_at=NOW,
        received_at=NOW,
        age=timedelta(seconds=1),
        doubts=frozenset(found),
    )


def test_a_sound_price_has_no_doubts_and_opens_risk() -> None:
    assert doubts(SOUND) == frozenset()
    assert price().require(Quality.OPENING).mid == Decimal("100.5")


@pytest.mark.parametrize(
    ("signs", "doubt"),
    [
        (replace(SOUND, socket_silent=True), Doubt.SOCKET_SILENT),
        (replace(SOUND, subscription_silent=True), Doubt.SUBSCRIPTION_SILENT),
        (replace(SOUND, event_at=NOW - timedelta(seconds=11)), Doubt.EVENT_OLD),
        (replace(SOUND, book_failed=True), Doubt.CHECKSUM),
        (replace(SOUND, bid=Decimal(101)), Doubt.CROSSED),
        (replace(SOUND, last_trade=Decimal(102)), Doubt.FROZEN),
        (replace(SOUND, last_trade=Decimal(99)), Doubt.FROZEN),
    ],
)
def test_each_layer_finds_its_own_fault(signs: Signs, doubt: Doubt) -> None:
    assert doubts(signs) == {doubt}


def test_an_event_that_is_ahead_of_our_clock_is_not_old() -> None:
    assert doubts(replace(SOUND, event_at=NOW + timedelta(seconds=2))) == frozenset()


@pytest.mark.parametrize("doubt", [each for each in Doubt if each is not Doubt.CROSSED])
def test_a_doubt_leaves_a_price_good_enough_to_value_what_is_held(doubt: Doubt) -> None:
    assert price(doubt).require(Quality.VALUATION)
    with pytest.raises(RefusedError, match=doubt):
        price(doubt).require(Quality.OPENING)


def test_a_crossed_book_is_good_for_nothing() -> None:
    with pytest.raises(RefusedError, match="crossed"):
        price(Doubt.CROSSED).require(Quality.VALUATION)


def test_a_price_from_rest_has_an_age_of_its_own_and_opens_nothing() -> None:
    ticker = Ticker(
        bid=Price(Decimal(100)),
        ask=Price(Decimal(101)),
        last=Price(Decimal(100)),
        volume_24h=Decimal(1),
        vwap_24h=Decimal(100),
    )
    quote = Quote(
        pair="XBTUSD", ticker=ticker, source="rest", received_at=NOW - timedelta(seconds=7)
    )
    found = from_rest(quote, now=NOW)

    assert (found.source, found.age, found.quality) == (
        "rest",
        timedelta(seconds=7),
        Quality.VALUATION,
    )
