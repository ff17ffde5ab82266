"""What the exchange shows, as facts about our orders; unknown ones by proof only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import (
    ImpossibleFactError,
    OrderRefusedError,
    OutcomeUnknownError,
)
from kraken_pipeline.domain.fate import Search, missing_proofs
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import Event, Fact, Order, State, says_nothing_new
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.ports import Account, Clock, Gateway, HaltStore, OrderStore

FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "pending": Fact.ACCEPTED,
        "open": Fact.ACCEPTED,
        "closed": Fact.FILLED_SEEN,
        "canceled": Fact.CANCELED_SEEN,
        "expired": Fact.EXPIRED_SEEN,
    }
)
"""Kraken's word for an order to the fact that it is."""
LOOK_BACK: Final = timedelta(minutes=1)
"""An order may carry a time of the exchange's that is a little before ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDesk:
    """What settling needs."""

    orders: OrderStore
    halts: HaltStore
    account: Account
    gateway: Gateway
    unknown_settle: timedelta
    """How long after an order's deadline a read may still miss it."""
    clock: Clock


def settle(desk: SettleDesk) -> Counter[str]:
    """Bring every order that may be at the exchange up to what the exchange shows.

    What rests past its horizon is canceled, and canceled only when the exchange shows it so.

    Returns:
        State to how many of the orders that were open before are in it now.

    Raises:
        ExchangeError: the exchange did not answer; what was learned until then is written.
    """
    settler = _Settler(desk)
    open_before = _at_work(desk)
    for order in open_before:
        if order.kraken_order_id is None:
            settler.search(order)
    settler.poll([each for each in _at_work(desk) if each.kraken_order_id])
    expired = settler.cancel_expired()
    if expired:
        settler.poll(expired)
    return Counter(desk.orders.order(each.local_id).state for each in open_before)


def cancel(desk: SettleDesk, order: Order) -> Order:
    """Cancel one order and return it as the exchange shows it afterwards.

    Raises:
        ImpossibleFactError: the order is not live.
        ExchangeError: the exchange did not answer; the order stays CANCELING until it is polled.
    """
    settler = _Settler(desk)
    settler.start_cancel(order)
    settler.poll([desk.orders.order(order.local_id)])
    return desk.orders.order(order.local_id)


class _Settler:
    """Turns reports into facts and writes them."""

    def __init__(self, desk: SettleDesk) -> None:
        self._desk = desk

    def poll(self, orders: Sequence[Order]) -> None:
        """Read orders by their id at the exchange and write what is new."""
        known = {each.kraken_order_id: each for each in orders if each.kraken_order_id}
        reports = self._desk.account.orders(list(known)) if known else {}
        for kraken_order_id, order in known.items():
            if kraken_order_id in reports:
                self.hear(order, reports[kraken_order_id])

    def hear(self, order: Order, report: OrderReport) -> None:
        """Write what a report says of an order, unless it says nothing new.

        A report that contradicts the books latches a halt: a person must look.
        """
        try:
            _require_echo(order, report)
            for event in self._events(order, report):
                if not says_nothing_new(order, event):
                    order = self._desk.orders.record(order, event)
        except ImpossibleFactError as contradiction:
            self._desk.halts.latch(
                HaltKind.CONTRADICTION,
                reason=str(contradiction),
                at=self._desk.clock(),
                by="settle",
            )

    def search(self, order: Order) -> None:
        """Look for an order whose fate is unknown by its `cl_ord_id`, open and closed."""
        account = self._desk.account
        since = order.created_at - LOOK_BACK
        asked_at = self._desk.clock()
        found = account.open_orders(order.cl_ord_id) + account.closed_orders(
            since=since, cl_ord_id=order.cl_ord_id
        )
        if found:
            self.hear(order, found[0])
        elif order.state is State.UNKNOWN:
            self._prove_absence(order, asked_at, since)

    def cancel_expired(self) -> list[Order]:
        """Ask for a cancel of what rests past its horizon, and return those orders."""
        now = self._desk.clock()
        late = [
            each
            for each in _at_work(self._desk)
            if each.state in {State.LIVE, State.CANCELING} and now >= each.expires_at
        ]
        for order in late:
            self.start_cancel(order)
        return [self._desk.orders.order(each.local_id) for each in late]

    def start_cancel(self, order: Order) -> None:
        """Write that a cancel leaves, then ask for it; repeating it is harmless."""
        if order.kraken_order_id is None:
            raise ImpossibleFactError(f"{order.local_id} has no id at the exchange to cancel")
        if order.state is not State.CANCELING:
            order = self._record(order, Fact.CANCEL_STARTED, "")
        try:
            self._desk.gateway.cancel(str(order.kraken_order_id))
        except OrderRefusedError as refusal:
            # it is not open any more: the poll that follows says what it became
            self._record(order, Fact.CANCEL_REFUSED, str(refusal))
        except OutcomeUnknownError:
            return

    def _prove_absence(self, order: Order, asked_at: datetime, since: datetime) -> None:
        deadline = order.deadline if order.deadline is not None else order.created_at
        if asked_at > deadline + self._desk.unknown_settle:
            self._desk.orders.note_clean_read(order.local_id, at=asked_at)
        search = Search(
            exchange_now=asked_at,
            deadline=deadline,
            settle=self._desk.unknown_settle,
            clean_reads=self._desk.orders.clean_reads(order.local_id),
            unexplained_fills=self._stray_fills(order, since),
            holds_explained=self._holds_are_explained(),
        )
        missing = missing_proofs(search)
        if not missing:
            self._record(order, Fact.ABSENCE_PROVEN, "deadline passed; open, closed, fills, holds")

    def _stray_fills(self, order: Order, since: datetime) -> int:
        trades = [
            each for each in self._desk.account.trades(since=since) if each.pair == order.pair
        ]
        ours = self._desk.orders.with_exchange_ids([each.kraken_order_id for each in trades])
        explained = {each.kraken_order_id for each in ours}
        return sum(each.kraken_order_id not in explained for each in trades)

    def _holds_are_explained(self) -> bool:
        """Every order that the exchange holds for is one that carries an id we know of."""
        at_exchange = self._desk.account.open_orders()
        ids = [each.kraken_order_id for each in at_exchange]
        held = any(each.held > ZERO for each in self._desk.account.balances().values())
        return not held or len(self._desk.orders.with_exchange_ids(ids)) == len(ids)

    def _events(self, order: Order, report: OrderReport) -> list[Event]:
        """Return what a report says, the acceptance first where that is news."""
        if report.status not in FACTS:
            raise ImpossibleFactError(f"{order.local_id}: status {report.status!r} is unknown")
        fact = FACTS[report.status]
        if fact is Fact.FILLED_SEEN and report.filled_qty < report.qty:
            fact = Fact.CANCELED_SEEN  # Kraken closes an order that ended partly filled
        filled = report.filled_qty > order.filled_qty
        facts = [Fact.ACCEPTED] if order.state in {State.SENDING, State.UNKNOWN} else []
        if fact is not Fact.ACCEPTED:
            facts.append(fact)
        elif filled:
            facts.append(Fact.FILL_SEEN)
        return [self._event(each, report) for each in facts]

    def _event(self, fact: Fact, report: OrderReport) -> Event:
        if fact is Fact.ACCEPTED:
            return Event(
                fact=fact,
                at=self._desk.clock(),
                source="poll",
                detail=f"opened_at={report.opened_at.isoformat()}",
                kraken_order_id=report.kraken_order_id,
            )
        return Event(
            fact=fact,
            at=self._desk.clock(),
            source="poll",
            detail=report.reason,
            kraken_order_id=report.kraken_order_id,
            filled_qty=report.filled_qty,
            avg_fill_price=report.avg_fill_price,
            fee=report.fee,
        )

    def _record(self, order: Order, fact: Fact, detail: str) -> Order:
        event = Event(fact=fact, at=self._desk.clock(), source="settle", detail=detail)
        return self._desk.orders.record(order, event)


def _at_work(desk: SettleDesk) -> list[Order]:
    """Return our orders that may be at the exchange; a rehearsal's never are."""
    return [
        each
        for each in desk.orders.reserving()
        if each.namespace is Namespace.TRADE and each.state is not State.PLANNED
    ]


def _require_echo(order: Order, report: OrderReport) -> None:
    """Only an order that is in every part what we sent is ours (OMS-9).

    Raises:
        ImpossibleFactError: it differs in a part.
    """
    ours: tuple[str, Side, object, object] = (order.pair, order.side, order.qty, order.limit_price)
    theirs = (report.pair, report.side, report.qty, report.limit_price)
    if ours != theirs:
        raise ImpossibleFactError(f"{order.local_id} was sent as {ours}, the exchange has {theirs}")
