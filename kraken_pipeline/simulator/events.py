"""What can happen to an account, as facts that never change, and their form in the journal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from kraken_pipeline.simulator.bookings import BOOKKEEPING, Booking, Bookkeeping
from kraken_pipeline.simulator.engine import Side

NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands."""

    id: str
    pair: str
    """The pair's internal key."""
    side: Side
    ordertype: str
    price: Decimal | None
    """The limit, quote per base; None for a market order."""
    volume: Decimal
    """Base; quote if `in_quote`."""
    in_quote: bool = False
    oflags: tuple[str, ...] = ()
    timeinforce: str = "GTC"
    expires: datetime | None = None
    cl_ord_id: str | None = None
    userref: int = 0
    opened: datetime
    status: str = "open"
    executed: Decimal = NOTHING
    """Base."""
    cost: Decimal = NOTHING
    """Quote."""
    fee: Decimal = NOTHING
    """In the fee's asset: the quote, the base with `fcib`."""
    ended: datetime | None = None
    reason: str | None = None
    trades: tuple[str, ...] = ()
    amended: bool = False

    @property
    def left(self) -> Decimal:
        """What has not traded, in the unit of `volume`."""
        return self.volume - (self.cost if self.in_quote else self.executed)

    @property
    def fee_in_base(self) -> bool:
        """Whether fees are charged in the base."""
        return "fcib" in self.oflags


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
    maker: bool
    usd: Decimal
    """What the cost is worth in USD: it counts for the fee tier."""
    base_ledger_id: str
    quote_ledger_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended:
    """An order was changed in place."""

    at: datetime
    order_id: str
    amend_id: str
    volume: Decimal
    price: Decimal | None
    post: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEnded:
    """An order left the book."""

    at: datetime
    order_id: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet:
    """The dead man's switch was set, or turned off."""

    at: datetime
    trigger: datetime | None


Event = Deposited | OrderOpened | OrderFilled | OrderAmended | OrderEnded | TimerSet | Bookkeeping

_KINDS: Final[Mapping[str, type[Event]]] = {
    kind.__name__: kind
    for kind in (
        Deposited,
        OrderOpened,
        OrderFilled,
        OrderAmended,
        OrderEnded,
        TimerSet,
        *BOOKKEEPING,
    )
}


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


def _values(thing: Event | Order | Booking) -> dict[str, object]:
    return {field.name: _value(getattr(thing, field.name)) for field in fields(thing)}


def _value(value: object) -> object:
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Order):
        return {"order": _values(value)}
    if isinstance(value, Booking):
        return {"booking": _values(value)}
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value


def _rich(found: dict[str, object]) -> object:
    match found:
        case {"decimal": str(text)}:
            return Decimal(text)
        case {"time": str(text)}:
            return datetime.fromisoformat(text)
        case {"order": dict(values)} if len(found) == 1:
            return Order(**_tupled(values) | {"side": Side(values["side"])})
        case {"booking": dict(values)} if len(found) == 1:
            return Booking(**values)
    return found


def _tupled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(each) if type(each) is list else each for name, each in values.items()}
