"""Stops that Kraken made for fills of ours: taken into the books as orders of ours (OMS-14).

A conditional close gives each fill a stop of its own, with no word of ours on it but the id of the
order that filled. Until such a stop is in the books, what it sells would be somebody else's sale.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import TRIGGERED, Purpose, Trigger
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.protection import role_of_child
from kraken_pipeline.domain.reductions import Reduction, reduction_of
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.hear import HearDesk, hear
from kraken_pipeline.services.ports.exchange import Account, Clock
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.ports.protection import Protecting, ProtectionStore

LOOK_BACK: Final = timedelta(minutes=1)
"""An order may carry a time of the exchange's that is a little before ours."""
SHOWS_WITHIN: Final = timedelta(seconds=60)
"""How long after a fill was heard the stop that Kraken made for it may not show yet.

Source: U-DUP-7, F-RD-1: reads lag by so much.
"""
LOOKED_FOR: Final = timedelta(minutes=10)
"""How long after a fill was heard its stop is looked for."""


class Adopting(Protocol):
    """Where stops that the exchange made are written."""

    def next_attempt(self, intent: IntentId, purpose: Purpose) -> int:
        """Return which attempt of an intent for a purpose would be the next; 1 for the first."""
        ...

    def adopt(self, order: Order, *, why: str) -> bool:
        """Write an order that the exchange made for one of ours, as it is; False if it is known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildDesk:
    """What adopting needs."""

    account: Account
    orders: OrderStore
    halts: HaltStore
    protections: ProtectionStore
    clock: Clock


def adopt_children(desk: ChildDesk) -> int:
    """Take what Kraken made for fills of ours into the books, with what became of it.

    The exchange is asked only while a fill of late has no stop in the books.

    Returns:
        How many were new.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    waiting = {
        str(each.kraken_order_id): each
        for each in desk.protections.closing_since(desk.clock() - LOOKED_FOR)
        if desk.protections.closed_qty(each.local_id) < each.filled_qty
    }
    if not waiting:
        return 0
    since = min(each.created_at for each in waiting.values()) - LOOK_BACK
    # one that ended between the two reads is in both; the later one is right
    shown = {
        each.kraken_order_id: each
        for each in (*desk.account.open_orders(), *desk.account.closed_orders(since=since))
        if each.parent_id in waiting
    }
    hearing = HearDesk(orders=desk.orders, halts=desk.halts, clock=desk.clock)
    return sum(
        adopt_child(hearing, desk.protections, waiting[str(each.parent_id)], each)
        for each in shown.values()
    )


def awaits_children(desk: Protecting, entry: Order, *, now: datetime) -> bool:
    """Tell whether Kraken may have made a stop for a fill of an entry that does not show yet.

    Whatever else is sold of it meanwhile could be sold twice.
    """
    return (
        entry.close is not None
        and now - entry.updated_at <= SHOWS_WITHIN
        and desk.closed_qty(entry.local_id) < entry.filled_qty
    )


def adopt_child(
    hearing: HearDesk, protections: Adopting, entry: Order, report: OrderReport
) -> bool:
    """Take one stop that the exchange made for a fill into the books; False if it is known.

    Args:
        hearing: what hearing of it needs.
        protections: where it is written.
        entry: the order that filled.
        report: of the stop.
    """
    attempt = protections.next_attempt(entry.intent_id, Purpose.PROTECT)
    child = _child(entry, report, attempt=attempt, now=hearing.clock())
    if not protections.adopt(child, why=f"it closes a fill of {entry.local_id}"):
        return False
    hear(hearing, child, report, source="poll")
    return True


def _child(entry: Order, report: OrderReport, *, attempt: int, now: datetime) -> Order:
    trigger = report.trigger_price if report.order_type in TRIGGERED else None
    what = Reduction(
        purpose=Purpose.PROTECT,
        role=role_of_child(report.kraken_order_id),
        qty=report.qty,
        order_type=report.order_type,
        time_in_force="GTC",
        limit_price=Price(report.limit_price or trigger or entry.limit_price),
        trigger=None if trigger is None else Trigger(price=Price(trigger)),
    )
    planned = reduction_of(entry, what, attempt=attempt, now=now)
    return replace(planned, state=State.LIVE, kraken_order_id=report.kraken_order_id)
