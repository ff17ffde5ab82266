"""What the public channels say, kept by symbol, and prices that say how good they are."""

import logging
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.minutes import Minute
from kraken_pipeline.domain.quotes import LivePrice
from kraken_pipeline.domain.staleness import Signs
from kraken_pipeline.kraken.stream.best import (
    BOOK,
    TICKER,
    Best,
    best_of_book,
    best_of_ticker,
    has_failed,
)
from kraken_pipeline.kraken.stream.books import Books, BookView, KeptBook
from kraken_pipeline.kraken.stream.candles import Candles, CandleView
from kraken_pipeline.kraken.stream.frames import message_of
from kraken_pipeline.kraken.stream.instruments import Instrument, Instruments
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.minutes import Minutes
from kraken_pipeline.kraken.stream.missed import Missed
from kraken_pipeline.kraken.stream.numbers import moment_of
from kraken_pipeline.kraken.stream.tickers import Tickers, TickerView
from kraken_pipeline.kraken.stream.topics import Topic, Topics
from kraken_pipeline.kraken.stream.trades import PublicTrade, Trades

LOG: Final = logging.getLogger(__name__)
TRADE: Final = "trade"
OHLC: Final = "ohlc"
INSTRUMENT: Final = "instrument"
COMPARE_SECONDS: Final = 10.0
"""Between two looks at whether tickers tell of trades that the tape does not."""
FROZEN_SECONDS: Final = 2.0
"""A trade that came so long after the last change of the top should have moved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which channels are followed for which symbols, spelled as the stream does."""

    tickers: tuple[str, ...] = ()
    books: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    candles: tuple[tuple[str, int], ...] = ()
    """Symbols with an interval in minutes."""
    minutes: tuple[str, ...] = ()
    """Symbols whose candles of one minute are proven by their trades; both are followed."""
    depth: int = 10
    """Levels per side of a book."""
    bbo: bool = True
    """Whether tickers come with each change of the best prices, not only with trades."""


class MarketFeed:
    """Follows the public channels. Fed in one thread, read from any."""

    def __init__(self, wanted: Wanted, *, patience: Patience | None = None) -> None:
        """Take what to follow.

        Args:
            wanted: channels and symbols.
            patience: how long silence is borne.
        """
        self._patience = patience or Patience()
        self.topics = Topics(self._patience)
        self.is_silent: Callable[[], bool] = lambda: True
        """Whether the line that feeds this is silent; the line's owner sets it."""
        self._lock = threading.Lock()
        self._books = Books()
        self._tickers = Tickers()
        self._trades = Trades()
        self._candles = Candles()
        self._minutes = Minutes()
        self._instruments = Instruments()
        self._missed = Missed()
        self._compared_at = -math.inf
        self._traced = wanted.minutes
        self._handlers = MappingProxyType(
            {
                BOOK.encode(): self._books.hear,
                TICKER.encode(): self._tickers.hear,
                TRADE.encode(): self._hear_trades,
                OHLC.encode(): self._hear_candles,
                INSTRUMENT.encode(): self._hear_instruments,
            }
        )
        self._follow(wanted)

    def _follow(self, wanted: Wanted) -> None:
        at, patience = monotonic(), self._patience
        instruments = Topic(channel=INSTRUMENT, options=(("snapshot", True),))
        self._instruments_pulse = self.topics.want(instruments, at, most=math.inf)
        for symbol in wanted.books:
            topic = _book(symbol, wanted.depth)
            pulse = self.topics.want(topic, at, most=patience.quote_most)
            self._books.follow(symbol, depth=wanted.depth, pulse=pulse)
        trigger = (("event_trigger", "bbo" if wanted.bbo else "trades"),)
        for symbol in wanted.tickers:
            topic = Topic(channel=TICKER, symbol=symbol, options=trigger)
            pulse = self.topics.want(topic, at, most=patience.quote_most)
            self._tickers.follow(symbol, pulse=pulse)
        for symbol in dict.fromkeys((*wanted.trades, *wanted.minutes)):
            topic = Topic(channel=TRADE, symbol=symbol, options=(("snapshot", True),))
            pulse = self.topics.want(
                topic, at, most=patience.trade_most, least=patience.trade_least
            )
            self._trades.follow(symbol, pulse=pulse)
        for symbol, interval in wanted.candles:
            topic = Topic(channel=OHLC, symbol=symbol, options=(("interval", interval),))
            pulse = self.topics.want(
                topic, at, most=patience.trade_most, least=patience.trade_least
            )
            self._candles.follow(symbol, interval, pulse=pulse)
        for symbol in wanted.minutes:
            topic = Topic(channel=OHLC, symbol=symbol, options=(("interval", 1),))
            pulse = self.topics.want(
                topic, at, most=patience.trade_most, least=patience.trade_least
            )
            self._minutes.follow(symbol, pulse=pulse)

    def inherit(self, before: "MarketFeed") -> None:
        """Go on counting wrong books where another feed, which ends, left off (STR-4)."""
        with self._lock:
            self._books.inherit(before._books)  # noqa: SLF001 - of its own kind

    # what a line asks of a feed

    def hear(self, channel: bytes, frame: bytes, at: float) -> bool:
        """Take a frame, and tell whether the channel is one of the market's.

        Raises:
            msgspec.DecodeError: it is not of the channel's shape.
        """
        handler = self._handlers.get(channel)
        if handler is None:
            return False
        with self._lock:
            handler(frame, at)
        return True

    def is_ready(self, topic: Topic) -> bool:
        """Tell whether a topic can be asked for: a book needs its pair's decimals first."""
        return topic.channel != BOOK or self._books.is_ready(topic.symbol)

    def mind(self, at: float) -> str:
        """Have the books asked for again that turned out wrong."""
        with self._lock:
            broken, self._books.broken = self._books.broken, []
            for symbol in dict.fromkeys(broken):
                kept = self._books.kept(symbol)
                if kept is not None:
                    pause = self._books.fail(symbol, at)
                    self.topics.renew(_book(symbol, kept.depth), not_before=at + pause)
            if at - self._compared_at >= COMPARE_SECONDS:
                self._compared_at = at
                self._ask_for_missed(at)
        return ""

    def _ask_for_missed(self, at: float) -> None:
        """Have tape and candles asked for again of pairs that traded and did not say so."""
        for symbol in self._traced:
            traded, told = self._trades.last(symbol), self._ticker(symbol)
            if traded is None or told is None:
                continue
            if self._missed.look(symbol, (told.ticker.last, told.heard_at), traded, at):
                LOG.warning("stream: a trade of %s is missing: its tape is asked for anew", symbol)
                for topic, _ in self.topics.of_symbol(symbol):
                    if topic.channel in {TRADE, OHLC}:
                        self.topics.renew(topic, not_before=at)

    def _ticker(self, symbol: str) -> TickerView | None:
        with suppress(UnexpectedReplyError):
            return self._tickers.view(symbol)
        return None

    def has_room(self) -> bool:
        """Tell that more can be taken: only the newest is kept of anything."""
        return True

    def lose(self, why: str) -> None:
        """Drop what only an unbroken connection keeps right."""
        with self._lock:
            self._books.clear()
            self._minutes.lose()

    async def accompany(self) -> None:
        """Do nothing beside listening."""

    # what is read

    def book(self, symbol: str) -> BookView | None:
        """Return a pair's book, checked against its checksum, or None where there is none."""
        with self._lock:
            return self._books.view(symbol)

    def ticker(self, symbol: str) -> TickerView | None:
        """Return a pair's newest ticker, or None where none came.

        Raises:
            UnexpectedReplyError: a field is missing or odd.
        """
        with self._lock:
            return self._tickers.view(symbol)

    def trades(self, symbol: str) -> tuple[PublicTrade, ...]:
        """Return a pair's last trades, oldest first."""
        with self._lock:
            return self._trades.view(symbol)

    def candles(self, symbol: str, interval: int, *, now: datetime) -> tuple[CandleView, ...]:
        """Return a pair's candles of an interval in minutes, oldest first."""
        with self._lock:
            return self._candles.view(symbol, interval, now=now)

    def minute(self, symbol: str, opened_at: datetime) -> Minute:
        """Return what is known of a minute that is over; see `Minutes.minute`."""
        with self._lock:
            return self._minutes.minute(symbol, opened_at)

    def take_minutes(self, until: datetime) -> None:
        """Note that the minutes of every pair before an instant were taken."""
        with self._lock:
            self._minutes.take(until)

    def late_minutes(self) -> list[tuple[str, datetime]]:
        """Return the minutes, with their pairs, that changed after they were taken; once each."""
        with self._lock:
            return self._minutes.late()

    def untold(self) -> list[str]:
        """Return the pairs whose minutes were not told yet since the connection stands.

        One that the exchange refused to tell is not waited for.
        """
        refused = {topic.symbol for topic, wish in self.topics.states.items() if wish.why}
        with self._lock:
            return [each for each in self._minutes.untold() if each not in refused]

    def gaps(self, symbol: str) -> int:
        """Return how often a pair was not heard for a while (STR-7)."""
        with self._lock:
            return self._minutes.gaps(symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a pair's rules, or None where it is not listed or nothing came yet."""
        with self._lock:
            return self._instruments.get(symbol)

    def is_untradable(self, symbol: str) -> bool:
        """Tell whether a pair's book was wrong so often that nothing may be sent for it."""
        with self._lock:
            kept = self._books.kept(symbol)
            return kept is not None and kept.integrity.is_untradable(monotonic())

    def failures(self, symbol: str) -> int:
        """Return how often a pair's book was wrong."""
        with self._lock:
            kept = self._books.kept(symbol)
            return 0 if kept is None else kept.integrity.failures

    def traded_at(self) -> datetime | None:
        """Return when the newest trade was made that was heard, of whatever pair."""
        with self._lock:
            return self._minutes.traded_at()

    def told_at(self) -> datetime | None:
        """Return the newest time that the exchange put on a trade or a book, if it can be read."""
        with self._lock:
            told = [self._minutes.traded_at(), self._books.told_at()]
        return max((each for each in told if each is not None), default=None)

    def checksum_failures(self) -> dict[str, int]:
        """Return how often each pair's book was wrong, where it was (STR-7)."""
        with self._lock:
            return self._books.failures()

    def price(
        self,
        symbol: str,
        *,
        name: str = "",
        now: datetime,
        max_age: timedelta = timedelta(seconds=10),
    ) -> LivePrice | None:
        """Return a pair's best prices with all that speaks against them, or None without any.

        They are the book's where it is followed and right, else the ticker's.

        Args:
            symbol: as the stream spells it.
            name: that the price is given; empty for the stream's.
            now: the exchange's time, UTC.
            max_age: by which a price may come after the exchange made it (STR-1, layer 3).

        Raises:
            UnexpectedReplyError: the ticker cannot be read.
        """
        with self._lock:
            at = monotonic()
            kept = self._books.kept(symbol)
            found = best_of_book(kept) or best_of_ticker(self._tickers.view(symbol))
            if found is None:
                return None
            received_at = now - max(timedelta(seconds=at - found.heard_at), timedelta())
            signs = self._signs(symbol, found, kept, received_at=received_at, max_age=max_age)
            traded = self._trades.last(symbol)
            return found.price(
                name or symbol, signs, now=now, last=None if traded is None else traded[0]
            )

    def _signs(
        self,
        symbol: str,
        found: Best,
        kept: KeptBook | None,
        *,
        received_at: datetime,
        max_age: timedelta,
    ) -> Signs:
        traded = self._trades.last(symbol)
        silent = any(
            wish.pulse.is_silent
            for topic, wish in self.topics.of_symbol(symbol)
            if topic.channel == found.source
        )
        return Signs(
            received_at=received_at,
            event_at=moment_of(found.timestamp) if found.timestamp else None,
            max_event_age=max_age,
            socket_silent=self.is_silent(),
            subscription_silent=silent,
            book_failed=has_failed(kept),
            bid=found.bid,
            ask=found.ask,
            last_trade=traded[0]
            if traded is not None and traded[1] - found.heard_at > FROZEN_SECONDS
            else None,
        )

    def _hear_trades(self, frame: bytes, at: float) -> None:
        self._minutes.hear_trades(self._trades.hear(frame, at))

    def _hear_candles(self, frame: bytes, at: float) -> None:
        self._minutes.hear_candles(self._candles.hear(frame, at), at)

    def _hear_instruments(self, frame: bytes, at: float) -> None:
        self._instruments_pulse.beat(at)
        changed = self._instruments.hear(message_of(frame).data)
        for instrument in changed:
            self._books.use(instrument.symbol, instrument.places)


def _book(symbol: str, depth: int) -> Topic:
    return Topic(channel=BOOK, symbol=symbol, options=(("depth", depth),))
