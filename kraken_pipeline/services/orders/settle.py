"""What the exchange shows becomes what the books say, and cancels prove themselves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import (
    ConflictError,
    ImpossibleFactError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.fate import READ_SPACING, Read
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import (
    AT_THE_EXCHANGE,
    RESTING,
    Event,
    Fact,
    Order,
    State,
)
from kraken_pipeline.services.orders.poll import poll
from kraken_pipeline.services.orders.search import SearchDesk, find, search, take
from kraken_pipeline.services.ports.gateway import Gateway

CANCELED_AT_ONCE: Final = 50
"""Orders that one request may cancel. Source: kraken/rest.md, CancelOrderBatch."""
CANCEL_PATIENCE: Final = timedelta(minutes=5)
"""How long a cancel is repeated without any effect before a person is called."""
REMEMBERED: Final = timedelta(days=1)
"""How long an order is looked for after a person wrote it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDesk(SearchDesk):
    """What settling needs."""

    gateway: Gateway


def settle(desk: SettleDesk) -> Counter[str]:
    """Bring every order that may be at the exchange up to what the exchange shows.

    What rests past its horizon is canceled, and canceled only when the exchange shows it so. A
    cancel is asked for again until then. Ended orders whose fills do not add up are read again, and
    those that a person wrote off are looked for a day longer.

    Returns:
        State to how many of the orders that were open before are in it now.

    Raises:
        ExchangeError: the exchange did not answer; what was learned until then is written.
    """
    before = _at_work(desk.orders.reserving())
    now = {each.local_id: each for each in before}
    now |= _by_id(search(desk, [each for each in before if each.kraken_order_id is None]))
    now |= _by_id(poll(desk, [each for each in before if each.kraken_order_id is not None]))
    _look_for_written_off(desk)
    _poll_unmatched(desk)
    asked_at = desk.clock()
    late = [each for each in now.values() if _is_to_be_canceled(each, asked_at)]
    now |= _by_id(cancel_many(desk, late))
    return Counter(each.state for each in now.values())


def cancel(desk: SettleDesk, order: Order) -> Order:
    """Cancel one order and return it as the exchange shows it afterwards.

    Raises:
        ImpossibleFactError: the order does not rest at the exchange.
        ExchangeError: the exchange did not answer; the order stays CANCELING until it is polled.
    """
    [seen] = cancel_many(desk, [order])
    return seen


def cancel_many(desk: SettleDesk, orders: Sequence[Order]) -> tuple[Order, ...]:
    """Cancel orders, up to fifty with a request, and return them as they are shown afterwards.

    An answer proves nothing: canceled is what the exchange shows so. One that is asked for in vain
    for too long latches a halt. A refusal, as of an order that is not open any more, is a reason to
    look, and written only if the order is there still.

    Raises:
        ImpossibleFactError: one of them does not rest at the exchange; none was canceled.
        ExchangeError: the exchange did not answer; they stay CANCELING until they are polled.

    Source: OMS-11; F-CAN-1 to F-CAN-3, U-DUP-8.
    """
    if not orders:
        return ()
    for order in orders:
        if order.kraken_order_id is None:
            raise ImpossibleFactError(f"{order.local_id} has no id at the exchange to cancel")
    asked_at = desk.clock()
    canceling = [_canceling(desk, each) for each in orders]
    refused = _ask_to_cancel(desk, canceling)
    seen = poll(desk, canceling)
    for order in seen:
        if order.state is State.CANCELING and asked_at - order.updated_at > CANCEL_PATIENCE:
            desk.halts.latch(
                HaltKind.CONTRADICTION,
                reason=f"{order.local_id} ({order.kraken_order_id}): canceling it has no effect",
                at=asked_at,
                by="settle",
            )
    return tuple(_refused(desk, each, refused, asked_at) for each in seen)


def _ask_to_cancel(desk: SettleDesk, orders: Sequence[Order]) -> Mapping[str, str]:
    """Ask for cancels and return the refusals by our ids. Repeating it is harmless."""
    wanted = [each for each in orders if each.state is State.CANCELING]
    refused: dict[str, str] = {}
    for start in range(0, len(wanted), CANCELED_AT_ONCE):
        some = wanted[start : start + CANCELED_AT_ONCE]
        try:
            if len(some) == 1:
                desk.gateway.cancel(str(some[0].kraken_order_id))
            else:
                desk.gateway.cancel_many([str(each.kraken_order_id) for each in some])
        except OrderRefusedError as refusal:
            refused |= {each.local_id: str(refusal) for each in some}
        except (OutcomeUnknownError, UnexpectedReplyError):
            # it may be done: what is shown says so
            continue
    return refused


def _canceling(desk: SettleDesk, order: Order) -> Order:
    """Write that a cancel leaves, on whatever became of the order meanwhile.

    Raises:
        ImpossibleFactError: the order does not rest at the exchange.
    """
    while order.state is not State.CANCELING:
        started = Event(fact=Fact.CANCEL_STARTED, at=desk.clock(), source="settle")
        try:
            return desk.orders.record(order, started)
        except ConflictError:
            order = desk.orders.order(order.local_id)
            if order.state not in RESTING:
                return order
    return order


def _refused(
    desk: SettleDesk, order: Order, refused: Mapping[str, str], asked_at: datetime
) -> Order:
    """Write a refusal on an order that is there still; what is over is asked for again instead."""
    is_canceling = order.state is State.CANCELING and order.local_id in refused
    if not is_canceling or _is_over(order, asked_at):
        return order
    event = Event(
        fact=Fact.CANCEL_REFUSED,
        at=desk.clock(),
        source="settle",
        detail=refused[order.local_id],
    )
    try:
        return desk.orders.record(order, event)
    except ConflictError:
        return desk.orders.order(order.local_id)


def _look_for_written_off(desk: SettleDesk) -> None:
    """Find what a person declared absent, should it show up after all (F-SUB-20).

    What a sale would have sold is free again once enough looks have missed it.
    """
    asked_at = desk.clock()
    unproven = _by_id(desk.orders.unproven_sales())
    written_off = unproven | _by_id(desk.orders.written_off(since=asked_at - REMEMBERED))
    found = find(desk, list(written_off.values())) if written_off else {}
    for order in written_off.values():
        if order.cl_ord_id in found:
            take(desk, order, found[order.cl_ord_id])
        elif order.local_id in unproven:
            desk.orders.note_clean_read(order.local_id, Read(at=asked_at), spacing=READ_SPACING)


def _poll_unmatched(desk: SettleDesk) -> None:
    """Read again what ended with other fills than the books have (INV-3)."""
    differing = [
        (order, booked) for order, booked in desk.orders.unmatched() if booked != order.filled_qty
    ]
    for order, booked in differing:
        if booked > order.qty:
            desk.halts.latch(
                HaltKind.OVERFILL,
                reason=f"{order.local_id}: fills of {booked}, ordered {order.qty}",
                at=desk.clock(),
                by="settle",
            )
    poll(desk, [order for order, _ in differing])


def _is_to_be_canceled(order: Order, now: datetime) -> bool:
    """A cancel that was asked for is asked for again until it is proven."""
    is_late = order.state in RESTING and _is_over(order, now)
    return order.state is State.CANCELING or is_late


def _is_over(order: Order, now: datetime) -> bool:
    """A wish has its horizon; a stop protects for as long as it stands."""
    return order.purpose is not Purpose.PROTECT and now >= order.expires_at


def _at_work(orders: Sequence[Order]) -> list[Order]:
    """Return our orders that may be at the exchange.

    Of a rehearsal only those whose answer could not be read: they should not exist, and that is
    proven like any other absence.
    """
    return [
        each
        for each in orders
        if each.state in AT_THE_EXCHANGE
        and (each.namespace is Namespace.TRADE or each.state is not State.SENDING)
    ]


def _by_id(orders: Sequence[Order]) -> dict[str, Order]:
    return {each.local_id: each for each in orders}
