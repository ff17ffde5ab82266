"""The books of all pairs that are followed, each right or gone. Pure."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.stream.book import Book, Level, Places
from kraken_pipeline.kraken.stream.frames import BookRow, book_frame
from kraken_pipeline.kraken.stream.integrity import Integrity
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.numbers import moment_of

LOG: Final = logging.getLogger(__name__)
SNAPSHOT: Final = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookView:
    """A book at an instant."""

    symbol: str
    bids: tuple[Level, ...]
    """Best first."""
    asks: tuple[Level, ...]
    """Best first."""
    timestamp: str
    """When Kraken sent the last change, as it wrote it; empty if it did not say."""
    heard_at: float
    """When that came, by `time.monotonic`."""


class KeptBook:
    """One pair's book while it is followed."""

    __slots__ = ("book", "checksum", "depth", "integrity", "places", "pulse")

    def __init__(self, depth: int, pulse: Pulse) -> None:
        self.depth = depth
        self.pulse = pulse
        self.places: Places | None = None
        self.book: Book | None = None
        """None until a snapshot came, and again after a mismatch."""
        self.checksum: int | None = None
        """Of the last row that was right."""
        self.integrity = Integrity()

    def load(self, row: BookRow) -> bool:
        """Take a snapshot; return False where it is wrong."""
        if self.places is None:
            return True  # asked for before the pair's decimals were known: it is asked for again
        self.book = Book(self.places, self.depth)
        return self.apply(row)

    def apply(self, row: BookRow) -> bool:
        """Take a row; return False where the book turned out wrong and was dropped."""
        if self.book is None:
            return True  # of a book that was dropped
        try:
            if self.book.apply(row):
                self.checksum = row.checksum
                return True
        except UnexpectedReplyError as odd:
            LOG.warning("stream: book of %s: %s", row.symbol, odd)
        self.book = None
        return False

    @property
    def best(self) -> tuple[Decimal, Decimal] | None:
        """The best bid and ask, where there is a book with both."""
        return None if self.book is None else self.book.best


class Books:
    """Follows books by symbol. Used by one thread, or under the lock of its owner."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptBook] = {}
        self.broken: list[str] = []
        """Symbols whose book was dropped and not yet asked for again."""

    def follow(self, symbol: str, *, depth: int, pulse: Pulse) -> None:
        """Keep a pair's book from its next snapshot on."""
        self._kept.setdefault(symbol, KeptBook(depth, pulse))

    def inherit(self, before: "Books") -> None:
        """Remember what was wrong on another connection: a mark is the pair's, not the line's."""
        for symbol, kept in self._kept.items():
            known = before.kept(symbol)
            if known is not None:
                kept.integrity = known.integrity

    def use(self, symbol: str, places: Places) -> None:
        """Say how many decimals a pair has. Where that changed, its book is void."""
        kept = self._kept.get(symbol)
        if kept is None or kept.places == places:
            return
        if kept.places is not None:
            self.broken.append(symbol)
        kept.places, kept.book = places, None

    def is_ready(self, symbol: str) -> bool:
        """Tell whether a pair's decimals are known, without which nothing can be checked."""
        return symbol in self._kept and self._kept[symbol].places is not None

    def hear(self, frame: bytes, at: float) -> None:
        """Take a frame of the channel.

        Raises:
            msgspec.DecodeError: it is not of the channel's shape.
        """
        heard = book_frame(frame)
        is_snapshot = heard.type == SNAPSHOT
        for row in heard.data:
            kept = self._kept.get(row.symbol)
            if kept is None or (kept.book is None and not is_snapshot):
                continue  # without a snapshot it says nothing: that none came must show as silence
            kept.pulse.beat(at, is_calm=is_snapshot and row.checksum == kept.checksum)
            if not (kept.load(row) if is_snapshot else kept.apply(row)):
                self.broken.append(row.symbol)

    def fail(self, symbol: str, at: float) -> float:
        """Count a mismatch and return the seconds to wait before the book is asked for again."""
        return self._kept[symbol].integrity.fail(at)

    def kept(self, symbol: str) -> KeptBook | None:
        """Return what is kept of a pair, if it is followed."""
        return self._kept.get(symbol)

    def view(self, symbol: str) -> BookView | None:
        """Return a pair's book as it is now, or None where it has none."""
        kept = self._kept.get(symbol)
        if kept is None or kept.book is None:
            return None
        return BookView(
            symbol=symbol,
            bids=kept.book.bids(),
            asks=kept.book.asks(),
            timestamp=kept.book.timestamp,
            heard_at=kept.pulse.heard_at,
        )

    def told_at(self) -> datetime | None:
        """Return the newest time on a book; None where there is none that can be read."""
        times = (each.book.timestamp for each in self._kept.values() if each.book is not None)
        newest = max(times, default="")
        with suppress(UnexpectedReplyError):
            return moment_of(newest) if newest else None
        return None

    def clear(self) -> None:
        """Drop every book: the connection that kept them right is gone."""
        for kept in self._kept.values():
            kept.book = None
        self.broken.clear()

    def failures(self) -> dict[str, int]:
        """Return how often each pair's book was wrong, where it was."""
        counted = {symbol: kept.integrity.failures for symbol, kept in self._kept.items()}
        return {symbol: count for symbol, count in counted.items() if count}
