"""When triggers fire: our way along the market beside one that looks at every print."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator import candles, catalog
from kraken_pipeline.simulator.candles import MINUTE, Candle
from kraken_pipeline.simulator.orders import Distance
from kraken_pipeline.simulator.triggers import Watch, has_index, reached, watched

PAIR = catalog.pair("XBT", "USD")
STEP = 10 ** (PAIR.price_decimals - PAIR.pair_decimals)


@st.composite
def paths(draw: st.DrawFn) -> list[Candle]:
    """Return some minutes around 100 ticks, with gaps between them and inside of them."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        prices = draw(st.lists(st.integers(80, 120), min_size=4, max_size=4))
        body = prices[:2]
        made.append(
            Candle(
                time=number * MINUTE,
                seconds=MINUTE,
                open=body[0] * STEP,
                close=body[1] * STEP,
                high=max(prices) * STEP,
                low=min(prices) * STEP,
                vwap=body[0] * STEP,
                volume=1000,
                count=draw(st.integers(0, 25)),
                step=STEP,
            )
        )
    return made


@st.composite
def watches(draw: st.DrawFn) -> Watch:
    above = draw(st.booleans())
    tick = PAIR.tick
    if draw(st.booleans()):
        return Watch(pair=PAIR, above=above, stop=draw(st.integers(75, 125)) * tick)
    percent = draw(st.booleans())
    size = Decimal(draw(st.integers(1, 30)))
    trail = Distance(amount=size if percent else size * tick, percent=percent)
    signed = Distance(amount=trail.amount if above else -trail.amount, percent=percent)
    peak = 100 * tick
    return Watch(pair=PAIR, above=above, stop=signed.from_(peak, tick), trail=trail, peak=peak)


@dataclass
class Naive:
    """Looks at every print and forgets nothing."""

    above: bool
    stop: Decimal
    trail: Distance | None
    peak: Decimal | None

    def fires_at(self, price: Decimal) -> bool:
        if (self.above and price >= self.stop) or (not self.above and price <= self.stop):
            return True
        if self.trail is not None and self.peak is not None:
            if (price > self.peak) is not self.above and price != self.peak:
                self.peak = price
            share = self.peak * self.trail.amount / 100 if self.trail.percent else self.trail.amount
            self.stop = round_to_tick(self.peak + share if self.above else self.peak - share)
        return False


def round_to_tick(price: Decimal) -> Decimal:
    return Distance(amount=Decimal(0)).from_(price, PAIR.tick)


def naive_firing(
    watch: Watch, path: list[Candle], start: float, end: float
) -> tuple[float, Decimal] | None:
    naive = Naive(watch.above, watch.stop, watch.trail, watch.peak)
    for candle in path:
        first = candles.prints_until(candle, start)
        for number in range(first, candles.prints_until(candle, end)):
            price = PAIR.price(candles.print_price(candle, number))
            if naive.fires_at(price):
                return candles.print_time(candle, number), price
    return None


@given(
    watch=watches(),
    path=paths(),
    start=st.floats(-1, 2 * MINUTE),
    end=st.floats(0, 4 * MINUTE),
)
def test_a_trigger_fires_at_the_first_print_that_reaches_it(
    watch: Watch, path: list[Candle], start: float, end: float
) -> None:
    firing = watched(watch, path, start, end).firing

    assert (firing and (firing.at, firing.last)) == naive_firing(watch, path, start, end)


def test_a_price_that_is_better_than_the_peak_while_it_falls_moves_the_stop() -> None:
    falls = Candle(
        time=0, seconds=MINUTE, open=118 * STEP, high=118 * STEP, low=84 * STEP, close=84 * STEP,
        vwap=100 * STEP, volume=1000, count=20, step=STEP,
    )  # fmt: skip
    trail = Distance(amount=10 * PAIR.tick)
    watch = Watch(pair=PAIR, above=False, stop=90 * PAIR.tick, trail=trail, peak=100 * PAIR.tick)

    seen = watched(watch, [falls], 10, MINUTE)
    short = watched(watch, [falls], 10, 15)

    assert seen.firing is not None
    assert (seen.firing.at, seen.firing.last) == naive_firing(watch, [falls], 10, MINUTE)
    assert seen.firing.last > 95 * PAIR.tick
    assert short.watch.peak == PAIR.price(candles.print_price(falls, 3))


@given(watch=watches(), path=paths(), looks=st.lists(st.floats(0, 4 * MINUTE), max_size=6))
def test_it_does_not_matter_how_often_one_looks(
    watch: Watch, path: list[Candle], looks: list[float]
) -> None:
    once, often, before = watched(watch, path, -1, 4 * MINUTE), watch, -1.0
    for look in sorted([*looks, 4 * MINUTE]):
        seen = watched(often, path, before, look)
        before, often = look, seen.watch
        if seen.firing is not None:
            break

    assert seen.firing == once.firing
    assert once.firing is not None or often == once.watch


@given(watch=watches(), path=paths())
def test_a_trailing_stop_only_ever_comes_closer(watch: Watch, path: list[Candle]) -> None:
    after = watched(watch, path, -1, 4 * MINUTE).watch

    assert after.stop <= watch.stop if watch.above else after.stop >= watch.stop


@pytest.mark.parametrize(
    ("base", "quote", "has"), [("XBT", "USD", True), ("SOL", "USDT", True), ("ETH", "XBT", False)]
)
def test_crypto_against_crypto_has_no_index(base: str, quote: str, has: bool) -> None:  # noqa: FBT001 a parameter of a test
    assert has_index(catalog.pair(base, quote)) is has


@pytest.mark.parametrize("above", [True, False])
def test_a_trigger_fires_at_its_very_price(above: bool) -> None:  # noqa: FBT001 a parameter
    watch = Watch(pair=PAIR, above=above, stop=100 * PAIR.tick)
    beyond = -1 if above else 1

    assert reached(watch, watch.stop)
    assert not reached(watch, watch.stop + beyond * PAIR.tick)
