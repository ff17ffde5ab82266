from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.market import Quote, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.quotes import (
    SILENCE,
    LivePrice,
    PairFeed,
    Quality,
    QuoteBoard,
    from_rest,
)
from kraken_pipeline.domain.staleness import Doubt

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAIR = "XBTUSD"


def price(*found: Doubt) -> LivePrice:
    return LivePrice(
        pair=PAIR,
        bid=Decimal(100),
        ask=Decimal(101),
        last=Decimal(100),
        source="book",
        event_at=NOW,
        received_at=NOW,
        age=timedelta(seconds=1),
        doubts=frozenset(found),
    )


def feed(*found: Doubt) -> PairFeed:
    return PairFeed(
        price=price(*found),
        status="online",
        doubts=frozenset(found),
        gaps=0,
        checksum_failures=0,
        is_untradable=False,
    )


def board(*found: Doubt) -> QuoteBoard:
    return QuoteBoard(
        at=NOW, pairs={PAIR: feed(*found)}, system="online", connects=1, closed_at=None
    )


def test_a_sound_price_opens_risk() -> None:
    assert price().require(Quality.OPENING).mid == Decimal("100.5")


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
    quote = Quote(pair=PAIR, ticker=ticker, source="rest", received_at=NOW - timedelta(seconds=7))
    found = from_rest(quote, now=NOW)

    assert (found.source, found.age, found.quality) == (
        "rest",
        timedelta(seconds=7),
        Quality.VALUATION,
    )


def test_a_pair_that_is_not_followed_has_no_price_and_a_doubt() -> None:
    assert board().price("ETHUSD", NOW) is None
    assert board().doubts("ETHUSD", NOW) == {Doubt.SUBSCRIPTION_SILENT}


@given(seconds=st.integers(-3, 100))
def test_a_price_ages_with_its_board_and_is_doubted_once_nobody_writes_it(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    found = board().price(PAIR, now)

    assert found is not None
    assert found.age == timedelta(seconds=1 + max(seconds, 0))
    assert (Doubt.SOCKET_SILENT in found.doubts) is (seconds > SILENCE.total_seconds())


@given(
    found=st.frozensets(st.sampled_from(sorted(Doubt))),
    more=st.frozensets(st.sampled_from(sorted(Doubt))),
    seconds=st.integers(0, 10),
)
def test_a_further_doubt_never_makes_a_price_better(
    found: frozenset[Doubt], more: frozenset[Doubt], seconds: int
) -> None:
    fewer, all_of_them = price(*found), price(*found, *more)
    older = board(*found).price(PAIR, NOW + timedelta(seconds=seconds))

    assert all_of_them.quality <= fewer.quality
    assert older is not None
    assert older.quality <= fewer.quality


def test_a_price_without_an_event_time_is_as_old_as_its_receipt() -> None:
    told = replace(board(), pairs={PAIR: replace(feed(), price=replace(price(), event_at=None))})
    found = told.price(PAIR, NOW + timedelta(seconds=2))

    assert found is not None
    assert found.age == timedelta(seconds=3)


@pytest.mark.parametrize("seconds", [-3600, -6, 6])
def test_f_evt_10_a_board_of_another_time_is_silent_whichever_way_the_clock_went(
    seconds: int,
) -> None:
    """Set back by an hour, the clock must not keep a board fresh that nobody writes any more."""
    now = NOW + timedelta(seconds=seconds)

    assert Doubt.SOCKET_SILENT in board().doubts(PAIR, now)
    assert not board().is_silent(NOW - timedelta(seconds=1))
