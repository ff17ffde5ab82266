"""What the exchange shows, as facts about our orders; unknown ones by proof only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import (
    ImpossibleFactError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.fate import Search, missing_proofs
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import (
    AT_THE_EXCHANGE,
    Event,
    Fact,
    Order,
    State,
)
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.hear import HearDesk, contradict, hear
from kraken_pipeline.services.ports import Account, Clock, Gateway, HaltStore, OrderStore

LOOK_BACK: Final = timedelta(minutes=1)
"""An order may carry a time of the exchange's that is a little before ours."""
READ_SPACING: Final = timedelta(seconds=20)
"""Clean reads within one such span since 1970 are one, so that three span 20 s at least (OMS-9)."""
HALF: Final = Decimal("0.5")


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

    What rests past its horizon is canceled, and canceled only when the exchange shows it so. A
    cancel is asked for again until then. Ended orders whose fills do not add up are read again.

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
    settler.poll_unmatched()
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
        self._ears = HearDesk(orders=desk.orders, halts=desk.halts, clock=desk.clock)

    def poll(self, orders: Sequence[Order]) -> None:
        """Read orders by their id at the exchange and write what is new."""
        known = {each.kraken_order_id: each for each in orders if each.kraken_order_id}
        asked_at = self._desk.clock()
        reports = self._desk.account.orders(list(known)) if known else {}
        for kraken_order_id, order in known.items():
            if kraken_order_id in reports:
                self.hear(order, reports[kraken_order_id])
            elif asked_at > order.updated_at + self._desk.unknown_settle:
                self._contradicted(f"{order.local_id}: the exchange knows no {kraken_order_id}")

    def poll_unmatched(self) -> None:
        """Read again what ended with other fills than the books have (INV-3)."""
        differing = [
            (order, booked)
            for order, booked in self._desk.orders.unmatched()
            if booked != order.filled_qty
        ]
        for order, booked in differing:
            if booked > order.qty:
                self._contradicted(f"{order.local_id}: fills of {booked}, ordered {order.qty}")
        self.poll([order for order, _ in differing])

    def hear(self, order: Order, report: OrderReport) -> None:
        """Write what a report says of an order, unless it says nothing new."""
        hear(self._ears, order, report, source="poll")

    def search(self, order: Order) -> None:
        """Look for an order whose fate is unknown by its `cl_ord_id`, open and closed."""
        account = self._desk.account
        since = order.created_at - LOOK_BACK
        asked_at = self._desk.clock()
        found = account.open_orders(order.cl_ord_id) + account.closed_orders(
            since=since, cl_ord_id=order.cl_ord_id
        )
        ids = sorted({each.kraken_order_id for each in found})
        if len(ids) > 1:
            story = f"{order.local_id} is at the exchange as {', '.join(ids)}"
            contradict(self._ears, order, story, source="settle")
        elif found:
            # an order that ended between the two reads is in both; the later one is right
            self.hear(order, found[-1])
        elif order.state is State.UNKNOWN:
            self._prove_absence(order, asked_at, since)

    def cancel_expired(self) -> list[Order]:
        """Ask for a cancel of what rests past its horizon or was to be canceled before.

        Returns:
            Those orders, as the books have them then.
        """
        now = self._desk.clock()
        late = [
            each
            for each in _at_work(self._desk)
            if each.state is State.CANCELING
            or (each.state is State.LIVE and now >= each.expires_at)
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
        except (OutcomeUnknownError, UnexpectedReplyError):
            return

    def _prove_absence(self, order: Order, asked_at: datetime, since: datetime) -> None:
        deadline = order.deadline if order.deadline is not None else order.created_at
        if asked_at > deadline + self._desk.unknown_settle:
            read_at = asked_at - (asked_at - EPOCH) % READ_SPACING
            self._desk.orders.note_clean_read(order.local_id, at=read_at)
        strays = self._stray_fills(order, since)
        own = [each for each in strays.values() if each and each.cl_ord_id == order.cl_ord_id]
        if own:
            self.hear(order, own[0])
            return
        search = Search(
            exchange_now=asked_at,
            deadline=deadline,
            settle=self._desk.unknown_settle,
            clean_reads=self._desk.orders.clean_reads(order.local_id),
            unexplained_fills=sum(each is None for each in strays.values()),
            holds_explained=self._holds_are_explained(order),
        )
        missing = missing_proofs(search)
        if not missing:
            self._record(order, Fact.ABSENCE_PROVEN, "deadline passed; open, closed, fills, holds")

    def _stray_fills(self, order: Order, since: datetime) -> dict[str, OrderReport | None]:
        """Return the orders behind fills on the pair that are not known as ours.

        Every order of ours carries a `cl_ord_id`, so one with another or none explains its fills:
        somebody else placed it. One that the exchange does not show explains nothing.
        """
        trades = self._desk.account.trades(since=since)
        ids = sorted({each.kraken_order_id for each in trades if each.pair == order.pair})
        known = {each.kraken_order_id for each in self._desk.orders.with_exchange_ids(ids)}
        strange = [each for each in ids if each not in known]
        shown = self._desk.account.orders(strange) if strange else {}
        return {each: shown.get(each) for each in strange}

    def _holds_are_explained(self, order: Order) -> bool:
        """No more is held than the listed open orders need: nothing is left for this one.

        The amounts are added up as bare numbers, whatever their asset. Each open order holds one
        amount of one asset, so both sums agree where no order is hidden, and one that is hidden
        makes the held one larger by all that it holds. Rounding is far below half of that.
        """
        held = sum((each.held for each in self._desk.account.balances().values()), ZERO)
        needed = sum((_hold_of(each) for each in self._desk.account.open_orders()), ZERO)
        own = order.open_qty * (order.limit_price if order.side is Side.BUY else 1)
        return held - needed < own * HALF

    def _contradicted(self, reason: str) -> None:
        self._desk.halts.latch(
            HaltKind.CONTRADICTION, reason=reason, at=self._desk.clock(), by="settle"
        )

    def _record(self, order: Order, fact: Fact, detail: str) -> Order:
        event = Event(fact=fact, at=self._desk.clock(), source="settle", detail=detail)
        return self._desk.orders.record(order, event)


def _at_work(desk: SettleDesk) -> list[Order]:
    """Return our orders that may be at the exchange.

    Of a rehearsal only those whose answer could not be read: they should not exist, and that is
    proven like any other absence.
    """
    return [
        each
        for each in desk.orders.reserving()
        if each.state in AT_THE_EXCHANGE
        and (each.namespace is Namespace.TRADE or each.state is not State.SENDING)
    ]


def _hold_of(report: OrderReport) -> Decimal:
    """Return what an open order holds: of the quote for a buy, of the base for a sell."""
    left = report.qty - report.filled_qty
    # what has no limit is not known to hold anything: then something is left unexplained
    return left * (report.limit_price or ZERO) if report.side is Side.BUY else left
