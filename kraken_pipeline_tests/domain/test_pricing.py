"""The limit of an order: on the tick, and never past the bound."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.pricing import limit_price

PRICES = st.decimals(min_value="0.0000001", max_value="1000000", places=10).filter(bool)
TICKS = st.sampled_from(["0.1", "0.01", "0.00001", "1e-10", "0.25", "1"]).map(Decimal)


@given(price=PRICES, tick=TICKS, bps=st.integers(0, 1000), side=st.sampled_from(Side))
def test_a_limit_is_on_the_tick_within_the_bound_and_next_to_it(
    price: Decimal, tick: Decimal, bps: int, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    bound = price * (10_000 + away * bps) / 10_000
    assume(bound >= tick)

    limit = limit_price(side, Price(price), max_slippage_bps=bps, tick=tick)

    assert limit % tick == 0
    assert 0 <= (bound - limit) * away < tick


@given(price=PRICES, tick=TICKS, bps=st.integers(0, 999), side=st.sampled_from(Side))
def test_a_wider_bound_never_gives_a_better_limit(
    price: Decimal, tick: Decimal, bps: int, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    assume(price * (10_000 - bps - 1) / 10_000 >= tick)
    near, far = (
        limit_price(side, Price(price), max_slippage_bps=each, tick=tick) for each in (bps, bps + 1)
    )

    assert (far - near) * away >= 0


def test_a_buy_below_the_first_tick_has_no_price() -> None:
    with pytest.raises(InvalidValueError, match=r"no buy price on tick 0\.1 within 50 bps"):
        limit_price(Side.BUY, Price(Decimal("0.05")), max_slippage_bps=50, tick=Decimal("0.1"))


def test_a_sell_is_never_offered_for_nothing() -> None:
    lowest = limit_price(
        Side.SELL, Price(Decimal("0.05")), max_slippage_bps=9000, tick=Decimal("0.1")
    )

    assert lowest == Decimal("0.1")
