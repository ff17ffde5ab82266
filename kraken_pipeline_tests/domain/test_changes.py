"""No change of an order that rests ever needs more than is reserved for it."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.changes import against_change, opens_more, sells_more
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Trigger
from kraken_pipeline.domain.orders import Event, Fact, Order, State, advance
from kraken_pipeline_tests.builders import NOW, order

AMOUNTS = st.integers(1, 40).map(lambda each: Qty(Decimal(each) / 10))
PRICES = st.integers(1, 40).map(lambda each: Price(Decimal(each) * 100))
ONE = Qty(Decimal(1))
CHEAPER_AND_LARGER = Amendment(qty=Qty(Decimal(2)), limit_price=Price(Decimal(100)))
"""Of one for 200 that rests: it needs no more, unless it fills before it is changed."""
WISHES = st.builds(Amendment, qty=AMOUNTS, limit_price=st.none() | PRICES, post_only=st.booleans())


def _resting(side: Side, *, qty: Decimal, limit: Decimal, filled: Decimal) -> Order:
    return order(
        state=State.LIVE,
        side=side,
        kraken_order_id="OAAAAA-BBBBB-CCCCCC",
        qty=Qty(qty),
        limit_price=Price(limit),
        filled_qty=Qty(min(filled, qty)),
    )


@given(qty=AMOUNTS, limit=PRICES, filled=AMOUNTS, wish=WISHES)
def test_inv_6_no_change_of_a_buy_needs_more_than_is_reserved(
    qty: Decimal, limit: Decimal, filled: Decimal, wish: Amendment
) -> None:
    before = _resting(Side.BUY, qty=qty, limit=limit, filled=filled)
    if against_change(before, wish):
        return

    asked = advance(before, Event(fact=Fact.AMEND_STARTED, at=NOW, source="t", amendment=wish))
    after = advance(asked, Event(fact=Fact.AMENDED, at=NOW, source="t"))

    assert after.open_notional <= before.open_notional
    assert asked.open_notional == before.open_notional


@example(
    qty=ONE,
    limit=Price(Decimal(200)),
    filled=Qty(Decimal(0)),
    wish=CHEAPER_AND_LARGER,
    meanwhile=Qty(Decimal("0.9")),
)
@given(qty=AMOUNTS, limit=PRICES, filled=AMOUNTS, wish=WISHES, meanwhile=AMOUNTS)
def test_inv_6_what_fills_before_a_change_of_a_buy_is_made_costs_no_more_either(
    qty: Decimal, limit: Decimal, filled: Decimal, wish: Amendment, meanwhile: Decimal
) -> None:
    before = _resting(Side.BUY, qty=qty, limit=limit, filled=filled)
    if against_change(before, wish):
        return

    at_the_old_price = min(meanwhile, before.open_qty)
    changed_qty = (wish.qty or before.qty) - before.filled_qty - at_the_old_price
    at_the_new_price = max(changed_qty, Decimal(0)) * (wish.limit_price or before.limit_price)

    assert at_the_old_price * limit + at_the_new_price <= before.open_notional


@given(qty=AMOUNTS, limit=PRICES, filled=AMOUNTS, wish=WISHES)
def test_inv_7_what_opens_no_more_leaves_no_larger_and_no_dearer_buy(
    qty: Decimal, limit: Decimal, filled: Decimal, wish: Amendment
) -> None:
    before = _resting(Side.BUY, qty=qty, limit=limit, filled=filled)
    if opens_more(before, wish):
        return

    asked = advance(before, Event(fact=Fact.AMEND_STARTED, at=NOW, source="t", amendment=wish))
    after = advance(asked, Event(fact=Fact.AMENDED, at=NOW, source="t"))

    assert after.open_qty <= before.open_qty
    assert after.limit_price <= before.limit_price


@given(qty=AMOUNTS, limit=PRICES, filled=AMOUNTS, wish=WISHES)
def test_a_sale_never_opens_and_sells_more_only_where_more_may_fill(
    qty: Decimal, limit: Decimal, filled: Decimal, wish: Amendment
) -> None:
    before = _resting(Side.SELL, qty=qty, limit=limit, filled=filled)
    asked = advance(before, Event(fact=Fact.AMEND_STARTED, at=NOW, source="t", amendment=wish))

    assert not opens_more(before, wish)
    assert sells_more(before, wish) is (asked.open_qty > before.open_qty)


def test_a_trigger_that_moves_may_buy_sooner() -> None:
    stop = order(
        state=State.LIVE,
        order_type="stop-loss",
        trigger=Trigger(price=Price(Decimal(60_000))),
        kraken_order_id="OAAAAA-BBBBB-CCCCCC",
    )
    wish = Amendment(trigger_price=Price(Decimal(55_000)))

    assert opens_more(stop, wish)
    assert against_change(stop, wish) == ()


@pytest.mark.parametrize(
    ("order_type", "codes"), [("stop-loss", ["AMEND_RESERVATION"]), ("stop-loss-limit", [])]
)
def test_inv_6_a_buy_that_nothing_but_its_trigger_bounds_may_not_come_to_fire_higher(
    order_type: str, codes: list[str]
) -> None:
    stop = order(
        state=State.LIVE,
        order_type=order_type,
        trigger=Trigger(price=Price(Decimal(60_000))),
        kraken_order_id="OAAAAA-BBBBB-CCCCCC",
    )
    wish = Amendment(trigger_price=Price(Decimal(60_001)))

    assert [each.code for each in against_change(stop, wish)] == codes


@pytest.mark.parametrize("state", sorted(set(State) - {State.LIVE}))
def test_only_what_rests_with_nothing_under_way_is_changed(state: State) -> None:
    objections = against_change(
        order(state=state, kraken_order_id="OAAAAA-BBBBB-CCCCCC"),
        Amendment(qty=Qty(Decimal("0.001"))),
    )

    assert [each.code for each in objections] == ["AMEND_STATE"]
