"""Write that orders leave, send them once, write what came of them. Nothing else sends.

One order goes by itself, several of one pair and side go in one request; either way each of them is
written as leaving before the first byte does, and what came of it is written of each by itself.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.attempts import MOST_ATTEMPTS, is_own, next_attempt
from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ExchangeError,
    FundsRefusedError,
    ImpossibleFactError,
    InvalidValueError,
    ModeRefusedError,
    NonceRefusedError,
    OrderRefusedError,
    PipelineError,
    RefusedError,
    UnreachableError,
)
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, Qty
from kraken_pipeline.domain.orders import ECHOES, MOVES, Event, Fact, Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.domain.values import quickly_made
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.services.ports.orders import OrderWriting

PANIC: Final = "HALTED: the panic file is there"
"""Why an order that would open was taken back."""
SOURCE: Final = "submit"


def lease_of(namespace: Namespace) -> str:
    """Name the lease whose holder may send the orders of a namespace."""
    return f"orders-{namespace}"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class SendDesk:
    """What sending needs."""

    namespace: Namespace
    orders: OrderWriting
    gateway: Gateway
    panic_is_latched: Callable[[], bool]
    smaller_qty: Callable[[Order], Qty]
    """Reads the balances again and says what they still pay for of a refused order (OMS-17)."""
    funds_cooldown: timedelta
    """How long nothing opens on a pair after that."""
    owner: str
    lease: timedelta
    deadline: timedelta
    """How long the engine may take an order after it was sent (OMS-4)."""
    clock: Clock


class Sender:
    """The holder of one lease."""

    def __init__(self, desk: SendDesk) -> None:
        """Take the lease.

        Raises:
            LeaseLostError: another process sends now.
        """
        self._desk = desk
        self._epoch, self._leased_until = self._lease(desk.clock())
        self.is_turned_away = False
        """Whether the exchange turned a request away unread: the next would go the same way."""
        self._in_doubt: set[str] = set()
        """Pairs of an order that was sent here and whose fate is open since."""

    def send(self, orders: Sequence[Order]) -> list[Order]:
        """Send planned orders of one pair and side, and return what they became.

        What was refused for its nonce, for want of funds or for another order's sake is planned
        anew, and sent once more at once: that attempt follows here too.

        Raises:
            LeaseLostError: another process sends now; what was not sent stays planned.
            AuthError: the key was refused; these orders are rejected.
            ConfigurationError: nothing can be sent as things are set up; these are rejected.
        """
        now = self._renewed()
        deadline = now + self._desk.deadline
        over: list[Order] = []
        leaving: list[tuple[Order, Event]] = []
        for order in orders:
            started = self._started(order, now=now, deadline=deadline, among=len(orders))
            if isinstance(started, Event):
                leaving.append((order, started))
            else:
                over.append(started)
        return [*over, *self._leave(leaving, deadline)]

    def reject(self, order: Order, why: str) -> Order:
        """Write that an order is not sent, by our own rules (OMS-6)."""
        return self._record(order, Fact.REFUSED, why)

    def withdraw(self, order: Order, why: str) -> Order:
        """Write that an order is taken back."""
        return self._record(order, Fact.WITHDRAWN, why)

    def doubt(self, order: Order) -> Order:
        """Write that whoever began to send an order is gone, and held the lease before us."""
        if order.namespace is Namespace.REHEARSAL:
            # a request that only asks for a check leaves nothing that could be looked for
            return self.reject(order, "the rehearsal died before it wrote the reply")
        return self._record(order, Fact.FATE_UNCLEAR, "the sender died before it wrote the reply")

    def _started(
        self, order: Order, *, now: datetime, deadline: datetime, among: int
    ) -> Event | Order:
        """Return that an order leaves, with its request; or the order, if it may not."""
        try:
            request = dict(self._desk.gateway.request_of(order, deadline=deadline))
        except InvalidValueError as fault:
            return self.reject(order, f"BAD_INTENT: {fault}")
        if self._panic_stops(order):
            return self.withdraw(order, PANIC)
        if among > 1:
            request["batch_of"] = str(among)
        return Event(
            fact=Fact.SEND_STARTED,
            at=now,
            source=SOURCE,
            detail=canonical(request),
            deadline=deadline,
        )

    def _leave(self, leaving: Sequence[tuple[Order, Event]], deadline: datetime) -> list[Order]:
        """Write that orders leave, all in one transaction, and let them."""
        if not leaving:
            return []
        if len(leaving) == 1:
            [(order, started)] = leaving
            return self._leave_alone(order, started, deadline)
        try:
            sending = self._desk.orders.record_all(leaving, epoch=self._epoch)
        except (RefusedError, ConflictError):
            # one of them may not, or is gone: each goes by itself
            return [each for order, _ in leaving for each in self.send([order])]
        return self._last_look(sending, deadline)

    def _leave_alone(self, order: Order, started: Event, deadline: datetime) -> list[Order]:
        try:
            sending = self._desk.orders.record(order, started, epoch=self._epoch)
        except RefusedError as refusal:
            return [self.withdraw(order, str(refusal))]
        except ConflictError:
            # somebody took it back meanwhile; nothing was sent
            return [self._desk.orders.order(order.local_id)]
        return self._last_look([sending], deadline)

    def _last_look(self, orders: Sequence[Order], deadline: datetime) -> list[Order]:
        """Writing took its time: what has changed since then still stops the first byte."""
        if any(self._panic_stops(each) for each in orders):
            return [self.reject(each, f"{PANIC}; it was not sent") for each in orders]
        now = self._desk.clock()
        if now >= deadline:
            late = f"not sent: now={now}, deadline={deadline}"
            return [self.reject(each, late) for each in orders]
        return self._act(orders, deadline)

    def _panic_stops(self, order: Order) -> bool:
        return order.side is Side.BUY and self._desk.panic_is_latched()

    def _act(self, orders: Sequence[Order], deadline: datetime) -> list[Order]:
        try:
            answers = self._answers(orders, deadline)
        except (AuthError, ConfigurationError) as refusal:
            for order in orders:
                self.reject(order, str(refusal))
            raise
        except (ExchangeError, InvalidValueError) as failure:
            return [each for order in orders for each in self._failed(order, failure, len(orders))]
        together = self._accepted_together(orders, answers)
        return together or [
            each
            for order, answer in zip(orders, answers, strict=True)
            for each in self._answered(order, answer)
        ]

    def _accepted_together(
        self, orders: Sequence[Order], answers: Sequence[Placed | Rehearsed | OrderRefusedError]
    ) -> list[Order]:
        """Write that every order of a request was taken, at once; nothing if one was not.

        Where somebody else wrote of one of them meanwhile, each is written by itself.
        """
        if len(orders) < 2:  # noqa: PLR2004 - one alone is written by itself
            return []
        at = self._desk.clock()
        told = [
            (order, _accepted(answer, at))
            for order, answer in zip(orders, answers, strict=True)
            if isinstance(answer, Placed)
        ]
        if len(told) < len(orders):
            return []
        with suppress(ConflictError, ImpossibleFactError):
            return list(self._desk.orders.record_all(told))
        return []

    def _answers(
        self, orders: Sequence[Order], deadline: datetime
    ) -> Sequence[Placed | Rehearsed | OrderRefusedError]:
        gateway = self._desk.gateway
        if len(orders) == 1:
            return [gateway.add(orders[0], deadline=deadline)]
        return gateway.add_batch(orders, deadline=deadline)

    def _answered(
        self, order: Order, answer: Placed | Rehearsed | OrderRefusedError
    ) -> list[Order]:
        if isinstance(answer, OrderRefusedError):
            return self._failed(order, answer, 1)
        if isinstance(answer, Rehearsed):
            return [self._record(order, Fact.REHEARSED, answer.description)]
        return [self._write(order, _accepted(answer, self._desk.clock()))]

    def _failed(self, order: Order, failure: PipelineError, sent_with: int) -> list[Order]:
        """Write what a failure makes of one order, and what follows from it.

        Args:
            order: that was sent.
            failure: of its request.
            sent_with: how many orders the request was about.
        """
        if isinstance(failure, NonceRefusedError):
            return self._tried_again(order, failure, is_possible=order.attempt == 1)
        if isinstance(failure, UnreachableError):
            self.is_turned_away = True
            return [self._put_off(order, failure)]
        if isinstance(failure, FundsRefusedError) and is_own(order):
            return self._fitted(order, failure)
        if isinstance(failure, OrderRefusedError | InvalidValueError):
            # one that is wrong refuses a whole request; the mode of a market refuses each of them
            is_possible = sent_with > 1 and not isinstance(failure, ModeRefusedError)
            return self._tried_again(order, failure, is_possible=is_possible)
        self._in_doubt.add(order.pair)
        return [self._record(order, Fact.FATE_UNCLEAR, str(failure))]

    def _tried_again(
        self, order: Order, failure: PipelineError, *, is_possible: bool
    ) -> list[Order]:
        """Reject an order and, where that is possible, send its next attempt at once."""
        if not (is_possible and is_own(order)):
            return [self.reject(order, str(failure))]
        again = next_attempt(order, now=self._desk.clock())
        return self._follow(order, str(failure), again)

    def _put_off(self, order: Order, failure: UnreachableError) -> Order:
        """Reject an order that was turned away unread, and plan its next attempt for later."""
        if order.attempt >= MOST_ATTEMPTS or not is_own(order):
            return self.reject(order, str(failure))
        again = next_attempt(order, now=self._desk.clock())
        return self._refuse(order, str(failure), again=again)[0]

    def _fitted(self, order: Order, failure: FundsRefusedError) -> list[Order]:
        """Send an order once more for what the balances still pay, or let its pair cool."""
        qty = self._desk.smaller_qty(order) if order.attempt == 1 else NOTHING
        now = self._desk.clock()
        if qty > 0:
            return self._follow(order, str(failure), next_attempt(order, now=now, qty=qty))
        cooldown = Cooldown(
            pair=order.pair,
            until=now + self._desk.funds_cooldown,
            reason=f"{order.local_id}: {failure}",
        )
        return [self._refuse(order, str(failure), cooldown=cooldown)[0]]

    def _follow(self, order: Order, why: str, again: Order) -> list[Order]:
        """Send the next attempt at once, unless what was sent meanwhile says to wait (OMS-10)."""
        refused, is_written = self._refuse(order, why, again=again)
        if not is_written:
            return [refused]
        must_wait = self.is_turned_away or again.pair in self._in_doubt
        return [refused, again] if must_wait else [refused, *self.send([again])]

    def _refuse(
        self,
        order: Order,
        why: str,
        *,
        again: Order | None = None,
        cooldown: Cooldown | None = None,
    ) -> tuple[Order, bool]:
        """Write a refusal with what follows from it, unless somebody else learned more."""
        event = Event(fact=Fact.REFUSED, at=self._desk.clock(), source=SOURCE, detail=why)
        try:
            refused = self._desk.orders.record_refusal(order, event, again=again, cooldown=cooldown)
        except ConflictError:
            return self._record(order, Fact.REFUSED, why), False
        return refused, True

    def _renewed(self) -> datetime:
        """Renew the lease before a send where half of it is over, or less than the deadline left.

        So it outlives the deadline of the order, and costs no write for each.
        """
        now = self._desk.clock()
        if self._leased_until - now < max(self._desk.lease / 2, self._desk.deadline):
            self._epoch, self._leased_until = self._lease(now)
        return now

    def _lease(self, now: datetime) -> tuple[int, datetime]:
        desk = self._desk
        epoch = desk.orders.take_lease(
            lease_of(desk.namespace), owner=desk.owner, now=now, length=desk.lease
        )
        return epoch, now + desk.lease

    def _record(self, order: Order, fact: Fact, detail: str) -> Order:
        event = Event(fact=fact, at=self._desk.clock(), source=SOURCE, detail=detail)
        return self._write(order, event)

    def _write(self, order: Order, event: Event) -> Order:
        while True:
            try:
                return self._desk.orders.record(order, event)
            except ConflictError:
                order = self._desk.orders.order(order.local_id)
                if (order.state, event.fact) not in MOVES.keys() | ECHOES:
                    # somebody else learned more of it, or doubts it: evidence settles it
                    return order


def _accepted(answer: Placed, at: datetime) -> Event:
    return Event(
        fact=Fact.ACCEPTED,
        at=at,
        source=SOURCE,
        detail=answer.description,
        kraken_order_id=answer.kraken_order_id,
    )
