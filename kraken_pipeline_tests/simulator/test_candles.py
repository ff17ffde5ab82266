"""The walk inside a candle."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import Candle

PRICES = st.integers(1, 5000)


@st.composite
def made(draw: st.DrawFn) -> Candle:
    prices = [draw(PRICES) for _ in range(4)]
    return Candle(
        time=1200,
        seconds=60,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[3],
        vwap=prices[1],
        volume=draw(st.integers(1, 10**12)),
        count=draw(st.integers(1, 90)),
    )


@given(made(), st.floats(1200, 1260), st.floats(1200, 1260))
def test_a_candle_only_grows(candle: Candle, one: float, other: float) -> None:
    before, after = (candles.begun(candle, at) for at in sorted((one, other)))

    assert before.high <= after.high <= candle.high
    assert before.low >= after.low >= candle.low
    assert before.volume <= after.volume <= candle.volume
    assert before.count <= after.count


@given(made())
def test_at_its_end_it_is_whole(candle: Candle) -> None:
    assert candles.begun(candle, 1260) == candle


@given(made(), st.floats(1200, 1260))
def test_legs_before_and_after_a_time_carry_the_whole_volume(candle: Candle, at: float) -> None:
    every = [*candles.legs(candle, 1200, at), *candles.legs(candle, at, 1260)]

    assert sum(leg.volume for leg in every) == candle.volume
    assert all(before.price_to == after.price_from for before, after in pairwise(every))
