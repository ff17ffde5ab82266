"""The market's stream as services see it: by our names, on the exchange's clock."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.minutes import Minute
from kraken_pipeline.domain.quotes import LivePrice, PairFeed, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline.kraken.stream.market import MarketFeed
from kraken_pipeline.kraken.stream.upkeep import Health
from kraken_pipeline.services.ports.exchange import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardMarket:
    """What was heard of the market; read from any thread."""

    feed: MarketFeed
    health: Callable[[], Health]
    """How its line is."""
    symbols: Mapping[str, str]
    """Our name to the stream's spelling, of every pair that is followed."""
    max_lag: timedelta
    """By which a price may come after the exchange made it (STR-1, layer 3)."""
    clock: Clock

    # what closing bars asks

    def heard_at(self) -> datetime | None:
        """Return when anything was heard last; None without a connection."""
        health = self.health()
        if not health.is_connected:
            return None
        return self.clock() - timedelta(seconds=health.heard_seconds)

    def traded_at(self) -> datetime | None:
        """Return when the newest trade was made that was heard, of whatever pair."""
        return self.feed.traded_at()

    def told_at(self) -> datetime | None:
        """Return the newest time that the exchange put on a trade or a book."""
        return self.feed.told_at()

    def is_told(self) -> bool:
        """Tell whether something was told of every pair since the connection stands."""
        return not self.feed.untold()

    def minute(self, pair: str, opened_at: datetime) -> Minute:
        """Return what is known of a minute that is over."""
        try:
            return self.feed.minute(self.symbols[pair], opened_at)
        except UnexpectedReplyError as odd:
            return Minute(bar=None, doubt=str(odd))

    def take(self, until: datetime) -> None:
        """Note that the minutes before an instant were taken."""
        self.feed.take_minutes(until)

    def late(self) -> Sequence[tuple[str, datetime]]:
        """Return the minutes that changed after they were taken, with their pairs; once each."""
        names = {symbol: name for name, symbol in self.symbols.items()}
        return [(names[symbol], opened) for symbol, opened in self.feed.late_minutes()]

    # what the board shows

    def statuses(self) -> Mapping[str, str]:
        """Return the status of each pair of which it was told."""
        told = {name: self.feed.instrument(symbol) for name, symbol in self.symbols.items()}
        return {name: rules.status for name, rules in told.items() if rules is not None}

    def board(self, closed_at: datetime | None) -> QuoteBoard:
        """Return everything that is known now.

        Args:
            closed_at: the newest close that was told.
        """
        now, health = self.clock(), self.health()
        return QuoteBoard(
            at=now,
            pairs={name: self._pair(name, symbol, now) for name, symbol in self.symbols.items()},
            system=health.system,
            connects=health.connects,
            closed_at=closed_at,
        )

    def _pair(self, name: str, symbol: str, now: datetime) -> PairFeed:
        price = self._price(name, symbol, now)
        rules = self.feed.instrument(symbol)
        return PairFeed(
            price=price,
            status="" if rules is None else rules.status,
            doubts=self._unpriced() if price is None else price.doubts,
            gaps=self.feed.gaps(symbol),
            checksum_failures=self.feed.failures(symbol),
            is_untradable=self.feed.is_untradable(symbol),
        )

    def _price(self, name: str, symbol: str, now: datetime) -> LivePrice | None:
        with suppress(UnexpectedReplyError):
            return self.feed.price(symbol, name=name, now=now, max_age=self.max_lag)
        return None

    def _unpriced(self) -> frozenset[Doubt]:
        return frozenset({Doubt.SUBSCRIPTION_SILENT}) | (
            {Doubt.SOCKET_SILENT} if self.feed.is_silent() else set()
        )
