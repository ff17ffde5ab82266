from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline_tests.builders import pair
from kraken_pipeline_tests.kraken.lines import QUICK
from kraken_pipeline_tests.kraken.samples import ASSETS, PAIR, ROWS, TICKER
from kraken_pipeline_tests.kraken.scripted import Heard, Reply, ok, refuses, scripted

REPLIES: dict[str, object] = {
    "Assets": ASSETS,
    "AssetPairs": {"XXBTZUSD": PAIR},
    "Ticker": {"XXBTZUSD": TICKER},
    "OHLC": {"XXBTZUSD": ROWS, "last": 1788415260},
    "SystemStatus": {"status": "post_only", "timestamp": "2026-09-03T06:01:43Z"},
    "Depth": {"XXBTZUSD": {"bids": [["1", "2", 1788415303]], "asks": []}},
    "GroupedBook": {"pair": "XXBTZUSD", "bids": [], "asks": [{"price": "1", "qty": "2"}]},
    "Trades": {"XXBTZUSD": [], "last": "1788415303000000000"},
    "Spread": {"XXBTZUSD": [[1788415303, "1.0", "1.1"]], "last": 1788415303},
    "Time": {"unixtime": 1788415303},
}


def kraken(heard: Heard) -> Reply:
    return ok(REPLIES[heard.path.removeprefix("/0/public/").partition("?")[0]])


def market(url: str) -> PublicMarket:
    return PublicMarket(PublicLine(url, timeouts=QUICK))


def test_all_tickers_come_in_one_call_and_the_names_are_read_once() -> None:
    with scripted(kraken) as server:
        reader = market(server.url)
        reader.tickers()

        assert set(reader.tickers()) == {"XBTUSD"}
        paths = [each.path.rpartition("/")[2] for each in server.heard]
        assert paths == ["Assets", "AssetPairs", "Ticker", "Ticker"]
        reader.close()


def test_candles_are_asked_by_key_minutes_and_second() -> None:
    since = datetime.fromtimestamp(1788415200, tz=UTC)
    with scripted(kraken) as server:
        page = market(server.url).candles(pair(), timeframe("1m"), since)

        assert page.opened_at == (1788415200, 1788415260)
        assert server.heard[0].path == ("/0/public/OHLC?pair=XXBTZUSD&interval=1&since=1788415200")


def test_candles_can_be_asked_as_far_back_as_there_are() -> None:
    with scripted(kraken) as server:
        market(server.url).candles(pair(), timeframe("1m"), None)

        assert "since" not in server.heard[0].path


def test_pairs_are_listed_for_the_country_that_is_told() -> None:
    with scripted(kraken) as server:
        listed = PublicMarket(PublicLine(server.url, timeouts=QUICK)).listed_in("US:TX")

        assert "XXBTZUSD" in listed
        assert server.heard[0].path == "/0/public/AssetPairs?country_code=US%3ATX"


def test_books_trades_and_spreads_are_asked_by_key() -> None:
    with scripted(kraken) as server:
        reader = market(server.url)

        assert reader.depth(pair(), count=10).bids[0].price == 1
        assert reader.grouped_book(pair(), levels=25, grouping=5).asks[0].qty == 2
        assert reader.trades(pair(), cursor="17", count=3).cursor == "1788415303000000000"
        assert reader.spreads(pair())[0].ask == Decimal("1.1")
        assert [each.path.removeprefix("/0/public/") for each in server.heard] == [
            "Depth?pair=XXBTZUSD&count=10",
            "GroupedBook?pair=XXBTZUSD&depth=25&grouping=5",
            "Trades?pair=XXBTZUSD&since=17&count=3",
            "Spread?pair=XXBTZUSD",
        ]


def test_status_and_time_are_read() -> None:
    with scripted(kraken) as server:
        assert market(server.url).system_status() == "post_only"
        assert market(server.url).server_time() == datetime(2026, 9, 3, 6, 1, 43, tzinfo=UTC)


def test_a_pair_that_kraken_does_not_know_is_an_error_that_says_so() -> None:
    with (
        scripted(lambda heard: refuses("EQuery:Unknown asset pair")) as server,
        pytest.raises(UnexpectedReplyError, match="Unknown asset pair"),
    ):
        market(server.url).candles(pair(), timeframe("1m"), None)
