"""Another attempt at a wish whose order was not taken: when, how often, and under which name."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.ids import cl_ord_id, local_order_id
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import Order, State

MOST_ATTEMPTS: Final = 5
"""At one wish that the exchange turned away unread."""
FIRST_PAUSE: Final = timedelta(seconds=2)
"""Before the second attempt; twice as long before each further one."""


def is_own(order: Order) -> bool:
    """Tell whether an order is attempted again here.

    Whoever places stops replaces them itself, and a rehearsal is over when it is.
    """
    return order.parent_id is None and order.namespace is Namespace.TRADE


def next_attempt(order: Order, *, now: datetime, qty: Qty | None = None) -> Order:
    """Return the next attempt at what an order was for, as a plan of the same age.

    Args:
        order: that was not taken.
        now: when it is planned.
        qty: what is left of it, in base; None for all.

    Source: OMS-1: each attempt has a `cl_ord_id` of its own.
    """
    attempt = order.attempt + 1
    return replace(
        order,
        local_id=local_order_id(order.intent_id, attempt),
        cl_ord_id=cl_ord_id(order.intent_id, attempt),
        attempt=attempt,
        qty=order.qty if qty is None else qty,
        state=State.PLANNED,
        version=0,
        deadline=None,
        last_error=None,
        updated_at=now,
    )


def may_leave_at(order: Order) -> datetime:
    """Return from when an attempt may be sent: the first at once, later ones after a pause."""
    if order.attempt == 1 or not is_own(order):
        return order.updated_at
    return order.updated_at + FIRST_PAUSE * (1 << (order.attempt - 2))
