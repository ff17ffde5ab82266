"""What an order says of itself."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.orders import Distance, Order, Trigger, stop_of

TICK = Decimal("0.1")
ICEBERG = Order(
    id="O1",
    pair="XXBTZUSD",
    side=Side.SELL,
    ordertype="iceberg",
    price=Decimal(50_000),
    volume=Decimal(1),
    display=Decimal("0.3"),
    opened=datetime(2026, 10, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("executed", "shown"),
    [("0", "0.3"), ("0.1", "0.2"), ("0.3", "0.3"), ("0.65", "0.25"), ("0.9", "0.1"), ("1", "0")],
)
def test_an_iceberg_shows_its_next_part_when_one_is_gone(executed: str, shown: str) -> None:
    assert replace(ICEBERG, executed=Decimal(executed)).shown == Decimal(shown)


@pytest.mark.parametrize(
    ("ordertype", "side", "above"),
    [
        ("stop-loss", Side.SELL, False),
        ("stop-loss-limit", Side.BUY, True),
        ("take-profit", Side.SELL, True),
        ("take-profit-limit", Side.BUY, False),
        ("trailing-stop", Side.SELL, False),
        ("trailing-stop-limit", Side.BUY, True),
    ],
)
def test_a_stop_fires_against_the_order_and_a_profit_with_it(
    ordertype: str,
    side: Side,
    above: bool,  # noqa: FBT001 a parameter of a test
) -> None:
    assert replace(ICEBERG, ordertype=ordertype, side=side).fires_above is above


@given(
    amount=st.integers(1, 99),
    percent=st.booleans(),
    peak=st.integers(1, 10**6),
    above=st.booleans(),
)
def test_a_stop_lies_behind_the_peak_and_on_the_tick(
    amount: int,
    percent: bool,  # noqa: FBT001 a parameter of a test
    peak: int,
    above: bool,  # noqa: FBT001 a parameter of a test
) -> None:
    best, trail = peak * TICK, Distance(amount=Decimal(amount), percent=percent)

    stop = stop_of(trail, best, TICK, above=above)

    assert stop % TICK == 0
    assert stop >= best if above else stop <= best


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (ICEBERG, 50_000),
        (replace(ICEBERG, price=None, expected=Decimal(51_000)), 51_000),
        (replace(ICEBERG, price=None, in_quote=True), 1),
        (replace(ICEBERG, price=None, trigger=Trigger(price=Decimal(45_000))), 45_000),
        (
            replace(
                ICEBERG,
                price=None,
                trigger=Trigger(price=Decimal(45_000), offset=Distance(amount=Decimal(500))),
            ),
            45_500,
        ),
    ],
)
def test_an_order_is_held_for_the_price_that_it_may_cost(order: Order, price: int) -> None:
    assert order.price_held == price
