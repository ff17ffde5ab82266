"""Assessing where a market's stream was started."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.quotes import LivePrice, PairFeed, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline_tests.services.paper import Paper


def board(desk: Paper, *found: Doubt, seconds: int = 0) -> QuoteBoard:
    """Return what a listener wrote some seconds ago."""
    at = desk.clock() - timedelta(seconds=seconds)
    price = LivePrice(
        pair="XBTUSD",
        bid=Decimal(49_990),
        ask=Decimal(50_010),
        last=None,
        source="book",
        event_at=at,
        received_at=at,
        age=timedelta(),
        doubts=frozenset(found),
    )
    feed = PairFeed(
        price=price,
        status="online",
        doubts=price.doubts,
        gaps=0,
        checksum_failures=0,
        is_untradable=False,
    )
    return QuoteBoard(at=at, pairs={"XBTUSD": feed}, system="", connects=1, closed_at=None)


def test_str_2_the_answer_names_the_source_and_the_age_of_its_price(desk: Paper) -> None:
    desk.wants("XBTUSD")
    asked = desk.assess()["XBTUSD"]
    desk.wants("XBTUSD", strategy="other")
    told = board(desk, seconds=2)
    streamed = desk.assess(stream=lambda: told)["XBTUSD"]

    assert '"quote_age_seconds":"0.0","quote_rate":"1","quote_source":"rest"' in asked.figures
    assert '"quote_age_seconds":"2.0","quote_rate":"1","quote_source":"stream"' in streamed.figures
    assert '"ask":"50010"' in streamed.figures


def test_u_str_1_on_a_silent_stream_nothing_is_bought_and_what_is_held_is_sold(
    desk: Paper,
) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()
    gone = board(desk, seconds=6)
    desk.wants("XBTUSD", strategy="other")
    bought = desk.assess(stream=lambda: gone)["XBTUSD"]
    desk.wants("XBTUSD", side=Side.SELL)
    sold = desk.assess(stream=lambda: gone)["XBTUSD"]

    assert [(each.code, each.figures) for each in bought.objections] == [
        ("DATA_STALE_SOCKET", "pair=XBTUSD, doubts=socket_silent, price_age=6.0 s")
    ]
    assert sold.approved


def test_a_price_that_rest_does_not_confirm_is_not_bought_at(desk: Paper) -> None:
    desk.wants("XBTUSD")
    told = board(desk)
    feed = told.pairs["XBTUSD"]
    assert feed.price is not None
    far = replace(feed.price, bid=Decimal(60_000), ask=Decimal(60_001))
    odd = replace(told, pairs={"XBTUSD": replace(feed, price=far)})

    verdict = desk.assess(stream=lambda: odd)["XBTUSD"]

    assert [each.code for each in verdict.objections] == ["DATA_CONTENT"]
