import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.kraken.stream.frames import channel_of
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.market import MarketFeed, Wanted
from kraken_pipeline.kraken.stream.topics import Topic
from kraken_pipeline_tests.kraken.stream.recorded_frames import book_frames, lines

NOW = datetime(2023, 7, 30, 12, 0, tzinfo=UTC)
BTC = "BTC/USD"
RULES = (
    b'{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,'
    b'"qty_increment":0.00000001,"price_precision":1,"price_increment":0.1,"qty_min":0.0001,'
    b'"cost_min":0.5}'
)
INSTRUMENTS = (
    b'{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[' + RULES + b"]}}"
)


def told(feed: MarketFeed, *frames: bytes, at: float = 1.0) -> None:
    for frame in frames:
        assert feed.hear(channel_of(frame), frame, at)


def topic_of(feed: MarketFeed, channel: str) -> Topic:
    return next(topic for topic in feed.topics.states if topic.channel == channel)


def test_a_book_is_asked_for_once_its_decimals_are_known() -> None:
    feed = MarketFeed(Wanted(books=(BTC,)))
    topic = topic_of(feed, "book")
    assert not feed.is_ready(topic)
    told(feed, INSTRUMENTS)

    assert feed.is_ready(topic)


def test_the_recorded_book_is_followed_to_its_last_frame(recorded: Path) -> None:
    feed = MarketFeed(Wanted(books=(BTC,)))
    told(feed, INSTRUMENTS, *book_frames(recorded))

    view = feed.book(BTC)
    assert view is not None
    assert view.bids[0].price < view.asks[0].price
    assert feed.checksum_failures() == {}


def test_a_lost_frame_drops_the_book_and_it_is_asked_for_again(recorded: Path) -> None:
    feed = MarketFeed(Wanted(books=(BTC,)))
    first, _, *rest = book_frames(recorded)
    told(feed, INSTRUMENTS, first, *rest)
    feed.mind(1.0)

    assert feed.book(BTC) is None
    assert feed.checksum_failures() == {BTC: 1}


def test_changed_decimals_void_the_book(recorded: Path) -> None:
    feed = MarketFeed(Wanted(books=(BTC,)))
    told(feed, INSTRUMENTS, *book_frames(recorded)[:5])
    told(feed, INSTRUMENTS.replace(b'"price_precision":1', b'"price_precision":2'))

    assert feed.book(BTC) is None


def test_recorded_tickers_are_read_when_somebody_looks(recorded: Path) -> None:
    feed = MarketFeed(Wanted(tickers=(BTC,)))
    told(feed, *lines(recorded, "kasync_ticker.jsonl"), at=5.0)

    view = feed.ticker(BTC)
    assert view is not None
    assert (view.ticker.bid, view.ticker.ask) == (Decimal("65843.7"), Decimal("65843.8"))
    assert str(view.ticker.volume_24h) == "4182.59447976"
    assert view.heard_at == 5.0


def test_a_ticker_that_cannot_be_read_is_no_price() -> None:
    feed = MarketFeed(Wanted(tickers=(BTC,)))
    told(feed, b'{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":"x"}]}')

    with pytest.raises(UnexpectedReplyError, match=BTC):
        feed.ticker(BTC)


def test_recorded_candles_are_exact_and_closed_by_the_clock(recorded: Path) -> None:
    feed = MarketFeed(Wanted(candles=(("ETH/USD", 1),)))
    told(feed, *lines(recorded, "kasync_ohlc.jsonl"))
    first, last = feed.candles("ETH/USD", 1, now=datetime(2024, 5, 17, 11, 13, 59, tzinfo=UTC))

    assert (first.is_closed, last.is_closed) == (True, False)
    assert (first.open, first.volume) == (Decimal("3027.80"), Decimal("13.31603062"))
    assert feed.candles("ETH/USD", 1, now=last.closes_at)[-1].is_closed


def test_a_running_candle_is_replaced_and_not_added() -> None:
    feed = MarketFeed(Wanted(candles=((BTC, 5),)))
    for close in (b"1.0", b"2.0"):
        told(
            feed,
            b'{"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD","interval":5,'
            b'"interval_begin":"2023-10-04T16:25:00.000000000Z","open":1.0,"high":2.0,"low":1.0,'
            b'"close":' + close + b',"volume":1,"vwap":1.5,"trades":2}]}',
        )

    [candle] = feed.candles(BTC, 5, now=NOW)
    assert candle.close == 2


def test_a_second_snapshot_of_trades_tells_nothing_twice() -> None:
    feed = MarketFeed(Wanted(trades=(BTC,)))
    for numbers in ((1, 2), (1, 2, 3)):
        rows = ",".join(
            f'{{"symbol":"BTC/USD","side":"buy","price":100.50,"qty":0.10000000,'
            f'"ord_type":"limit","trade_id":{number},"timestamp":"2023-10-06T17:35:55.440295Z"}}'
            for number in numbers
        )
        told(feed, f'{{"channel":"trade","type":"snapshot","data":[{rows}]}}'.encode())

    assert [trade.trade_id for trade in feed.trades(BTC)] == [1, 2, 3]
    assert str(feed.trades(BTC)[0].price) == "100.50"


def test_every_recorded_pair_has_its_rules(recorded: Path) -> None:
    feed = MarketFeed(Wanted())
    frames = [
        (recorded / "ws_v2" / "live2026-09-19_instrument_subset.json").read_bytes(),
        *lines(recorded, "kasync_instrument.jsonl"),
    ]
    told(feed, *frames)

    tiny = feed.instrument("BNKR/USD")
    assert tiny is not None
    assert (tiny.tick, tiny.places.price, tiny.min_qty) == (Decimal("1E-7"), 7, Decimal(20_000))
    assert feed.instrument("ETH/BTC") is not None


def test_an_odd_row_takes_no_other_pair_away() -> None:
    feed = MarketFeed(Wanted())
    odd = b'{"symbol":"ODD/USD","status":"online"},'
    told(feed, INSTRUMENTS.replace(RULES, odd + RULES))

    assert feed.instrument(BTC) is not None
    assert feed.instrument("ODD/USD") is None


def test_a_status_that_is_new_to_us_is_kept_as_it_is() -> None:
    feed = MarketFeed(Wanted())
    told(feed, INSTRUMENTS.replace(b'"online"', b'"half_open"'))

    rules = feed.instrument(BTC)
    assert rules is not None
    assert rules.status == "half_open"


def test_what_the_line_knows_of_silence_is_a_doubt_of_every_price(recorded: Path) -> None:
    feed = MarketFeed(Wanted(tickers=(BTC,)))
    told(feed, *lines(recorded, "kasync_ticker.jsonl"))
    before = feed.price(BTC, now=NOW)
    feed.is_silent = lambda: False
    after = feed.price(BTC, now=NOW)

    assert before is not None
    assert after is not None
    assert before.doubts == {Doubt.SOCKET_SILENT}
    assert not after.doubts


def test_an_age_is_never_negative(recorded: Path) -> None:
    feed = MarketFeed(Wanted(books=(BTC,)))
    told(feed, INSTRUMENTS, *lines(recorded, "kasync_book.jsonl")[1:2], at=1e12)
    feed_price = feed.price(BTC, now=NOW - timedelta(days=3000))

    assert feed_price is None or feed_price.age >= timedelta()


def test_a_channel_of_somebody_else_is_left_to_them() -> None:
    assert not MarketFeed(Wanted()).hear(b"executions", b"{}", 1.0)


def ticker_frame(kind: str, bid: str) -> bytes:
    return (
        f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"BTC/USD","bid":{bid},'
        f'"bid_qty":1,"ask":101.0,"ask_qty":1,"last":100.5,"volume":1,"vwap":1}}]}}'
    ).encode()


@pytest.mark.parametrize(("bid", "patience"), [("100.0", 300.0), ("99.0", 30.0)])
def test_a_ticker_that_is_told_anew_as_it_was_was_only_calm(bid: str, patience: float) -> None:
    feed = MarketFeed(Wanted(tickers=(BTC,)))
    [pulse] = [wish.pulse for topic, wish in feed.topics.states.items() if topic.symbol]
    pulse.heard_at = 0.0
    pulse.restart(0.0)
    for second in range(12):
        told(feed, ticker_frame("update", "100.0"), at=10.0 * second)
    pulse.judge(110.0 + 200, Patience())
    told(feed, ticker_frame("snapshot", bid), at=110.0 + 200)

    assert pulse.patience(Patience()) == patience


def test_an_old_trade_that_is_told_anew_prints_through_nothing() -> None:
    row = (
        b'"data":[{"symbol":"BTC/USD","side":"buy","price":200.0,"qty":1,"ord_type":"limit",'
        b'"trade_id":7,"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
    )
    feed = MarketFeed(Wanted(tickers=(BTC,), trades=(BTC,)))
    feed.is_silent = lambda: False
    told(feed, b'{"channel":"trade","type":"update",' + row, at=1.0)
    told(feed, ticker_frame("snapshot", "100.0"), at=2.0)
    told(feed, b'{"channel":"trade","type":"snapshot",' + row, at=30.0)

    found = feed.price(BTC, now=NOW)
    assert found is not None
    assert found.doubts == frozenset()


def test_a_book_whose_snapshot_never_came_is_found_silent_and_asked_for_again(
    recorded: Path,
) -> None:
    """U-STR-4: updates alone make no book, however many come."""
    feed = MarketFeed(Wanted(books=(BTC,)))
    _, *updates = book_frames(recorded)
    told(feed, INSTRUMENTS, at=feed.topics.states[topic_of(feed, "book")].asked_at)
    at = feed.topics.states[topic_of(feed, "book")].asked_at
    [(req_id, _)] = [
        each
        for each in feed.topics.requests(at, ids=itertools.count(1), is_ready=feed.is_ready)
        if each[1].topics[0].channel == "book"
    ]
    feed.topics.answered(req_id, symbol=BTC, error=None)
    for number, each in enumerate(updates[:20]):
        told(feed, each, at=at + number)

    assert feed.topics.silent(at + 20) == [topic_of(feed, "book")]
