"""The walk inside the candles of many pairs, held against the walk inside one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles, walk
from kraken_pipeline.simulator.candles import Candle

PRICES = st.integers(1, 30)
LARGE = st.integers(1, 10**12)


@st.composite
def made(draw: st.DrawFn) -> Candle:
    step = draw(st.sampled_from([1, 10]))
    prices = [draw(PRICES | LARGE) * step for _ in range(4)]
    count = draw(st.integers(0, 9) | st.integers(0, 6000))
    return Candle(
        time=1200,
        seconds=60,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[3],
        vwap=prices[1],
        volume=draw(st.integers(1, 10**14)) if count else 0,
        count=count,
        step=step,
    )


def inside(candle: Candle, at: float) -> walk.Walk:
    panel = candles.joined([candles.column([candle])]).of(None)
    return walk.walked(panel, candle.seconds, at)


@given(made(), st.floats(1200, 1260))
def test_many_candles_stand_as_each_does(candle: Candle, at: float) -> None:
    begun = inside(candle, at).begun(candle.step)

    assert begun.of(0).row(0, 60, candle.step) == candles.begun(candle, at)


@given(made(), st.floats(1200, 1260))
def test_the_last_volumes_are_those_of_the_prints(candle: Candle, at: float) -> None:
    last = max(candles.prints_until(candle, at) - 1, 0)

    assert inside(candle, at).last_volume().tolist() == [[candles.print_volume(candle, last)]]


def test_a_row_depends_on_its_own_candle_alone() -> None:
    prices = np.random.default_rng(1).integers(1, 10**6, (50, 4))
    rows = [
        Candle(
            time=1200,
            seconds=60,
            open=int(p[0]),
            high=int(p.max()),
            low=int(p.min()),
            close=int(p[3]),
            vwap=int(p[1]),
            volume=int(p.sum()),
            count=number,
        )
        for number, p in enumerate(prices)
    ]
    columns = candles.column(rows)
    panel = candles.Candles(
        **{n: getattr(columns, n)[:, None] for n in candles.NAMES if n != "time"},
        time=np.array([1200]),
    )

    begun = walk.walked(panel, 60, 1233.3).begun()

    alone = [candles.begun(row, 1233.3) for row in rows]
    assert [begun.of(n).row(0, 60) for n in range(len(rows))] == alone
