"""A price with all that says whether it may be used, and the board on which all of them stand.

Nothing here hides age: a price from REST is another source with an age of its own, good enough to
value what is held, never to stand in for a stream that was counted on.

Source: STR-2, STR-7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.market import Quote
from kraken_pipeline.domain.staleness import WORTHLESS, Doubt

SILENCE: Final = timedelta(seconds=5)
"""After which a board that nobody writes any more is a silent socket (STR-1, layer 1)."""


class Quality(IntEnum):
    """What a price is good for. Each allows what stands before it."""

    NOTHING = 0
    """It is known to be wrong, or there is none."""
    VALUATION = 1
    """To value what is held."""
    OPENING = 2
    """To open risk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePrice:
    """A pair's best prices, with source, times and doubts."""

    pair: str
    """Our name; as the stream spells it where the stream's own client gives it."""
    bid: Decimal
    """In quote per base, as are ask and last."""
    ask: Decimal
    last: Decimal | None
    """Of the last public trade that was heard of; None where none was."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFeed:
    """What the stream knows of one pair: its price, its status, and how well it was heard."""

    price: LivePrice | None
    """None where nothing came yet, or what came can't be read."""
    status: str
    """Of the exchange: `online`, or what is still allowed; empty where it was not told."""
    doubts: frozenset[Doubt]
    """Those of the price, or that there is none."""
    gaps: int
    """Times that something of the pair was missed, since the listener began."""
    checksum_failures: int
    """Since the listener began."""
    is_untradable: bool
    """Three wrong books within a minute: nothing is opened (STR-4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteBoard:
    """Everything that the public stream knows, as its listener wrote it down last."""

    at: datetime
    """When it was written, exchange time, UTC."""
    pairs: Mapping[str, PairFeed]
    """By our name: every pair that is followed."""
    system: str
    """What the exchange last said of itself; empty where it said nothing."""
    connects: int
    """Connections since the listener began."""
    closed_at: datetime | None
    """The newest close of which every bar was written or given up; None before the first."""

    def age(self, now: datetime) -> timedelta:
        """Return how old it is; never negative, as clocks may differ a little."""
        return max(now - self.at, timedelta())

    def is_silent(self, now: datetime) -> bool:
        """Tell whether nobody writes it any more.

        One from the future is as bad: the clock was set back, and it would stay fresh for as long.
        """
        return abs(now - self.at) > SILENCE

    def doubts(self, pair: str, now: datetime) -> frozenset[Doubt]:
        """Return what speaks against a pair's price now; one that is not followed has none."""
        feed = self.pairs.get(pair)
        found = frozenset({Doubt.SUBSCRIPTION_SILENT}) if feed is None else feed.doubts
        return found | {Doubt.SOCKET_SILENT} if self.is_silent(now) else found

    def price(self, pair: str, now: datetime) -> LivePrice | None:
        """Return a pair's price as old and as doubtful as it is now, or None without any."""
        feed = self.pairs.get(pair)
        if feed is None or feed.price is None:
            return None
        told = feed.price
        return replace(told, age=told.age + self.age(now), doubts=self.doubts(pair, now))


def from_rest(quote: Quote, *, now: datetime) -> LivePrice:
    """Return what REST says as a price of its own: never what a stream stands for."""
    crossed = {Doubt.CROSSED} if quote.ticker.bid >= quote.ticker.ask else set()
    return LivePrice(
        pair=quote.pair,
        bid=quote.ticker.bid,
        ask=quote.ticker.ask,
        last=quote.ticker.last,
        source="rest",
        event_at=None,
        received_at=quote.received_at,
        age=max(now - quote.received_at, timedelta()),
        doubts=frozenset({Doubt.NOT_THE_STREAM, *crossed}),
    )
