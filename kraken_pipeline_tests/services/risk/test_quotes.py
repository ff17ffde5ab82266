from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.quotes import LivePrice, PairFeed, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.services.risk.quotes import REST, STREAM, quoted
from kraken_pipeline_tests.builders import NOW, ticker

PAIR = "XBTUSD"
PRICE = LivePrice(
    pair=PAIR,
    bid=Decimal(50_001),
    ask=Decimal(50_002),
    last=Decimal(50_001),
    source="book",
    event_at=NOW,
    received_at=NOW,
    age=timedelta(),
    doubts=frozenset(),
)
TICKERS = {PAIR: ticker()}


def board(*found: Doubt, bid: int = 50_001, seconds: float = 0.0) -> QuoteBoard:
    price = replace(PRICE, bid=Decimal(bid), ask=Decimal(bid + 1), doubts=frozenset(found))
    feed = PairFeed(
        price=price,
        status="online",
        doubts=price.doubts,
        gaps=0,
        checksum_failures=0,
        is_untradable=False,
    )
    return QuoteBoard(
        at=NOW - timedelta(seconds=seconds),
        pairs={PAIR: feed},
        system="online",
        connects=1,
        closed_at=None,
    )


def test_without_a_stream_rest_is_counted_on_and_nothing_is_doubted() -> None:
    told = quoted(TICKERS, None, now=NOW)

    assert told.tickers == TICKERS
    assert (told.quotes[PAIR].source, told.doubts) == (REST, {})


def test_a_sound_stream_gives_the_best_prices_and_rest_what_a_day_traded() -> None:
    told = quoted(TICKERS, board(seconds=2), now=NOW)

    found = told.quotes[PAIR]
    assert (found.source, found.received_at) == (STREAM, NOW - timedelta(seconds=2))
    assert (found.ticker.bid, found.ticker.ask) == (PRICE.bid, PRICE.ask)
    assert found.ticker.volume_24h == TICKERS[PAIR].volume_24h
    assert (told.doubts[PAIR], told.ages[PAIR]) == (frozenset(), timedelta(seconds=2))


@pytest.mark.parametrize(
    ("age", "bid", "is_doubted"), [(15, 50_001, False), (16, 50_001, True), (16, 49_999, False)]
)
def test_u_str_1b_a_price_that_was_not_told_for_long_must_be_rest_s_own(
    age: int, bid: int, *, is_doubted: bool
) -> None:
    own = TICKERS[PAIR]
    price = replace(PRICE, age=timedelta(seconds=age))
    if bid < 50_000:
        price = replace(price, bid=own.bid, ask=own.ask)
    told = board()
    feed = replace(told.pairs[PAIR], price=price)

    found = quoted(TICKERS, replace(told, pairs={PAIR: feed}), now=NOW)

    assert (Doubt.OFF_REST in found.doubts[PAIR]) is is_doubted
    assert (found.quotes[PAIR].source == REST) is is_doubted


@given(found=st.frozensets(st.sampled_from(sorted(Doubt)), min_size=1))
def test_a_doubted_stream_leaves_rest_s_price_and_its_doubts(found: frozenset[Doubt]) -> None:
    told = quoted(TICKERS, board(*found), now=NOW)

    assert told.quotes[PAIR].ticker == TICKERS[PAIR]
    assert told.doubts[PAIR] == found


def test_f_evt_5_a_stream_that_nobody_writes_down_is_a_silent_socket() -> None:
    told = quoted(TICKERS, board(seconds=5.1), now=NOW)

    assert told.doubts[PAIR] == {Doubt.SOCKET_SILENT}
    assert told.quotes[PAIR].source == REST


def test_a_pair_that_the_stream_does_not_follow_is_doubted() -> None:
    told = quoted({**TICKERS, "ETHUSD": ticker()}, board(), now=NOW)

    assert told.doubts["ETHUSD"] == {Doubt.SUBSCRIPTION_SILENT}


@pytest.mark.parametrize(("bid", "is_off"), [(50_500, False), (50_501, True), (49_400, True)])
def test_a_price_that_is_off_rest_s_is_doubted(bid: int, *, is_off: bool) -> None:
    rest: dict[str, Ticker] = {PAIR: ticker(bid=Price(Decimal(49_999)), ask=Price(Decimal(50_000)))}
    told = quoted(rest, board(bid=bid), now=NOW)

    assert (Doubt.OFF_REST in told.doubts[PAIR]) is is_off
