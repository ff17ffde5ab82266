from collections.abc import Iterator
from decimal import Decimal
from time import monotonic

import pytest

from kraken_pipeline.domain.quotes import LivePrice, Quality
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.kraken.stream.hosted import MarketStream
from kraken_pipeline.kraken.stream.liveness import FULL
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline.kraken.stream.topics import Topic, Wish
from kraken_pipeline.kraken.stream.upkeep import Pauses, Terms
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline_tests.kraken.stream.world import World, eventually, world

BTC = "BTC/USD"
ALL = Wanted(tickers=(BTC, "ETH/USD"), books=(BTC,), trades=(BTC,), candles=((BTC, 1),))
BOOK = Wanted(books=(BTC,))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("market")) as served:
        yield served


@pytest.fixture
def exchange(shared: World) -> Iterator[World]:
    shared.mend()
    yield shared
    shared.mend()


def price(stream: MarketStream, exchange: World, symbol: str = BTC) -> LivePrice | None:
    return stream.market.price(symbol, now=exchange.now())


def quality(stream: MarketStream, exchange: World) -> Quality:
    found = price(stream, exchange)
    return Quality.NOTHING if found is None else found.quality


def doubts(stream: MarketStream, exchange: World) -> frozenset[Doubt]:
    found = price(stream, exchange)
    return frozenset() if found is None else found.doubts


def is_good(stream: MarketStream, exchange: World) -> bool:
    return quality(stream, exchange) is Quality.OPENING


def test_everything_that_is_followed_is_told(exchange: World) -> None:
    with exchange.market_stream(ALL) as stream:
        told = stream.market

        assert eventually(lambda: is_good(stream, exchange))
        assert eventually(lambda: told.ticker("ETH/USD") is not None)
        assert eventually(lambda: len(told.trades(BTC)) >= 50)
        assert eventually(lambda: len(told.candles(BTC, 1, now=exchange.now())) > 1)


def test_the_book_is_the_one_that_rest_shows(exchange: World) -> None:
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: stream.market.book(BTC) is not None)
        view = stream.market.book(BTC)

    assert view is not None
    assert len(view.bids) == len(view.asks) == 10
    assert view.bids[0].price < view.asks[0].price
    assert all(level.price % Decimal("0.1") == 0 for level in (*view.bids, *view.asks))
    assert stream.market.checksum_failures() == {}


def test_the_rules_of_a_pair_are_known(exchange: World) -> None:
    with exchange.market_stream(Wanted()) as stream:
        assert eventually(lambda: stream.market.instrument(BTC) is not None)
        rules = stream.market.instrument(BTC)

    assert rules is not None
    assert (rules.status, rules.tick, rules.places.qty) == ("online", Decimal("0.1"), 8)


def test_a_pair_that_is_not_listed_is_refused_and_named(exchange: World) -> None:
    with exchange.market_stream(Wanted(tickers=("WWW/USD", BTC))) as stream:
        assert eventually(lambda: stream.market.ticker(BTC) is not None)
        assert eventually(lambda: bool(stream.health().refused))

        [(topic, why)] = stream.health().refused.items()
        assert (topic.symbol, "WWW/USD" in why) == ("WWW/USD", True)


def test_one_wrong_checksum_costs_the_book_for_a_moment(exchange: World) -> None:
    """F-EVT-6, U-STR-4: wrong once, the book is taken anew and the pair stays tradable."""
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: is_good(stream, exchange))
        exchange.fault(Kind.BAD_CHECKSUM, "book")

        assert eventually(lambda: stream.market.checksum_failures() == {BTC: 1})
        assert eventually(lambda: stream.market.book(BTC) is not None)
        assert not stream.market.is_untradable(BTC)


def test_a_book_that_is_always_wrong_makes_the_pair_untradable(exchange: World) -> None:
    """F-EVT-6: always wrong, there is no book of the pair and nothing trades on it."""
    exchange.fault(Kind.BAD_CHECKSUM, "book", times=None)
    with exchange.market_stream(Wanted(books=(BTC,), tickers=(BTC,))) as stream:
        assert eventually(lambda: stream.market.is_untradable(BTC))
        assert eventually(lambda: Doubt.CHECKSUM in doubts(stream, exchange))

        assert stream.market.book(BTC) is None
        assert stream.market.checksum_failures() == {BTC: 3}


def test_what_is_no_json_is_passed_over(exchange: World) -> None:
    exchange.fault(Kind.NON_JSON_FRAME, "book", times=3)
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: stream.health().unread == 3)
        assert eventually(lambda: is_good(stream, exchange))

        assert stream.health().connects == 1


def test_a_cut_connection_voids_the_book_and_comes_back(exchange: World) -> None:
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: is_good(stream, exchange))
        exchange.fault(Kind.REFUSED_CONNECTION, times=None)
        exchange.fault(Kind.CUT_SOCKET, "book")

        assert eventually(lambda: stream.market.book(BTC) is None)
        exchange.mend()
        assert eventually(lambda: is_good(stream, exchange))


def test_a_doubled_or_late_update_is_noticed_or_harmless(exchange: World) -> None:
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: is_good(stream, exchange))
        exchange.fault(Kind.DUPLICATE_FRAME, "book")
        exchange.fault(Kind.LOST_FRAME, "book")

        assert eventually(lambda: stream.market.checksum_failures() == {BTC: 1})
        assert eventually(lambda: is_good(stream, exchange))


def test_a_maintenance_is_told_and_the_next_connection_says_so(exchange: World) -> None:
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: is_good(stream, exchange))
        exchange.connects.taken.clear()
        exchange.fault(Kind.MAINTENANCE, "book")

        assert eventually(lambda: exchange.connects.taken[:1] == [True])
        assert eventually(lambda: is_good(stream, exchange))


def test_a_silent_socket_is_opened_anew(exchange: World) -> None:
    with exchange.market_stream(BOOK) as stream:
        assert eventually(lambda: is_good(stream, exchange))
        exchange.fault(Kind.SILENT_SOCKET, "book")

        assert eventually(lambda: stream.health().connects == 2)
        assert "silent" in stream.health().last_loss
        assert eventually(lambda: is_good(stream, exchange))


def test_a_subscription_that_never_speaks_is_asked_for_again(exchange: World) -> None:
    exchange.fault(Kind.SILENT_SUBSCRIPTION, "ticker")
    with exchange.market_stream(Wanted(tickers=(BTC,), books=(BTC,))) as stream:
        assert eventually(lambda: stream.market.book(BTC) is not None)
        assert stream.market.ticker(BTC) is None
        assert eventually(lambda: stream.market.ticker(BTC) is not None)

        assert stream.health().connects == 1


def test_silence_is_noticed_in_time_with_the_limits_that_hold_in_earnest(exchange: World) -> None:
    """F-EVT-5: of a whole connection within 5 s, of one subscription within 15 s."""
    earnest = Terms(pauses=Pauses(first=0.5, most=0.5))
    with (
        exchange.market_stream(Wanted(tickers=(BTC,), books=(BTC,)), earnest) as one,
        exchange.market_stream(Wanted(trades=(BTC,)), earnest) as other,
    ):
        [ticker] = [wish.pulse for topic, wish in states(one) if topic.channel == "ticker"]
        # how often a market trades in a minute is nobody's promise
        assert eventually(
            lambda: ticker._beats >= FULL and bool(other.market.trades(BTC)), seconds=90
        )
        exchange.fault(Kind.SILENT_SOCKET, "trade")
        exchange.fault(Kind.LOST_FRAME, "ticker", times=None)
        began = monotonic()
        assert eventually(lambda: not other.health().is_connected)
        socket = monotonic() - began
        assert eventually(lambda: ticker.is_silent)
        subscription = monotonic() - began

        assert (one.health().connects, one.health().is_connected) == (1, True)
    assert socket <= 5
    assert subscription <= 15


def states(stream: MarketStream) -> list[tuple[Topic, Wish]]:
    return list(stream.market.topics.states.items())
