"""An order as it stands, and what each type of order is; pure.

Source: kraken/rest.md §5 and §6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.engine import NOTHING, Side

PERCENT: Final = Decimal("0.01")
HELD_STEP: Final = Decimal("1E-12")
"""As fine as any pair's tick: what is held for an order that has no limit yet is not on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an order type is."""

    words: str
    """How the order's text begins to describe it."""
    limited: bool
    """Whether it ends as a limit order; others end as market orders."""
    fired: str = ""
    """What it is called after its trigger fired; empty for types without one."""
    trails: bool = False
    """Whether its trigger follows the price."""


KINDS: Final[Mapping[str, Kind]] = MappingProxyType({
    "market": Kind(words="market", limited=False),
    "limit": Kind(words="limit", limited=True),
    "iceberg": Kind(words="limit", limited=True),
    "stop-loss": Kind(words="stop loss", limited=False, fired="stopped"),
    "stop-loss-limit": Kind(words="stop loss", limited=True, fired="stopped"),
    "take-profit": Kind(words="take profit", limited=False, fired="touched"),
    "take-profit-limit": Kind(words="take profit", limited=True, fired="touched"),
    "trailing-stop": Kind(words="trailing stop", limited=False, fired="stopped", trails=True),
    "trailing-stop-limit": Kind(words="trailing stop", limited=True, fired="stopped", trails=True),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far from another price a price lies."""

    amount: Decimal
    """Quote per base, or percent; below zero lies lower."""
    percent: bool = False

    def from_(self, price: Decimal, tick: Decimal) -> Decimal:
        """Return the price that lies so far from another, on the tick."""
        amount = price * self.amount * PERCENT if self.percent else self.amount
        return (price + amount).quantize(tick, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What an order waits for before it goes to the book."""

    price: Decimal
    """Where it fires, quote per base; that of a trailing one moves with `peak`."""
    reference: str = "last"
    """Which price is watched: last or index."""
    trail: Distance | None = None
    """How far behind the peak a trailing one fires; above zero on both sides."""
    offset: Distance | None = None
    """Where the limit of a trailing one lies, from the price at which it fires."""
    peak: Decimal | None = None
    """The best price that a trailing one has seen: a sell's highest, a buy's lowest."""
    fired_at: datetime | None = None
    last: Decimal | None = None
    """The price that fired it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The order that each fill of another one brings forth, on the other side of the market."""

    ordertype: str
    price: str
    """As it was spelled: a relative price is worked out when the fill happens."""
    price2: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands."""

    id: str
    pair: str
    """The pair's internal key."""
    side: Side
    ordertype: str
    price: Decimal | None
    """The limit, quote per base; None for an order that takes any, or whose limit is not known
    before its trigger fires."""
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
    """`pending` until `starts`; `closed`, `canceled` or `expired` after its end."""
    executed: Decimal = NOTHING
    """Base."""
    cost: Decimal = NOTHING
    """Quote."""
    fee: Decimal = NOTHING
    """In quote, whichever asset it was taken in."""
    ended: datetime | None = None
    reason: str | None = None
    trades: tuple[str, ...] = ()
    amended: bool = False
    trigger: Trigger | None = None
    display: Decimal | None = None
    """How much of an iceberg the book shows at most, base."""
    starts: datetime | None = None
    stp: str = "cancel-newest"
    """Which order goes if it meets one of its own account."""
    close: Closing | None = None
    refid: str | None = None
    """The order whose fill brought it forth."""
    replaces: str | None = None
    """The order that it was put in the place of by an edit."""
    expected: Decimal | None = None
    """The price that it was placed at, quote per base, if nothing else says what it may cost."""

    @property
    def kind(self) -> Kind:
        """What its type is."""
        return KINDS[self.ordertype]

    @property
    def left(self) -> Decimal:
        """What has not traded, in the unit of `volume`."""
        return self.volume - (self.cost if self.in_quote else self.executed)

    @property
    def shown(self) -> Decimal:
        """What of it the book shows, base: an iceberg's next part comes when one is gone."""
        if self.display is None:
            return self.left
        return min(self.display - self.executed % self.display, self.left)

    @property
    def fee_in_base(self) -> bool:
        """Whether fees are charged in the base."""
        return "fcib" in self.oflags

    @property
    def waits(self) -> bool:
        """Whether its trigger has not fired."""
        return self.trigger is not None and self.trigger.fired_at is None

    @property
    def rests(self) -> bool:
        """Whether it stands in the book."""
        return self.status == "open" and self.price is not None and not self.waits

    @property
    def fires_above(self) -> bool:
        """Whether its trigger fires when the price rises to it, not when it falls."""
        return (self.side is Side.BUY) is (self.kind.fired == "stopped")

    @property
    def price_held(self) -> Decimal:
        """What a unit of it is held for, quote per base; 1 where the volume counts the quote."""
        if self.price is not None:
            return self.price
        if self.trigger is None:
            return self.expected or Decimal(1)
        offset = self.trigger.offset
        if offset is None:
            return self.trigger.price
        return max(offset.from_(self.trigger.price, HELD_STEP), self.trigger.price)


def stop_of(trail: Distance, peak: Decimal, tick: Decimal, *, above: bool) -> Decimal:
    """Return where a trailing order fires, quote per base.

    Args:
        trail: how far behind the peak, above zero.
        peak: the best price that it has seen.
        tick: the pair's smallest step of a price.
        above: whether it fires when the price rises.
    """
    signed = trail if above else Distance(amount=-trail.amount, percent=trail.percent)
    return signed.from_(peak, tick)
