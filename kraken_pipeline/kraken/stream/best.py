"""The best prices that a stream has of a pair: of a book that is right, else of the ticker."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final

from kraken_pipeline.domain.quotes import LivePrice
from kraken_pipeline.domain.staleness import Signs, doubts
from kraken_pipeline.kraken.stream.books import KeptBook
from kraken_pipeline.kraken.stream.tickers import TickerView

BOOK: Final = "book"
TICKER: Final = "ticker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """Best prices and where they were found."""

    bid: Decimal
    ask: Decimal
    last: Decimal | None
    source: str
    timestamp: str
    """The exchange's, as it was told; empty where none was."""
    heard_at: float
    """In seconds of this machine's monotonic clock."""

    def price(self, symbol: str, signs: Signs, *, now: datetime, last: Decimal | None) -> LivePrice:
        """Return them as a price with all that speaks against it."""
        # the exchange's clock may stand a little before or behind ours: no age is negative
        made_at = signs.received_at if signs.event_at is None else signs.event_at
        return LivePrice(
            pair=symbol,
            bid=self.bid,
            ask=self.ask,
            last=self.last if last is None else last,
            source=self.source,
            event_at=signs.event_at,
            received_at=signs.received_at,
            age=max(now - min(made_at, signs.received_at), timedelta()),
            doubts=doubts(signs),
        )


def best_of_book(kept: KeptBook | None) -> Best | None:
    """Return the best prices of a book that is right; None without one."""
    if kept is None or kept.book is None or kept.best is None:
        return None
    bid, ask = kept.best
    return Best(
        bid=bid,
        ask=ask,
        last=None,
        source=BOOK,
        timestamp=kept.book.timestamp,
        heard_at=kept.pulse.heard_at,
    )


def best_of_ticker(view: TickerView | None) -> Best | None:
    """Return the best prices that a ticker told; None without one."""
    if view is None:
        return None
    return Best(
        bid=view.ticker.bid,
        ask=view.ticker.ask,
        last=view.ticker.last,
        source=TICKER,
        timestamp=view.timestamp,
        heard_at=view.heard_at,
    )


def has_failed(kept: KeptBook | None) -> bool:
    """Tell whether a book is gone after a mismatch, or its pair is marked."""
    if kept is None or not kept.integrity.failures:
        return False
    return kept.book is None or kept.integrity.is_untradable(monotonic())
