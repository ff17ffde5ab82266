"""Orders that sell what an entry bought: under its intent, with ids of their own."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Purpose, Trigger
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline_tests.builders import NOW, order

STOP = Reduction(
    purpose=Purpose.PROTECT,
    role="protect",
    qty=Qty(Decimal("0.001")),
    order_type="stop-loss",
    time_in_force="GTC",
    limit_price=Price(Decimal(49_000)),
    trigger=Trigger(price=Price(Decimal(49_500))),
)
ENTRY = order(
    state=State.FILLED,
    filled_qty=Qty(Decimal("0.002")),
    kraken_order_id="O1",
    version=4,
    post_only=True,
)


def stop(attempt: int = 1, entry: Order = ENTRY, what: Reduction = STOP) -> Order:
    return reduction_of(entry, what, attempt=attempt, now=NOW)


def test_it_is_a_new_order_that_sells_and_nothing_of_the_entry_has_happened_to_it() -> None:
    made = stop()

    assert (made.side, made.state, made.version) == (Side.SELL, State.PLANNED, 0)
    assert not made.filled_qty
    assert (made.kraken_order_id, made.deadline, made.post_only) == (None, None, False)
    assert (made.qty, made.trigger, made.purpose) == (STOP.qty, STOP.trigger, Purpose.PROTECT)


def test_it_is_traced_to_the_entry() -> None:
    made = stop()

    assert (made.intent_id, made.plan_id) == (ENTRY.intent_id, ENTRY.plan_id)
    assert made.parent_id == ENTRY.local_id


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_same_attempt_has_the_same_ids_and_another_one_others(one: int, other: int) -> None:
    same = (stop(one).cl_ord_id == stop(other).cl_ord_id) is (one == other)

    assert same
    assert (stop(one).local_id == stop(other).local_id) is (one == other)


@pytest.mark.parametrize("role", ["protect", "reduce", "dust"])
def test_no_role_takes_the_ids_of_the_entry_or_of_another_role(role: str) -> None:
    made = stop(what=replace(STOP, role=role))
    others = [stop(what=replace(STOP, role=each)) for each in ("protect", "reduce", "dust")]

    assert made.cl_ord_id != ENTRY.cl_ord_id
    assert [each.cl_ord_id for each in others].count(made.cl_ord_id) == 1
