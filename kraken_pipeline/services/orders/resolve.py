"""What a person decides about an order that nobody could find, with all that speaks for it."""

from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.fate import PROOFS, missing_proofs
from kraken_pipeline.domain.orders import FATE_OPEN, Event, Fact, Order, State
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.echoes import difference
from kraken_pipeline.services.orders.hear import hear
from kraken_pipeline.services.orders.search import SearchDesk, find, look_around, search_of

OPERATOR: Final = "operator"
"""Before the name of who decided, as the source of an event."""
MAY_FILL: Final = frozenset({"pending", "open"})
"""Kraken's words for an order that may still fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was found out about an order of open fate, for a person who must decide."""

    found: tuple[OrderReport, ...]
    """What the exchange shows under its `cl_ord_id`, open or closed."""
    echoes: tuple[str, ...]
    """Kraken's ids of those that are in every part what was sent: they can be adopted."""
    for_absence: tuple[str, ...]
    against_absence: tuple[str, ...]

    @property
    def said(self) -> str:
        """All of it in one line, for the journal."""
        return f"for: {'; '.join(self.for_absence)}. against: {'; '.join(self.against_absence)}"


def evidence(desk: SearchDesk, order: Order) -> Evidence:
    """Read everything that speaks for and against that an order never existed.

    Raises:
        ExchangeError: the exchange did not answer.
    """
    asked_at = desk.clock()
    found = find(desk, [order]).get(order.cl_ord_id, ())
    around = look_around(desk, [order])
    strays = [each for each in around.strays.values() if each and each.cl_ord_id == order.cl_ord_id]
    shown = {each.kraken_order_id: each for each in (*strays, *found)}
    reads = desk.orders.clean_reads(order.local_id)
    looked = search_of(desk, order, asked_at=asked_at, reads=reads, around=around)
    passed = [ask.__name__.replace("_", " ") for ask in PROOFS if ask(looked) is None]
    there = [f"FOUND: {name}, {each.status}, {each.description}" for name, each in shown.items()]
    return Evidence(
        found=tuple(shown.values()),
        echoes=tuple(name for name, each in shown.items() if not difference(desk, order, each)),
        for_absence=tuple(passed if shown else ["nothing is there under its cl_ord_id", *passed]),
        against_absence=(*there, *map(str, missing_proofs(looked))),
    )


def write_off(desk: SearchDesk, order: Order, *, reason: str, by: str) -> Order:
    """Declare that an order never came to exist, on a person's word, and return it.

    Its reservation ends; what a sale would have sold is free only once it was looked for again.
    Should it show up after all, it is back, and everything halts (F-SUB-20).

    Args:
        desk: where it is looked for once more.
        order: one that waits for a person, or that is unknown since its window is over.
        reason: what the person knows.
        by: who says so.

    Raises:
        RefusedError: its fate is not open, it may still be found, or it is there.
        ConflictError: it moved since it was read; look again.
        ExchangeError: the exchange did not answer.
    """
    _require_reason(reason)
    _require_open_fate(desk, order)
    seen = evidence(desk, order)
    if seen.echoes:
        raise RefusedError(f"{order.local_id} is there as {', '.join(seen.echoes)}: adopt it")
    resting = [each.kraken_order_id for each in seen.found if each.status in MAY_FILL]
    if resting:
        raise RefusedError(
            f"{', '.join(resting)} bears the name of {order.local_id} and is open: cancel it first"
        )
    if order.state is State.UNKNOWN:
        order = _declare(desk, order, Fact.FATE_UNRESOLVED, seen.said, by)
    return _declare(desk, order, Fact.WRITTEN_OFF, f"{reason} ({seen.said})", by)


def adopt(desk: SearchDesk, order: Order, kraken_order_id: str, *, reason: str, by: str) -> Order:
    """Declare that an order of open fate is this one at the exchange, and return it as it is there.

    Raises:
        RefusedError: its fate is not open, there is no such order, it is not in every part what was
            sent, or it is another of ours.
        ConflictError: it moved since it was read; look again.
        ExchangeError: the exchange did not answer.
    """
    _require_reason(reason)
    if order.state not in FATE_OPEN:
        raise RefusedError(f"{order.local_id} is {order.state}: its fate is not open")
    others = [each.local_id for each in desk.orders.with_exchange_ids([kraken_order_id])]
    if others:
        raise RefusedError(f"{kraken_order_id} is {', '.join(others)} already")
    report = desk.account.orders([kraken_order_id]).get(kraken_order_id)
    if report is None:
        raise RefusedError(f"the exchange knows no order {kraken_order_id}")
    if report.cl_ord_id != order.cl_ord_id:
        # each of ours bears its name there: one without any is somebody else's (OMS-13)
        raise RefusedError(f"{kraken_order_id} bears another name: {report.cl_ord_id}")
    why_not = difference(desk, order, report)
    if why_not:
        raise RefusedError(f"{kraken_order_id} is not {order.local_id}: {why_not}")
    if order.state is not State.SENDING:
        said = f"it is {kraken_order_id}: {reason}"
        order = _declare(desk, order, Fact.FATE_UNRESOLVED, said, by)
    return hear(desk, order, report, source=f"{OPERATOR} {by}")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise RefusedError("an order is resolved with a reason; none was given")


def _require_open_fate(desk: SearchDesk, order: Order) -> None:
    if order.state is State.MANUAL:
        return
    if order.state is not State.UNKNOWN:
        raise RefusedError(f"{order.local_id} is {order.state}: its fate is not open")
    until = (order.deadline or order.created_at) + desk.unknown_settle
    if desk.clock() <= until:
        raise RefusedError(f"{order.local_id} may still be found; wait until {until}")


def _declare(desk: SearchDesk, order: Order, fact: Fact, detail: str, by: str) -> Order:
    event = Event(fact=fact, at=desk.clock(), source=f"{OPERATOR} {by}", detail=detail)
    return desk.orders.record(order, event)
