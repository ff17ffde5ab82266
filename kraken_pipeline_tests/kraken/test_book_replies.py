from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.kraken.book_replies import (
    depth_from,
    grouped_book_from,
    spreads_from,
    trades_from,
)
from kraken_pipeline_tests.builders import pair

AT = 1788415303
ASKS = [["50000.10000", "0.136", AT], ["50000.20000", "1.000", AT]]
BIDS = [["50000.00000", "0.5", AT], ["49999.90000", "2", AT]]
TRADE = ["37247.00000", "0.00026451", Decimal("1701019771.0383663"), "b", "m", "", 64754585]


def test_a_book_has_its_best_prices_first_and_is_exact() -> None:
    depth = depth_from({"XXBTZUSD": {"asks": ASKS, "bids": BIDS}}, pair())

    assert [each.price for each in depth.asks] == [Decimal("50000.1"), Decimal("50000.2")]
    assert [each.qty for each in depth.bids] == [Decimal("0.5"), Decimal(2)]
    assert depth.asks[0].at == datetime(2026, 9, 3, 6, 1, 43, tzinfo=UTC)


@pytest.mark.parametrize("key", ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD"])
def test_a_book_may_come_under_any_name_of_its_pair(key: str) -> None:
    assert depth_from({key: {"asks": [], "bids": []}}, pair()).pair == "XBTUSD"


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"XETHZUSD": {"asks": ASKS, "bids": BIDS}},
        {"XXBTZUSD": {"asks": ASKS, "bids": BIDS}, "XETHZUSD": {}},
        {"XXBTZUSD": {"asks": ASKS}},
        {"XXBTZUSD": {"asks": ASKS[::-1], "bids": BIDS}},
        {"XXBTZUSD": {"asks": ASKS, "bids": BIDS[::-1]}},
        {"XXBTZUSD": {"asks": [ASKS[0], ASKS[0]], "bids": []}},
        {"XXBTZUSD": {"asks": [["1", "1"]], "bids": []}},
        {"XXBTZUSD": {"asks": [["0", "1", AT]], "bids": []}},
        {"XXBTZUSD": {"asks": [["1", "-1", AT]], "bids": []}},
        {"XXBTZUSD": {"asks": [["1", "1", 0]], "bids": []}},
    ],
)
def test_a_book_that_can_not_be_so_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        depth_from(reply, pair())


def test_a_grouped_book_is_read() -> None:
    levels = [{"price": "50001.0", "qty": "1.5"}]

    depth = grouped_book_from({"pair": "XXBTZUSD", "asks": levels, "bids": []}, pair())

    assert (depth.asks[0].price, depth.asks[0].qty) == (Decimal(50001), Decimal("1.5"))


def test_trades_say_who_took_and_where_to_go_on() -> None:
    page = trades_from({"XXBTZUSD": [TRADE], "last": "1701019771038366300"}, pair())

    [trade] = page.trades
    assert page.cursor == "1701019771038366300"
    assert (trade.price, trade.qty) == (Decimal(37247), Decimal("0.00026451"))
    assert (trade.taker_side, trade.is_limit, trade.trade_id) == (Side.BUY, False, 64754585)
    assert trade.at == datetime(2023, 11, 26, 17, 29, 31, 38_366, tzinfo=UTC)


def test_trades_of_the_first_years_have_no_number() -> None:
    page = trades_from({"XXBTZUSD": [TRADE[:-1]], "last": "1"}, pair())

    assert page.trades[0].trade_id is None


@pytest.mark.parametrize(
    "reply",
    [
        {"XXBTZUSD": [TRADE]},
        {"XXBTZUSD": [TRADE], "last": 1701019771},
        {"XXBTZUSD": [TRADE], "last": "1.5"},
        {"XXBTZUSD": [["1", "1", AT, "x", "m", "", 1]], "last": "1"},
        {"XXBTZUSD": [TRADE[:5]], "last": "1"},
        {"XXBTZUSD": {"0": TRADE}, "last": "1"},
    ],
)
def test_trades_that_can_not_be_so_are_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        trades_from(reply, pair())


def test_spreads_are_read() -> None:
    [spread] = spreads_from({"XXBTZUSD": [[AT, "1.0", "1.1"]], "last": AT}, pair())

    assert (spread.bid, spread.ask) == (Decimal(1), Decimal("1.1"))
