"""A price with all that says whether it may be used. Pure.

Nothing here hides age: a price from REST is another source with an age of its own, good enough to
value what is held, never to open a position.

Source: STR-1, STR-2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.market import Quote


class Quality(IntEnum):
    """What a price is good for. Each allows what stands before it."""

    NOTHING = 0
    """It is known to be wrong, or there is none."""
    VALUATION = 1
    """To value what is held."""
    OPENING = 2
    """To open risk."""


class Doubt(StrEnum):
    """Why a price is not good for everything, by the layer that found it."""

    SOCKET_SILENT = "socket_silent"
    SUBSCRIPTION_SILENT = "subscription_silent"
    EVENT_OLD = "event_old"
    CHECKSUM = "checksum"
    CROSSED = "crossed"
    FROZEN = "frozen"
    NOT_THE_STREAM = "not_the_stream"


WORTHLESS: Final = frozenset({Doubt.CROSSED})
"""Doubts that leave nothing: the price is wrong, not only old. A book whose checksum is wrong is
never shown at all; the doubt stays with what stands in for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the layers look at."""

    now: datetime
    """The exchange's time, UTC."""
    event_at: datetime | None
    """When the exchange made the price, where it says."""
    max_event_age: timedelta
    socket_silent: bool
    subscription_silent: bool
    book_failed: bool
    """Its checksum did not agree, and no right book came since, or the pair is marked."""
    bid: Decimal
    ask: Decimal
    last_trade: Decimal | None
    """The price of the last public trade, where it came well after the last change of the top."""


Sign = Callable[[Signs], Doubt | None]


def socket_speaks(signs: Signs) -> Doubt | None:
    """Something came over the socket in the last five seconds."""
    return Doubt.SOCKET_SILENT if signs.socket_silent else None


def subscription_speaks(signs: Signs) -> Doubt | None:
    """The pair's own channel is not silent for longer than is usual for it."""
    return Doubt.SUBSCRIPTION_SILENT if signs.subscription_silent else None


def event_is_recent(signs: Signs) -> Doubt | None:
    """The exchange made the price a moment ago, where it says when."""
    if signs.event_at is None or signs.now - signs.event_at <= signs.max_event_age:
        return None
    return Doubt.EVENT_OLD


def book_adds_up(signs: Signs) -> Doubt | None:
    """The book has the checksum that the exchange's has."""
    return Doubt.CHECKSUM if signs.book_failed else None


def book_is_open(signs: Signs) -> Doubt | None:
    """Nobody bids as much as somebody asks."""
    return Doubt.CROSSED if signs.bid >= signs.ask else None


def top_follows_trades(signs: Signs) -> Doubt | None:
    """No trade went through the best prices while they stood still."""
    traded = signs.last_trade
    if traded is None or signs.bid <= traded <= signs.ask:
        return None
    return Doubt.FROZEN


SIGNS: Final[tuple[Sign, ...]] = (
    socket_speaks,
    subscription_speaks,
    event_is_recent,
    book_adds_up,
    book_is_open,
    top_follows_trades,
)


def doubts(signs: Signs) -> frozenset[Doubt]:
    """Ask every layer and return what they found."""
    return frozenset(doubt for sign in SIGNS if (doubt := sign(signs)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePrice:
    """A pair's best prices, with source, times and doubts."""

    pair: str
    """As the stream spells it, or our name where it comes from REST."""
    bid: Decimal
    """In quote per base."""
    ask: Decimal
    """In quote per base."""
    source: str
    """`book`, `ticker` or `rest`."""
    event_at: datetime | None
    """When the exchange made it, where it says. UTC."""
    received_at: datetime
    """When it came. UTC."""
    age: timedelta
    """Since it was received, or made where that is known; never negative."""
    doubts: frozenset[Doubt]

    @property
    def quality(self) -> Quality:
        """What it is good for."""
        if self.doubts & WORTHLESS:
            return Quality.NOTHING
        return Quality.VALUATION if self.doubts else Quality.OPENING

    @property
    def mid(self) -> Decimal:
        """Halfway between bid and ask."""
        return (self.bid + self.ask) / 2

    def require(self, needed: Quality) -> "LivePrice":
        """Return it if it is good for what it is needed for.

        Raises:
            RefusedError: it is not; the message names the doubts.
        """
        if self.quality >= needed:
            return self
        found = ", ".join(sorted(self.doubts))
        raise RefusedError(
            f"the price of {self.pair} from {self.source}, {self.age.total_seconds():.1f} s old, "
            f"is good for {self.quality.name.lower()}, not for {needed.name.lower()}: {found}"
        )


def from_rest(quote: Quote, *, now: datetime) -> LivePrice:
    """Return what REST says as a price of its own: never good for opening."""
    crossed = {Doubt.CROSSED} if quote.ticker.bid >= quote.ticker.ask else set()
    return LivePrice(
        pair=quote.pair,
        bid=quote.ticker.bid,
        ask=quote.ticker.ask,
        source="rest",
        event_at=None,
        received_at=quote.received_at,
        age=max(now - quote.received_at, timedelta()),
        doubts=frozenset({Doubt.NOT_THE_STREAM, *crossed}),
    )
