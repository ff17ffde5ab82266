from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.holds import Hold, unexplained_holds
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import pair

XBT, USD = Asset("XBT"), Asset("USD")
PAIRS = {"XBTUSD": pair(name="XBTUSD", base=XBT, quote=USD)}
STEPS = {USD: Decimal("0.0001"), XBT: Decimal("0.0000000001")}
AMOUNTS = st.decimals(min_value="0.0001", max_value=100, places=8)


def report(**changes: Any) -> OrderReport:  # noqa: ANN401 - any field
    told: dict[str, Any] = {
        "kraken_order_id": "K1",
        "cl_ord_id": None,
        "pair": "XBTUSD",
        "side": Side.BUY,
        "order_type": "limit",
        "status": "open",
        "qty": Qty(Decimal("0.01")),
        "filled_qty": Qty(ZERO),
        "limit_price": Decimal(50_000),
        "avg_fill_price": None,
        "fee": ZERO,
        "opened_at": datetime(2024, 1, 1, tzinfo=UTC),
        "reason": "",
    }
    return OrderReport(**{**told, **changes})


def holds(held: dict[Asset, Decimal], *reports: OrderReport) -> tuple[Hold, ...]:
    return unexplained_holds(held, reports, PAIRS, STEPS)


def test_a_buy_holds_its_quote_and_a_sell_its_base() -> None:
    held = {USD: Decimal(500), XBT: Decimal("0.2")}

    assert holds(held, report(), report(side=Side.SELL, qty=Qty(Decimal("0.2")))) == ()


def test_what_filled_is_not_held_any_more() -> None:
    part_filled = report(filled_qty=Qty(Decimal("0.004")))

    assert holds({USD: Decimal(300)}, part_filled) == ()


def test_more_and_less_than_the_orders_need_are_both_unexplained() -> None:
    for amount in (Decimal("500.001"), Decimal("499.999"), ZERO):
        [hold] = holds({USD: amount}, report())
        assert (hold.asset, hold.held, hold.needed) == (USD, amount, Decimal(500))


def test_a_hold_without_any_order_is_unexplained() -> None:
    [hold] = holds({XBT: Decimal("0.0000000001")})

    assert str(hold) == "held=0.0000000001, needed=0"


def test_an_order_without_a_limit_leaves_its_asset_out() -> None:
    held = {USD: Decimal(123), XBT: Decimal(1)}

    [hold] = holds(held, report(order_type="market", limit_price=None))

    assert hold.asset == XBT


def test_an_order_on_a_pair_that_is_not_listed_leaves_everything_out() -> None:
    assert holds({USD: Decimal(123)}, report(pair="OLDUSD")) == ()


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=8))
def test_holds_that_are_rounded_order_by_order_are_explained(
    orders: list[tuple[Decimal, Decimal]],
) -> None:
    reports = [report(qty=Qty(qty), limit_price=price) for qty, price in orders]
    held = sum(((qty * price).quantize(STEPS[USD]) for qty, price in orders), ZERO)

    assert holds({USD: held}, *reports) == ()
