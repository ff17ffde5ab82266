"""Under the lease: write that an order leaves, send it once, write what came of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

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
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import (
    AT_THE_EXCHANGE,
    ECHOES,
    FATE_OPEN,
    MOVES,
    Event,
    Fact,
    Order,
    State,
)
from kraken_pipeline.domain.reports import Rehearsed
from kraken_pipeline.services.ports import Clock, Gateway, OrderStore

PANIC: Final = "HALTED: the panic file is there"
"""Why an order that would open was taken back."""


def lease_of(namespace: Namespace) -> str:
    """Name the lease whose holder may send the orders of a namespace."""
    return f"orders-{namespace}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDesk:
    """What sending needs."""

    namespace: Namespace
    """Whose orders it sends; no other's."""
    orders: OrderStore
    gateway: Gateway
    panic_is_latched: Callable[[], bool]
    is_guarded: Callable[[Order], bool]
    """Whether the dead man's switch stands over an order that would rest; arms it for the first."""
    opening_objection: Callable[[], str]
    """Why no buy may go now: books and exchange are not known to agree. Asked where anything waits
    to be sent; it looks at every order that may be at the exchange first."""
    owner: str
    """Who takes the lease: the run or the command."""
    lease: timedelta
    deadline: timedelta
    """How long the engine may take an order after it was sent (OMS-4)."""
    max_plan_age: timedelta
    max_at_exchange: int
    """Orders that may be at the exchange together before the next buy waits."""
    leaves_room: Callable[[Order], bool] = lambda order: True
    """Whether a sale and what may sell beside it fit into what its book holds (F-STP-3); there is
    nothing to ask where no stops are kept."""
    clock: Clock


def submit(desk: SubmitDesk) -> Counter[str]:
    """Send every planned order once, reductions first, and count what became of them.

    An order that a dead run left in SENDING becomes UNKNOWN first: it is settled by evidence and
    never sent again. What can not go now stays planned until its plan is too old. Once the exchange
    turned an order away unread, the rest waits: it would go the same way.

    The panic file and every halt stop what opens; what reduces goes (INV-7). What would rest waits
    until the dead man's switch is certain to be armed (DMS-2). A buy waits until every order that
    may be at the exchange was looked at, and books and exchange agree (contract 11.3).

    Returns:
        State or `waiting`, to how many orders.

    Raises:
        LeaseLostError: another process sends now; every order stays planned.
        AuthError: the key was refused; the order is rejected, the rest stays planned.
        ConfigurationError: nothing can be sent as things are set up; the order is rejected, the
            rest stays planned.
    """
    epoch = desk.orders.take_lease(
        lease_of(desk.namespace), owner=desk.owner, now=desk.clock(), length=desk.lease
    )
    try:
        return _Sender(desk, epoch).send_all()
    finally:
        desk.orders.release_lease(lease_of(desk.namespace), owner=desk.owner)


class _Sender:
    """The holder of one lease."""

    def __init__(self, desk: SubmitDesk, epoch: int) -> None:
        self._desk = desk
        self._epoch = epoch
        self._is_turned_away = False
        self._is_unguarded = False
        self._objection = ""

    def send_all(self) -> Counter[str]:
        """Send what is planned; see `submit`."""
        found = self._own_orders()
        self._doubt_orphans(found)
        if any(each.state is State.PLANNED for each in found):
            self._objection = self._desk.opening_objection()
        reserving = self._own_orders()
        planned = [each for each in reserving if each.state is State.PLANNED]
        unsure = {each.pair for each in reserving if each.state in FATE_OPEN}
        at_exchange = sum(_takes_a_place(each) for each in reserving)
        counts: Counter[str] = Counter()
        for order in sorted(planned, key=_rank):
            staleness = self._staleness(order)
            if staleness:
                counts[self._withdraw(order, staleness).state] += 1
            elif self._must_wait(order, at_exchange) or order.pair in unsure:
                counts["waiting"] += 1
            else:
                sent = self._send(order)
                counts[sent.state] += 1
                at_exchange += _takes_a_place(sent)
                unsure |= {sent.pair} if sent.state in FATE_OPEN else set()
        return counts

    def _must_wait(self, order: Order, at_exchange: int) -> bool:
        return (
            self._is_turned_away
            or self._may_not_open(order, at_exchange)
            or not self._desk.leaves_room(order)
            or not self._is_guarded(order)
        )

    def _may_not_open(self, order: Order, at_exchange: int) -> bool:
        """However many buys rest there, and whatever is not known of the books, an exit goes."""
        is_full = at_exchange >= self._desk.max_at_exchange
        return order.side is Side.BUY and (is_full or bool(self._objection))

    def _is_guarded(self, order: Order) -> bool:
        """What could not be armed for one buy is not tried again for the next."""
        if self._is_unguarded and order.side is Side.BUY:
            return False
        is_guarded = self._desk.is_guarded(order)
        self._is_unguarded = not is_guarded
        return is_guarded

    def _doubt_orphans(self, orders: Sequence[Order]) -> None:
        """Whoever began to send these held the lease before us and is gone."""
        for order in orders:
            if order.state is not State.SENDING:
                continue
            if order.namespace is Namespace.REHEARSAL:
                # a request that only asks for a check leaves nothing that could be looked for
                self._record(order, Fact.REFUSED, "the rehearsal died before it wrote the reply")
            else:
                self._record(order, Fact.FATE_UNCLEAR, "the sender died before it wrote the reply")

    def _own_orders(self) -> list[Order]:
        return [
            each for each in self._desk.orders.reserving() if each.namespace is self._desk.namespace
        ]

    def _staleness(self, order: Order) -> str:
        now = self._desk.clock()
        age = now - order.created_at
        if age > self._desk.max_plan_age:
            return f"PLAN_AGE: age={age}, max={self._desk.max_plan_age}"
        if order.side is Side.BUY and now >= order.expires_at:
            return f"INTENT_EXPIRED: now={now}, expires_at={order.expires_at}"
        return ""

    def _withdraw(self, order: Order, why: str) -> Order:
        return self._record(order, Fact.WITHDRAWN, why)

    def _send(self, order: Order) -> Order:
        desk = self._desk
        now = self._renewed()
        deadline = now + desk.deadline
        try:
            request = canonical(desk.gateway.request_of(order, deadline=deadline))
        except InvalidValueError as fault:
            return self._withdraw(order, f"BAD_INTENT: {fault}")
        if self._panic_stops(order):
            return self._withdraw(order, PANIC)
        started = Event(
            fact=Fact.SEND_STARTED, at=now, source="submit", detail=request, deadline=deadline
        )
        try:
            sending = desk.orders.record(order, started, epoch=self._epoch)
        except RefusedError as refusal:
            return self._withdraw(order, str(refusal))
        except ConflictError:
            # somebody took it back meanwhile; nothing was sent
            return desk.orders.order(order.local_id)
        return self._last_look(sending, deadline)

    def _last_look(self, order: Order, deadline: datetime) -> Order:
        """Writing took its time: what has changed since then still stops the first byte."""
        if self._panic_stops(order):
            return self._record(order, Fact.REFUSED, f"{PANIC}; it was not sent")
        now = self._desk.clock()
        if now >= deadline:
            late = f"not sent: now={now}, deadline={deadline}"
            return self._record(order, Fact.REFUSED, late)
        return self._act(order, deadline)

    def _panic_stops(self, order: Order) -> bool:
        return order.side is Side.BUY and self._desk.panic_is_latched()

    def _act(self, order: Order, deadline: datetime) -> Order:
        try:
            answer = self._desk.gateway.add(order, deadline=deadline)
        except UnreachableError as failure:
            self._is_turned_away = True
            return self._record(order, Fact.REFUSED, str(failure))
        except (OrderRefusedError, InvalidValueError) as refusal:
            return self._record(order, Fact.REFUSED, str(refusal))
        except (AuthError, ConfigurationError) as refusal:
            self._record(order, Fact.REFUSED, str(refusal))
            raise
        except ExchangeError as doubt:
            return self._record(order, Fact.FATE_UNCLEAR, str(doubt))
        if isinstance(answer, Rehearsed):
            return self._record(order, Fact.REHEARSED, answer.description)
        return self._record(
            order, Fact.ACCEPTED, answer.description, kraken_order_id=answer.kraken_order_id
        )

    def _renewed(self) -> datetime:
        """Renew the lease before each send, so that it outlives the deadline of the order."""
        now = self._desk.clock()
        epoch = self._desk.orders.take_lease(
            lease_of(self._desk.namespace), owner=self._desk.owner, now=now, length=self._desk.lease
        )
        self._epoch = epoch
        return now

    def _record(
        self, order: Order, fact: Fact, detail: str, *, kraken_order_id: str | None = None
    ) -> Order:
        event = Event(
            fact=fact,
            at=self._desk.clock(),
            source="submit",
            detail=detail,
            kraken_order_id=kraken_order_id,
        )
        while True:
            try:
                return self._desk.orders.record(order, event)
            except ConflictError:
                order = self._desk.orders.order(order.local_id)
                if (order.state, fact) not in MOVES.keys() | ECHOES:
                    # somebody else learned more of it, or doubts it: evidence settles it
                    return order


def _takes_a_place(order: Order) -> bool:
    """A stop that waits keeps no buy from being sent: it opens nothing."""
    return order.state in AT_THE_EXCHANGE and order.purpose is not Purpose.PROTECT


def _rank(order: Order) -> tuple[bool, datetime, str]:
    return order.side is Side.BUY, order.created_at, order.local_id
