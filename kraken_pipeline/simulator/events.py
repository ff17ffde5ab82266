"""What can happen to an account, as facts that never change, and their form in the journal.

What happened together is told together (`Exchange.watchers`), in this order:

- a new order: `OrderOpened`, then its fills, then `OrderEnded` if it does not stay. The order in
  `OrderOpened` is `pending` if it is scheduled and `open` if not; it waits if `order.waits`.
- a scheduled order's time comes: `OrderStarted`, then as a new one.
- a trigger fires: `OrderTriggered`, then as a new one; a trailing one's stop moves: `TriggerMoved`.
- an amend: `OrderAmended`, then fills and `OrderEnded` as for a new one.
- an edit: `OrderEnded` of the old order with `Order replaced`, then a new order.
- a resting order trades: `OrderFilled`, `OrderEnded` if that was all of it.
- a fill of an order with a conditional close: `OrderOpened` of the child after the fill; what comes
  of the child is told right after.
- self trade prevention: `OrderEnded` of the order in the book before that of the new one.

Fields that were added later have defaults, so that older journals can be read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from kraken_pipeline.simulator.bookings import BOOKKEEPING, Booking, Bookkeeping
from kraken_pipeline.simulator.engine import NOTHING, Side
from kraken_pipeline.simulator.orders import Closing, Distance, Order, Trigger

USER_REQUESTED: Final = "User requested"
Part = Order | Trigger | Distance | Closing | Booking
"""What stands inside of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """Funds came in."""

    at: datetime
    asset: str
    amount: Decimal
    refid: str
    ledger_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderOpened:
    """An order was accepted."""

    at: datetime
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled:
    """An order traded."""

    at: datetime
    order_id: str
    trade_id: str
    first_trade_id: str
    """The first trade of the same order in the same moment: what these are consolidated to."""
    number: int
    """The pair's number of the trade."""
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal
    """In the asset that it was taken in: the quote, the base with `fcib`."""
    maker: bool
    usd: Decimal
    """What the cost is worth in USD: it counts for the fee tier."""
    base_ledger_id: str
    quote_ledger_id: str
    refilled: bool = False
    """Whether an iceberg showed its next part after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended:
    """An order was changed in place."""

    at: datetime
    order_id: str
    amend_id: str
    volume: Decimal
    """The new total."""
    price: Decimal | None
    post: bool
    display: Decimal | None = None
    trigger: Trigger | None = None
    executed: Decimal = NOTHING
    """What had traded by then, base."""
    reason: str = USER_REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStarted:
    """A scheduled order's time came."""

    at: datetime
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered:
    """An order's trigger fired."""

    at: datetime
    order_id: str
    last: Decimal
    """The price that fired it, quote per base."""
    price: Decimal | None
    """The limit that the order has from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerMoved:
    """A trailing order's stop followed the price."""

    at: datetime
    order_id: str
    peak: Decimal
    stop: Decimal
    """Where it fires now, quote per base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded:
    """An order left the book."""

    at: datetime
    order_id: str
    status: str
    """closed, canceled or expired."""
    reason: str | None
    """Why; None if all of it traded or its time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet:
    """The dead man's switch was set, or turned off."""

    at: datetime
    trigger: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSet:
    """The whole exchange changed its status."""

    at: datetime
    status: str
    """online, maintenance, cancel_only or post_only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairStatusSet:
    """A pair changed its status."""

    at: datetime
    pair: str
    """The pair's internal key."""
    status: str | None
    """None for the one that it is listed with."""


OrderEvent = (
    OrderOpened
    | OrderStarted
    | OrderTriggered
    | TriggerMoved
    | OrderFilled
    | OrderAmended
    | OrderEnded
)
Event = Deposited | OrderEvent | TimerSet | SystemSet | PairStatusSet | Bookkeeping

_KINDS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        Deposited,
        OrderOpened,
        OrderStarted,
        OrderTriggered,
        TriggerMoved,
        OrderFilled,
        OrderAmended,
        OrderEnded,
        TimerSet,
        SystemSet,
        PairStatusSet,
        *BOOKKEEPING,
    )
}
_PARTS: Final[Mapping[str, type[Part]]] = {
    "order": Order,
    "trigger": Trigger,
    "distance": Distance,
    "closing": Closing,
    "booking": Booking,
}
_TAGS: Final = {part: tag for tag, part in _PARTS.items()}


def encoded(events: Sequence[Event]) -> str:
    """Return events as one line of JSON: they happened together or not at all."""
    return json.dumps([_plain(event) for event in events], separators=(",", ":"))


def decoded(line: str) -> tuple[Event, ...]:
    """Return the events of a line.

    Raises:
        ValueError: the line is not of this form.
    """
    try:
        read = json.loads(line, object_hook=_rich)
        return tuple(_KINDS[kind](**_tupled(values)) for kind, values in read)
    except (KeyError, TypeError, ArithmeticError) as wrong:
        raise ValueError(f"not a line of events: {line[:80]!r}") from wrong


def _plain(event: Event) -> list[object]:
    return [type(event).__name__, _values(event)]


def _values(thing: Event | Part) -> dict[str, object]:
    return {field.name: _value(getattr(thing, field.name)) for field in fields(thing)}


def _value(value: object) -> object:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Part):
        return {_TAGS[type(value)]: _values(value)}
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value


def _rich(found: dict[str, Any]) -> object:
    if len(found) != 1:
        return found
    [(tag, value)] = found.items()
    if tag == "decimal":
        return Decimal(value)
    if tag == "time":
        return datetime.fromisoformat(value)
    if tag in _PARTS and isinstance(value, dict):
        return _part(_PARTS[tag], _tupled(value))
    return found


def _part(part: type[Part], values: dict[str, Any]) -> Part:
    return part(**values | {"side": Side(values["side"])}) if "side" in values else part(**values)


def _tupled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if type(each) is list else each for name, each in values.items()}
