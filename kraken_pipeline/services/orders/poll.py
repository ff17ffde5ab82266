"""Our orders by their id at the exchange: as it shows them, so they are in the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kraken_pipeline.domain.account_reports import AmendReport
from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.echoes import may_be_of_before
from kraken_pipeline.services.orders.hear import HearDesk, hear, hear_all
from kraken_pipeline.services.ports.exchange import Account
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.ports.orders import OrderStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDesk(HearDesk):
    """What polling needs."""

    orders: OrderStore
    halts: HaltStore
    account: Account
    unknown_settle: timedelta
    """How long after an order's deadline a read may still miss what the request did."""


def poll(desk: PollDesk, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Read orders by their id at the exchange, all at once, and return them as they are then.

    A change of which nothing came is given up once the exchange cannot make it any more.

    Raises:
        ExchangeError: the exchange did not answer; nothing is written.
    """
    known = [each.kraken_order_id for each in orders if each.kraken_order_id]
    asked_at = desk.clock()
    reports = desk.account.orders(known) if known else {}
    shown = [each for each in orders if each.kraken_order_id in reports]
    told = [(each, reports[str(each.kraken_order_id)]) for each in shown]
    heard = {each.local_id: each for each in hear_all(desk, told, source="poll")}
    for order in orders:
        is_late = asked_at > order.updated_at + desk.unknown_settle
        if order.kraken_order_id and order.local_id not in heard and is_late:
            desk.halts.latch(
                HaltKind.CONTRADICTION,
                reason=f"{order.local_id}: the exchange knows no {order.kraken_order_id}",
                at=desk.clock(),
                by="poll",
            )
    return tuple(
        _change_settled(desk, heard[each.local_id], reports[str(each.kraken_order_id)], asked_at)
        if each.local_id in heard
        else each
        for each in orders
    )


def _change_settled(desk: PollDesk, order: Order, report: OrderReport, asked_at: datetime) -> Order:
    """Look into an order's history where the order alone does not tell whether a change was made.

    That is where it asks for what the order was of late, and where nothing shows it in time: the
    engine takes the request until its deadline, and a read may lag behind the engine.
    """
    asked = order.amending
    deadline = order.deadline or order.updated_at
    is_over = asked_at > deadline + desk.unknown_settle
    if asked is None or not (is_over or may_be_of_before(desk, order, report)):
        return order
    if _is_made(desk.account.amends(str(order.kraken_order_id)), asked):
        # if the order does not show it yet, it will: the one read lags behind the other
        return hear(desk, order, report, source="poll", is_change_proven=True)
    if not is_over:
        return order
    event = Event(
        fact=Fact.AMEND_REFUSED,
        at=desk.clock(),
        source="poll",
        detail=f"not made by {deadline.isoformat()}: neither the order nor its history shows it",
    )
    try:
        return desk.orders.record(order, event)
    except ConflictError:
        return desk.orders.order(order.local_id)


def _is_made(history: Sequence[AmendReport], asked: Amendment) -> bool:
    """Tell whether a change is the last one; only one is ever under way."""
    if not history or history[-1].kind == "original":
        return False
    last = history[-1]
    return (
        asked.qty in {None, last.qty}
        and asked.limit_price in {None, last.limit_price}
        and asked.trigger_price in {None, last.trigger_price}
    )
