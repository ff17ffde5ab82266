"""What the exchange says of one order of ours, from whatever source, as facts in the books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ConflictError, ImpossibleFactError, OverfillError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import (
    FATE_OPEN,
    RESTING,
    Event,
    Fact,
    Order,
    State,
    says_nothing_new,
)
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.echoes import (
    EchoDesk,
    difference,
    may_be_of_before,
    said_by,
    shows_the_change,
    terms_before,
    terms_of,
    told_of,
)
from kraken_pipeline.services.ports.halts import Latching

STREAM: Final = "stream"
"""The source whose rows tell only what changed."""
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
TRIES: Final = 5
"""Writers that may be faster than us, one after the other, before the news waits for a poll."""
WRITTEN_AT_ONCE: Final = 50
"""Facts in one transaction: nobody else writes meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HearDesk(EchoDesk):
    """What hearing needs."""

    halts: Latching


def hear(
    desk: HearDesk,
    order: Order,
    report: OrderReport,
    *,
    source: str,
    is_change_proven: bool = False,
) -> Order:
    """Write what a report says of an order, unless it says nothing new, and return the order.

    Replies, the stream and polls are equal: whichever is first is written, the others confirm. No
    report turns anything back, so their sequence and their number do not matter.

    An order whose fate is open is adopted only if the report repeats in every part what was sent.
    If it does not, the order waits for a person, and a halt is latched. A report that contradicts
    the books latches a halt and changes nothing; where the stream tells other terms, nothing is
    written, as the poll that follows reads the whole order.

    Args:
        desk: where it is written.
        order: ours, as it was last read.
        report: of the order with its Kraken id, or with its `cl_ord_id`.
        source: who told it: `stream`, `poll`, `reply`.
        is_change_proven: whether something else shows that the change that was asked for is made.

    Source: OMS-7, OMS-9; F-SUB-11, F-SUB-20.
    """
    for _ in range(TRIES):
        try:
            return _heard(desk, order, report, source, is_change_proven=is_change_proven)
        except ConflictError:
            # another writer was first: what is still news is seen on the order as it is now
            order = desk.orders.order(order.local_id)
        except ImpossibleFactError as contradiction:
            overfilled = isinstance(contradiction, OverfillError)
            kind = HaltKind.OVERFILL if overfilled else HaltKind.CONTRADICTION
            why = f"{order.local_id}, {told_of(report)}: {contradiction}"
            desk.halts.latch(kind, reason=why, at=desk.clock(), by=source)
            return desk.orders.order(order.local_id)
    return order


def hear_all(
    desk: HearDesk, told: Sequence[tuple[Order, OrderReport]], *, source: str
) -> tuple[Order, ...]:
    """Hear of several orders and return them; what is one plain fact of each is written together.

    A disk syncs once for all of them. What needs a look of its own is heard by itself, as is
    everything where a writer was faster.
    """
    plain_facts = []
    seen = {}
    for order, report in told:
        events = _plain_news(order, report, at=desk.clock(), source=source)
        if events == []:
            seen[order.local_id] = order
        elif events is not None and len(events) == 1:
            plain_facts.append((order, events[0]))
    seen |= _written_together(desk, plain_facts)
    return tuple(
        seen[order.local_id] if order.local_id in seen else hear(desk, order, report, source=source)
        for order, report in told
    )


def _plain_news(
    order: Order, report: OrderReport, *, at: datetime, source: str
) -> list[Event] | None:
    """Return what is new of an order that is as it was sent; None where that needs a look."""
    is_plain = order.state in RESTING and said_by(report) == terms_of(order)
    if not is_plain or report.close_description:
        return None
    try:
        events = _events(order, report, at=at, source=source)
        return [each for each in events if not says_nothing_new(order, each)]
    except ImpossibleFactError:
        return None


def _written_together(desk: HearDesk, facts: Sequence[tuple[Order, Event]]) -> dict[str, Order]:
    """Write facts of different orders, some at a time, and return the orders that were written."""
    written: dict[str, Order] = {}
    for start in range(0, len(facts), WRITTEN_AT_ONCE):
        try:
            moved = desk.orders.record_all(facts[start : start + WRITTEN_AT_ONCE])
        except (ConflictError, ImpossibleFactError):
            # one of them has moved or cannot be: each is heard by itself
            continue
        written |= {each.local_id: each for each in moved}
    return written


def contradict(desk: HearDesk, order: Order, why: str, *, source: str) -> Order:
    """Latch a halt over an order; one whose fate is open waits for a person from then on."""
    if order.state is not State.MANUAL:
        # halted first: should we die in between, the next look finds the same again
        _halt(desk, why, source)
    if order.state not in FATE_OPEN - {State.MANUAL}:
        return order
    event = Event(fact=Fact.FATE_UNRESOLVED, at=desk.clock(), source=source, detail=why)
    return desk.orders.record(order, event)


def _heard(
    desk: HearDesk, order: Order, report: OrderReport, source: str, *, is_change_proven: bool
) -> Order:
    mismatch = difference(desk, order, report)
    if mismatch and order.state in FATE_OPEN:
        return contradict(desk, order, f"{order.local_id}, {mismatch}", source=source)
    if mismatch and source == STREAM:
        # what it knows is put together from frames, of which one may be lost: the poll that
        # follows each row of it reads the whole order
        return order
    if mismatch:
        return _heard_of_the_end(desk, order, report, source, mismatch)
    if order.state is State.WRITTEN_OFF:
        _halt(desk, f"{order.local_id} was written off and is there as {told_of(report)}", source)
    is_doubtful = not is_change_proven and may_be_of_before(desk, order, report)
    for event in _events(order, report, at=desk.clock(), source=source):
        is_news = not (is_doubtful and event.fact is Fact.AMENDED)
        if is_news and not says_nothing_new(order, event):
            order = desk.orders.record(order, event)
    return order


def _heard_of_the_end(
    desk: HearDesk, order: Order, report: OrderReport, source: str, mismatch: str
) -> Order:
    """Write how an order ended that somebody changed at the exchange, with a halt.

    It is known by its id there. While it is open only what filled of ours is written, so that its
    stop can be placed: no change of it was ours. Once it has ended it must not be waited for:
    otherwise the halt came back for ever (L-1). One that was enlarged and filled beyond what we
    ordered is then as large as what it filled.

    Raises:
        ImpossibleFactError: it is open, it is quite another order, or it filled more than it is.
    """
    fact = FACTS.get(report.status, Fact.ACCEPTED)
    same = (order.pair, order.side, order.order_type)
    is_known = same == (report.pair, report.side, report.order_type)
    is_possible = report.filled_qty <= max(order.qty, report.qty)
    if fact is Fact.ACCEPTED and is_known and is_possible:
        _note_what_is_ours(desk, order, report, source, mismatch)
    if fact is Fact.ACCEPTED or not is_known or not is_possible:
        raise ImpossibleFactError(f"{mismatch}; if somebody changed it there, cancel it")
    ended = Event(
        fact=Fact.CANCELED_SEEN if report.filled_qty < order.qty else fact,
        at=desk.clock(),
        source=source,
        detail=mismatch,
        kraken_order_id=report.kraken_order_id,
        filled_qty=report.filled_qty,
        avg_fill_price=report.avg_fill_price,
        fee=report.fee,
    )
    if says_nothing_new(order, ended):
        return order
    _halt(desk, f"{order.local_id}, {mismatch}", source)
    if report.filled_qty > order.qty:
        before = Amendment(qty=order.qty)
        enlarged = replace(ended, fact=Fact.ENLARGED_SEEN, amendment=before)
        order = desk.orders.record(order, enlarged)
    return desk.orders.record(order, ended)


def _note_what_is_ours(
    desk: HearDesk, order: Order, report: OrderReport, source: str, mismatch: str
) -> None:
    """Write what filled of an open order that somebody changed, up to what we ordered."""
    seen = Event(
        fact=Fact.FILL_SEEN,
        at=desk.clock(),
        source=source,
        detail=mismatch,
        kraken_order_id=report.kraken_order_id,
        filled_qty=min(report.filled_qty, order.qty),
        avg_fill_price=report.avg_fill_price,
        fee=report.fee,
    )
    is_news = order.state in RESTING and not says_nothing_new(order, seen)
    if is_news and report.filled_qty:
        desk.orders.record(order, seen)


def _events(order: Order, report: OrderReport, *, at: datetime, source: str) -> list[Event]:
    """Return what a report says: that the order is there, its change, then how far it is."""
    if report.status not in FACTS:
        raise ImpossibleFactError(f"{order.local_id}: status {report.status!r} is unknown")
    fact = FACTS[report.status]
    if fact is Fact.FILLED_SEEN and report.filled_qty < report.qty:
        fact = Fact.CANCELED_SEEN  # Kraken closes an order that ended partly filled
    seen = Event(
        fact=fact,
        at=at,
        source=source,
        detail=report.reason,
        kraken_order_id=report.kraken_order_id,
        filled_qty=report.filled_qty,
        avg_fill_price=report.avg_fill_price,
        fee=report.fee,
    )
    events = []
    if order.state in FATE_OPEN | {State.WRITTEN_OFF} or order.kraken_order_id is None:
        opened = f"opened_at={report.opened_at.isoformat()}"
        events.append(
            Event(
                fact=Fact.ACCEPTED,
                at=at,
                source=source,
                detail=opened,
                kraken_order_id=report.kraken_order_id,
            )
        )
    if shows_the_change(order, report):
        events.append(replace(seen, fact=Fact.AMENDED, amendment=terms_before(order)))
    if fact is not Fact.ACCEPTED:
        events.append(seen)
    elif report.filled_qty > order.filled_qty:
        events.append(replace(seen, fact=Fact.FILL_SEEN))
    return events


def _halt(desk: HearDesk, why: str, source: str) -> None:
    desk.halts.latch(HaltKind.CONTRADICTION, reason=why, at=desk.clock(), by=source)
