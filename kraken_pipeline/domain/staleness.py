"""Whether a price of the stream can be trusted: four layers, each with its own signs and code.

A layer says what it saw and nothing of the others, so that each of them alone is enough to deny.

Source: STR-1; RSK-5 for the codes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Doubt(StrEnum):
    """Why a price is not good for everything, by the layer that found it."""

    SOCKET_SILENT = "socket_silent"
    """Nothing at all is heard, or nobody listens."""
    SUBSCRIPTION_SILENT = "subscription_silent"
    """The pair's own channel is silent for longer than is usual for it, or never spoke."""
    EVENT_OLD = "event_old"
    """It came late: the exchange had made it long before."""
    CHECKSUM = "checksum"
    """The book does not add up, or did not so often that the pair is marked."""
    CROSSED = "crossed"
    """Somebody bids as much as somebody asks."""
    FROZEN = "frozen"
    """Trades print through best prices that stand still."""
    OFF_REST = "off_rest"
    """REST, asked by itself, says something else."""
    NOT_THE_STREAM = "not_the_stream"
    """It is REST's: good to value what is held."""


CODES: Final[Mapping[Doubt, str]] = MappingProxyType(
    {
        Doubt.SOCKET_SILENT: "DATA_STALE_SOCKET",
        Doubt.SUBSCRIPTION_SILENT: "DATA_STALE_SUB",
        Doubt.EVENT_OLD: "DATA_STALE_EVENT",
        Doubt.CHECKSUM: "DATA_CONTENT",
        Doubt.CROSSED: "DATA_CONTENT",
        Doubt.FROZEN: "DATA_CONTENT",
        Doubt.OFF_REST: "DATA_CONTENT",
    }
)
"""What opening is denied with. That a price is REST's is no fault, so it has no code."""
WORTHLESS: Final = frozenset({Doubt.CROSSED})
"""Doubts that leave nothing: the price is wrong, not only old. A book whose checksum is wrong is
never shown at all; the doubt stays with what stands in for it."""
REST_BAND: Final = Decimal("0.01")
"""How far the stream's best prices may lie from REST's, as a share of REST's. REST is asked in the
same second; what moves further in it is no market to open in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What the layers look at."""

    received_at: datetime
    """When the price came, exchange time, UTC."""
    event_at: datetime | None
    """When the exchange made it, where it says."""
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
    """The price came a moment after the exchange made it, where it says when.

    A price that nothing has changed since is not old for that: that its channel lives is what the
    layer before this one watches.
    """
    if signs.event_at is None or signs.received_at - signs.event_at <= signs.max_event_age:
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


def denials(found: Collection[Doubt]) -> dict[str, str]:
    """Return each code that doubts deny opening with, and the doubts behind it."""
    denied: dict[str, list[str]] = {}
    for doubt in sorted(found):
        if doubt in CODES:
            denied.setdefault(CODES[doubt], []).append(doubt)
    return {code: ",".join(names) for code, names in denied.items()}


def is_off(
    bid: Decimal, ask: Decimal, *, rest_bid: Decimal, rest_ask: Decimal, band: Decimal = REST_BAND
) -> bool:
    """Tell whether best prices lie apart from those of another source by more than a band.

    Two sources whose spreads overlap agree, however wide the spreads are.

    Args:
        bid: of the price that is looked at, in quote per base, as are all others.
        ask: likewise.
        rest_bid: of the other source.
        rest_ask: likewise.
        band: what may lie between them, as a share of the other source's price.
    """
    return bid - rest_ask > rest_ask * band or rest_bid - ask > rest_bid * band
