"""Change an order where it rests: write that it leaves, send it once, look what it became."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.changes import against_change, opens_more
from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ExchangeError,
    InvalidValueError,
    OrderRefusedError,
    RefusedError,
    UnreachableError,
)
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.domain.remedies import remedy
from kraken_pipeline.services.orders.poll import poll
from kraken_pipeline.services.orders.sending import PANIC, lease_of
from kraken_pipeline.services.orders.settle import SettleDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendDesk:
    """What changing needs."""

    settling: SettleDesk
    panic_is_latched: Callable[[], bool]
    owner: str
    """Who takes the lease; not the name of a sender that is at work."""
    lease: timedelta
    deadline: timedelta
    """How long the engine may take the change after it was sent (OMS-4)."""


def amend(desk: AmendDesk, order: Order, amendment: Amendment, *, why: str) -> Order:
    """Change an order that rests, in place, and return it as the exchange shows it afterwards.

    It is written before it is sent, under the same lease as a new order, and sent once. A buy never
    needs more than is reserved for it, a sale never sells more than its book holds, and there is
    only ever one change at a time. An answer proves nothing: changed is what the exchange shows so.
    Until then, and if the answer is lost, the order is AMENDING and counts by the larger of both.

    An amount below what has filled cancels the rest.

    Args:
        desk: where it is written and sent.
        order: as it was last read.
        amendment: what is to change.
        why: for a person who asks.

    Raises:
        RefusedError: the order may not be changed so; every objection is named. Nothing was sent.
        ConflictError: the order moved since it was read; nothing was sent.
        LeaseLostError: another process sends now; nothing was sent.
        AuthError: the key was refused; the order is as it was.
        ExchangeError: the exchange did not answer afterwards; a later poll says what it became.

    Source: OMS-12; F-CAN-5.
    """
    objections = against_change(order, amendment)
    if objections:
        raise RefusedError("; ".join(f"{each}: {remedy(each.code)}" for each in objections))
    orders, name = desk.settling.orders, lease_of(order.namespace)
    now = desk.settling.clock()
    epoch = orders.take_lease(name, owner=desk.owner, now=now, length=desk.lease)
    try:
        amending = _started(desk, order, amendment, why, epoch)
    finally:
        orders.release_lease(name, owner=desk.owner)
    # also after a refusal: it may be that the order is not open any more
    [seen] = poll(desk.settling, [amending])
    return seen


def _started(desk: AmendDesk, order: Order, amendment: Amendment, why: str, epoch: int) -> Order:
    """Write the change and send it; see `amend`."""
    now = desk.settling.clock()
    deadline = now + desk.deadline
    opens = opens_more(order, amendment)
    if opens and desk.panic_is_latched():
        raise RefusedError(PANIC)
    started = Event(
        fact=Fact.AMEND_STARTED,
        at=now,
        source="amend",
        detail=canonical({"deadline": deadline, "why": why}),
        deadline=deadline,
        amendment=amendment,
    )
    amending = desk.settling.orders.record(order, started, epoch=epoch)
    # writing took its time: what has changed since then still stops the first byte
    if opens and desk.panic_is_latched():
        return _refused(desk, amending, f"{PANIC}; it was not sent")
    late = desk.settling.clock()
    if late >= deadline:
        return _refused(desk, amending, f"not sent: now={late}, deadline={deadline}")
    try:
        desk.settling.gateway.amend(str(amending.kraken_order_id), amendment, deadline=deadline)
    except (OrderRefusedError, UnreachableError, InvalidValueError, RefusedError) as refusal:
        return _refused(desk, amending, str(refusal))
    except (AuthError, ConfigurationError) as refusal:
        _refused(desk, amending, str(refusal))
        raise
    except ExchangeError:
        # it may be changed: what the order shows says so
        return amending
    return amending


def _refused(desk: AmendDesk, order: Order, detail: str) -> Order:
    """Write that the order stays as it was, on whatever else became of it meanwhile."""
    event = Event(fact=Fact.AMEND_REFUSED, at=desk.settling.clock(), source="amend", detail=detail)
    while True:
        try:
            return desk.settling.orders.record(order, event)
        except ConflictError:
            order = desk.settling.orders.order(order.local_id)
            if order.amending is None:
                return order
