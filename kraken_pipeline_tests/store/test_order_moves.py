"""What a move writes of an order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ImpossibleFactError
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Trigger
from kraken_pipeline.domain.orders import Event, Fact, Order, State, advance
from kraken_pipeline.store.order_moves import CHANGING
from kraken_pipeline.store.order_rows import order_row
from kraken_pipeline_tests.builders import event, order

CHANGE = Amendment(
    qty=Qty(Decimal("0.003")),
    limit_price=Price(Decimal(50300)),
    trigger_price=Price(Decimal(49000)),
    display_qty=None,
    post_only=False,
)
KNOWN = order(
    amending=CHANGE, trigger=Trigger(price=Price(Decimal(48000))), kraken_order_id="OX", version=3
)


def heard(start: Order, fact: Fact) -> Event:
    """Return a fact that tells of everything that a fact can tell of."""
    return event(
        fact,
        at=start.updated_at + timedelta(seconds=1),
        detail="why",
        kraken_order_id=start.kraken_order_id or "OX",
        filled_qty=Qty(Decimal("0.001")),
        avg_fill_price=Price(Decimal(50100)),
        fee=Decimal("0.2"),
        deadline=start.updated_at + timedelta(seconds=5),
        amendment=CHANGE,
    )


@pytest.mark.parametrize("start", [order(), KNOWN], ids=["new", "changing"])
def test_a_move_changes_no_column_that_it_does_not_write(start: Order) -> None:
    changed: set[str] = set()
    for state, fact in product(State, Fact):
        at = replace(start, state=state)
        try:
            now = order_row(advance(at, heard(at, fact)))
        except ImpossibleFactError:
            continue
        changed |= {name for name, each in now.items() if each != order_row(at)[name]}

    assert changed
    assert changed <= CHANGING
