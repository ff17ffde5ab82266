from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.minutes import Running, flat, with_minute
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.domain.trade_bars import TradeBar, joined

FIVE = TIMEFRAMES["5m"]
START = 1_700_000_100 - 1_700_000_100 % 300


def bar(opened_at: int, price: int, qty: int = 1) -> TradeBar:
    one = Price(Decimal(price))
    return TradeBar(
        opened_at=opened_at, open=one, high=one, low=one, close=one, volume=Decimal(qty), trades=qty
    )


def run(minutes: list[TradeBar | None], *, first: int = START) -> Running | None:
    running: Running | None = None
    for number, each in enumerate(minutes):
        running = with_minute(running, each, first + 60 * number, FIVE)
    return running


@given(st.lists(st.none() | st.integers(1, 1000), min_size=5, max_size=5))
def test_minutes_make_the_bar_that_their_trades_make(prices: list[int | None]) -> None:
    minutes = [None if p is None else bar(START + 60 * n, p, p) for n, p in enumerate(prices)]
    running = run(minutes)

    assert running is not None
    assert running.is_whole(FIVE)
    made = joined([each for each in minutes if each is not None], FIVE)
    assert (running.bar,) == (made or (None,))


def test_a_bar_that_lacks_its_first_minutes_is_given_up() -> None:
    assert run([bar(START + 60, 1)], first=START + 60) is None


def test_a_bar_that_lacks_a_minute_is_given_up_until_the_next_one() -> None:
    running = run([bar(START, 1)])
    broken = with_minute(running, None, START + 120, FIVE)
    begun = with_minute(broken, None, START + 300, FIVE)

    assert broken is None
    assert begun == Running(opened_at=START + 300, until=START + 360, bar=None)


def test_a_bar_is_not_whole_before_its_last_minute() -> None:
    running = run([bar(START, 1)] * 4)

    assert running is not None
    assert not running.is_whole(FIVE)


def test_a_flat_bar_repeats_the_price_without_a_trade() -> None:
    assert flat(START, Price(Decimal(7))) == replace(bar(START, 7), volume=Decimal(0), trades=0)
