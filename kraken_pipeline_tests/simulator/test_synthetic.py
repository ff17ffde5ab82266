"""The made-up market."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles, market
from kraken_pipeline.simulator.candles import HOUR, MINUTE
from kraken_pipeline.simulator.synthetic import SyntheticMarket

MARKET = SyntheticMarket(1)
START = 1_790_812_800
EXACT = ("time", "open", "high", "low", "close", "volume", "count")
NAMES = ("XBTUSD", "SOLEUR", "USDTUSD", "WELLUSD", "ETHXBT", "SHIBUSD")


def same(left: candles.Candles, right: candles.Candles, names: tuple[str, ...]) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("minutes", [5, 15, 30, 60, 240, 1440])
def test_all_lengths_agree_with_the_minutes(name: str, minutes: int) -> None:
    pair = MARKET.listing.pair(name)
    assert pair is not None
    stop = START + 2 * 86400

    fine = MARKET.whole(pair, MINUTE, START, stop)
    coarse = MARKET.whole(pair, minutes * MINUTE, START, stop)

    assert same(candles.coarser(fine, minutes * MINUTE), coarse, EXACT)


@pytest.mark.parametrize("name", NAMES)
def test_candles_are_whole_and_meet(name: str) -> None:
    pair = MARKET.listing.pair(name)
    assert pair is not None

    rows = MARKET.whole(pair, MINUTE, START, START + 86400)

    assert (rows.low >= 1).all()
    for price in (rows.open, rows.close, rows.vwap):
        assert ((rows.low <= price) & (price <= rows.high)).all()
    assert np.array_equal(rows.open[1:], rows.close[:-1])
    assert np.array_equal(rows.count == 0, rows.volume == 0)


def test_the_same_seed_gives_the_same_market_however_it_is_asked() -> None:
    pair = MARKET.listing.pair("XBTUSD")
    assert pair is not None
    again = SyntheticMarket(1)
    again.prepare(START + 7 * HOUR)

    for start in (START, START + 300 * HOUR, START - 5 * HOUR):
        asked = MARKET.whole(pair, HOUR, start, start + 300 * HOUR)
        bit_by_bit = [
            again.whole(pair, HOUR, at, at + HOUR) for at in range(start, start + 300 * HOUR, HOUR)
        ]
        assert same(asked, candles.joined(bit_by_bit), candles.NAMES)


def test_another_seed_gives_another_market() -> None:
    pair = MARKET.listing.pair("XBTUSD")
    assert pair is not None

    other = SyntheticMarket(2).whole(pair, HOUR, START, START + 9 * HOUR)

    assert not np.array_equal(other.close, MARKET.whole(pair, HOUR, START, START + 9 * HOUR).close)


@examples(max_examples=30)
@given(offset=st.floats(1, 86_399), name=st.sampled_from(NAMES))
def test_the_running_candle_grows_into_the_whole_one(offset: float, name: str) -> None:
    pair = MARKET.listing.pair(name)
    assert pair is not None
    whole = MARKET.whole(pair, 86_400, START, START + 86_400).row(0, 86_400)

    rows, last = market.served(MARKET, pair, 86_400, START, START + offset)

    running = rows.row(len(rows) - 1, 86_400)
    assert last == START - 86_400
    assert running.open == whole.open
    assert whole.low <= running.low <= running.close <= running.high <= whole.high
    assert running.volume <= whole.volume
    assert running.count <= whole.count


@pytest.mark.parametrize("span", [0.2, MINUTE, 900, HOUR, 5 * HOUR])
@pytest.mark.parametrize("later", [0, 7201.5, 1799.9, 3 * HOUR, 3599.9])
def test_minutes_that_reach_a_price_are_those_that_trade_there(span: float, later: float) -> None:
    pair = MARKET.listing.pair("XBTUSD")
    assert pair is not None
    start, end = START + later, START + later + span
    rows = MARKET.whole(pair, MINUTE, START, START + 12 * HOUR)
    inside = rows[(rows.time + MINUTE > start) & (rows.time < end)]
    lows, highs = sorted(inside.low), sorted(inside.high)

    for low, high in ((lows[-1], highs[-1] + 1), (lows[0] - 1, highs[0]), (lows[0], highs[-1])):
        found = [candle.time for candle in MARKET.reaching(pair, start, end, low=low, high=high)]
        reached = (inside.low <= low) | (inside.high >= high)
        assert found == inside.time[reached].tolist()
    assert not list(MARKET.reaching(pair, start, end, low=lows[0] - 1, high=highs[-1] + 1))


def test_each_hour_is_reached_at_its_own_low_and_high() -> None:
    pair = MARKET.listing.pair("XBTUSD")
    assert pair is not None
    hours = MARKET.whole(pair, HOUR, START, START + 24 * HOUR)

    for opened, low, high in zip(hours.time, hours.low, hours.high, strict=True):
        for bounds in ({"low": low, "high": high + 1}, {"low": low - 1, "high": high}):
            assert list(MARKET.reaching(pair, opened, opened + HOUR, **bounds))


def test_the_prints_of_a_minute_make_its_candle() -> None:
    pair = MARKET.listing.pair("XBTUSD")
    assert pair is not None
    candle = MARKET.finest(pair, START + 600)

    numbers = range(candles.prints_until(candle, START + 660))
    prices = [candles.print_price(candle, number) for number in numbers]

    assert (prices[0], prices[-1]) == (candle.open, candle.close)
    assert (min(prices), max(prices)) == (candle.low, candle.high)
    assert sum(candles.print_volume(candle, number) for number in numbers) == candle.volume
    assert len(prices) == candle.count


def test_there_are_many_pairs_of_many_sizes_and_states() -> None:
    pairs = MARKET.listing.pairs
    dollars = [pair for pair in pairs if pair.quote.altname == "USD"]

    assert len(dollars) >= 520
    assert len(pairs) - len(dollars) >= 120
    assert len({pair.key for pair in pairs}) == len(pairs)
    assert min(pair.daily_usd for pair in dollars) < 10_000
    assert max(pair.daily_usd for pair in dollars) > 1e9
    assert {pair.status for pair in pairs} == {"online", "cancel_only", "post_only"}


def test_prices_agree_across_quotes() -> None:
    close = {}
    for name in ("XBTUSD", "EURUSD", "XBTEUR"):
        pair = MARKET.listing.pair(name)
        assert pair is not None
        close[name] = float(market.last_price(MARKET, pair, START))

    assert close["XBTUSD"] / close["EURUSD"] == pytest.approx(close["XBTEUR"], rel=1e-4)


@pytest.mark.parametrize("seconds", [60, 300, 900, 3600, 14400, 86400])
def test_averages_of_ten_and_twenty_cross_both_ways(seconds: int) -> None:
    crossings: list[int] = []
    for pair in MARKET.listing.pairs[:40]:
        close = MARKET.whole(pair, seconds, START - 300 * seconds, START).close.astype(float)
        fast, slow = (np.convolve(close, np.ones(n) / n, "valid")[-250:] for n in (10, 20))
        above = fast > slow
        crossings.append(sum(before != after for before, after in pairwise(above)))

    assert np.median(crossings) >= 4
    assert np.std(crossings) > 1
