"""Orders that sell what an entry of ours bought, without a decision of their own."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from kraken_pipeline.domain.ids import cl_ord_id, local_order_id
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import Purpose, Trigger
from kraken_pipeline.domain.orders import Order, State

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""When a stop gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """What is to be sold, and how."""

    purpose: Purpose
    role: str
    """Tells its ids from those of other orders of the same intent."""
    qty: Qty
    """In base."""
    order_type: str
    time_in_force: str
    limit_price: Price
    """The worst price that it may, or should, sell at; in quote per base."""
    trigger: Trigger | None = None
    expires_at: datetime = NEVER


def reduction_of(entry: Order, what: Reduction, *, attempt: int, now: datetime) -> Order:
    """Return the order that sells what an entry bought; it stands under the entry's intent.

    Args:
        entry: whose holding is sold.
        what: how much and how.
        attempt: of the intent for that purpose, from 1.
        now: when it is planned.
    """
    return replace(
        entry,
        local_id=local_order_id(entry.intent_id, attempt, role=what.role),
        cl_ord_id=cl_ord_id(entry.intent_id, attempt, role=what.role),
        purpose=what.purpose,
        attempt=attempt,
        side=Side.SELL,
        order_type=what.order_type,
        time_in_force=what.time_in_force,
        post_only=False,
        qty=what.qty,
        limit_price=what.limit_price,
        trigger=what.trigger,
        close=None,
        stop_distance=ZERO,
        expires_at=what.expires_at,
        parent_id=entry.local_id,
        state=State.PLANNED,
        version=0,
        deadline=None,
        kraken_order_id=None,
        filled_qty=NOTHING,
        avg_fill_price=None,
        fee=ZERO,
        last_error=None,
        amending=None,
        created_at=now,
        updated_at=now,
    )
