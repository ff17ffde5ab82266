"""Bars from the stream: each closed by what the stream shows, stored for all pairs, then told.

Only minutes are listened to. Longer bars are made of them, exactly: asking for six intervals would
bring each trade six times, and with every new connection six times the past. A pair whose minutes
are not all proven has its bar asked of REST, so that what is stored is always what REST tells; and
nothing is stored that does not follow on what is there, so that no hole is left behind.

Source: HIS-5; STR-3.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.minutes import Minute, Running, flat, with_minute
from kraken_pipeline.domain.money import ZERO, Price
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, closes_at, last_close
from kraken_pipeline.domain.trade_bars import TradeBar, candles_of
from kraken_pipeline.services.ports.bars import BarStore, CloseListener
from kraken_pipeline.services.ports.exchange import Clock

LOG: Final = logging.getLogger(__name__)
MINUTE: Final = next(iter(TIMEFRAMES.values()))
GRACE: Final = timedelta(seconds=0.3)
"""After the end of a bar until it is closed, for what the two channels tell one after the other."""
QUIET: Final = timedelta(seconds=1)
"""After the end, where nobody trades: with as much a heartbeat has come that would have followed
any trade."""
SHOWN: Final = timedelta(minutes=2)
"""How long ago the newest time may be that the exchange itself told, where nobody trades: with less
the clock of this machine is not believed, by which hours that never were could be closed."""
SET_BACK: Final = timedelta(minutes=2)
"""A close that lies so far ahead is that of a clock that was set back since."""
LOOKED_BACK: Final = 100
"""Minutes of the past that are compared at the start; a new connection tells a little more."""
TOLD_PATIENCE: Final = timedelta(seconds=10)
"""How long a new connection is given to tell of every pair before REST is asked."""


class MinuteSource(Protocol):
    """What is heard of the minutes of pairs."""

    def heard_at(self) -> datetime | None:
        """Return when anything was heard last, exchange time; None without a connection."""
        ...

    def traded_at(self) -> datetime | None:
        """Return when the newest trade was made that was heard, of whatever pair."""
        ...

    def told_at(self) -> datetime | None:
        """Return the newest time that the exchange put on anything; None where there is none."""
        ...

    def is_told(self) -> bool:
        """Tell whether something was told of every pair since the connection stands."""
        ...

    def minute(self, pair: str, opened_at: datetime) -> Minute:
        """Return what is known of a minute that is over, by our name of the pair."""
        ...

    def take(self, until: datetime) -> None:
        """Note that the minutes before an instant were taken."""
        ...

    def late(self) -> Sequence[tuple[str, datetime]]:
        """Return the minutes that changed after they were taken, with their pairs; once each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingDesk:
    """What closing bars needs."""

    source: MinuteSource
    bars: BarStore
    mend: Callable[[Timeframe, Sequence[Pair]], object]
    """Brings bars up to date by REST, and may do the rest of it later."""
    retell: Callable[[Timeframe, Pair, datetime], object]
    """Asks REST for a bar that was stored and has changed, and stores it as a revision."""
    listener: CloseListener
    clock: Clock


class Closing:
    """Closes bars as their time comes; used by one thread."""

    def __init__(
        self, desk: ClosingDesk, pairs: Sequence[Pair], *, after: "Closing | None" = None
    ) -> None:
        """Begin with the minute that runs, or where another stopped.

        Args:
            desk: what it works with.
            pairs: whose bars; each is heard by the source.
            after: whose place it takes: a close that one has not told yet is still told.
        """
        self._desk = desk
        self._pairs = {each.name: each for each in pairs}
        begun = last_close(MINUTE, desk.clock()) + MINUTE.length
        self.due: datetime = begun if after is None else min(after.due, begun)
        """The close that is told next."""
        self._running: dict[str, dict[str, Running | None]] | None = None
        self._waits_since: datetime | None = None
        self.closed_at: datetime | None = None if after is None else after.closed_at
        """The newest close that was told."""
        self.mended = 0
        """Bars that REST was asked for, as the stream did not prove them."""
        self.late = 0
        """Minutes that changed after they were closed."""

    def step(self) -> bool:
        """Close the next minute, with what else ends with it, if that is due; tell whether it was.

        Raises:
            PipelineError: the bars cannot be stored, or the exchange's time is not known; the
                minute stays due.
        """
        if not self._is_due():
            return False
        self._revise()
        self._close(self.due)
        self.closed_at = self.due
        self.due += MINUTE.length
        return True

    def _is_due(self) -> bool:
        now = self._desk.clock()
        if self.due - now > SET_BACK:
            self.due = last_close(MINUTE, now) + MINUTE.length
        if now < self.due + GRACE:
            return False
        if self._desk.source.heard_at() is None:
            self._waits_since = None
            return False
        if not self._is_over(self.due, now):
            return False
        if self._desk.source.is_told():
            self._waits_since = None
            return True
        self._waits_since = self._waits_since or now
        return now - self._waits_since >= TOLD_PATIENCE

    def _is_over(self, end: datetime, now: datetime) -> bool:
        """Tell whether the exchange has shown that an instant has passed there (HIS-5)."""
        source = self._desk.source
        heard_at, traded_at, told_at = source.heard_at(), source.traded_at(), source.told_at()
        # a trade from the future shows nothing: then it is what is heard that counts
        if traded_at is not None and end <= traded_at <= now + QUIET:
            return True
        is_now = told_at is None or now - told_at <= SHOWN
        return is_now and heard_at is not None and heard_at >= end + QUIET

    def _close(self, end: datetime) -> None:
        opened = end - MINUTE.length
        if self._running is None:
            self._running = {name: self._begun(name, opened) for name in self._pairs}
            self._look_back(opened)
        for name, running in self._running.items():
            self._add(running, self._desk.source.minute(name, opened), _seconds(opened))
        frames = closes_at(end)
        self._store(frames, end)
        self._desk.source.take(end)
        self._desk.listener.closed(frames, end)

    def _look_back(self, until: datetime) -> None:
        """Have told anew what was stored before otherwise than it is told now.

        Whoever closed these bars may have ended before a late trade of theirs came, or before REST
        told it of each timeframe.
        """
        for frame in TIMEFRAMES.values():
            # the oldest may begin before the first minute that is told
            count = LOOKED_BACK // frame.minutes - (frame is not MINUTE)
            if count > 0:
                self._compare(frame, until, count)

    def _compare(self, frame: Timeframe, until: datetime, count: int) -> None:
        names = tuple(self._pairs)
        stored = self._desk.bars.read(frame, names, closed_by=until, count=count)
        for row, at in enumerate(stored.opened_at):
            opened = datetime.fromtimestamp(int(at), UTC)
            for column, name in enumerate(stored.pairs):
                if self._is_other(frame, name, opened, float(stored.volume[row, column])):
                    self._revise_minute(name, opened)

    def _is_other(self, frame: Timeframe, name: str, opened: datetime, stored: float) -> bool:
        told = ZERO
        for number in range(frame.minutes):
            minute = self._desk.source.minute(name, opened + number * MINUTE.length)
            if minute.doubt:
                return False
            told += ZERO if minute.bar is None else minute.bar.volume
        return not math.isnan(stored) and not math.isclose(float(told), stored, rel_tol=1e-9)

    def _begun(self, name: str, until: datetime) -> dict[str, Running | None]:
        """Return the bars of a pair that run, as far as the source knows their past."""
        return {frame.name: self._walked(name, frame, until) for frame in TIMEFRAMES.values()}

    def _walked(self, name: str, frame: Timeframe, until: datetime) -> Running | None:
        opened = last_close(frame, until)
        running: Running | None = None
        while opened < until:
            minute = self._desk.source.minute(name, opened)
            if minute.doubt:
                return None
            running = with_minute(running, minute.bar, _seconds(opened), frame)
            opened += MINUTE.length
        return running

    @staticmethod
    def _add(running: dict[str, Running | None], minute: Minute, opened: int) -> None:
        for frame in TIMEFRAMES.values():
            running[frame.name] = (
                None
                if minute.doubt
                else with_minute(running[frame.name], minute.bar, opened, frame)
            )

    def _store(self, frames: Sequence[Timeframe], end: datetime) -> None:
        """Store the bars that end now: those that are proven at once, and the rest by REST."""
        found = {frame: self._ended(frame, end) for frame in frames}
        self._desk.bars.append_all({frame: pages for frame, (pages, _) in found.items()})
        for frame, (_, lacking) in found.items():
            if lacking:
                self.mended += len(lacking)
                self._desk.mend(frame, lacking)

    def _ended(self, frame: Timeframe, end: datetime) -> tuple[list[Candles], list[Pair]]:
        """Return the proven bars of a timeframe that end now, and the pairs that have none."""
        opened = end - frame.length
        newest = self._desk.bars.newest(frame)
        before = self._desk.bars.closes(frame, opened)
        pages: list[Candles] = []
        lacking: list[Pair] = []
        for name, pair in self._pairs.items():
            if name in newest and newest[name] >= opened:
                continue  # somebody else was first
            follows = newest.get(name) == opened - frame.length
            bar = self._bar(frame, name, _seconds(opened), before.get(name)) if follows else None
            if bar is None:
                lacking.append(pair)
            else:
                pages.append(candles_of((bar,), name, frame))
        return pages, lacking

    def _bar(
        self, frame: Timeframe, name: str, opened: int, before: Decimal | None
    ) -> TradeBar | None:
        """Return a pair's bar that ends now, or None where it is not proven."""
        running = None if self._running is None else self._running[name][frame.name]
        if running is None or running.opened_at != opened or not running.is_whole(frame):
            return None
        if running.bar is None:
            return None if before is None else flat(opened, Price(before))
        return running.bar

    def _revise(self) -> None:
        """Have told anew what changed after it was closed (HIS-5)."""
        for name, opened in self._desk.source.late():
            self._revise_minute(name, opened)

    def _revise_minute(self, name: str, opened: datetime) -> None:
        self.late += 1
        for frame in TIMEFRAMES.values():
            self._revise_frame(frame, name, opened)

    def _revise_frame(self, frame: Timeframe, name: str, minute: datetime) -> None:
        opened = last_close(frame, minute)
        if opened + frame.length >= self.due:
            if self._running is not None and name in self._running:
                self._running[name][frame.name] = None  # it runs still, and REST tells it once over
            return
        if name in self._pairs:
            try:
                self._desk.retell(frame, self._pairs[name], opened)
            except PipelineError as failure:
                LOG.warning(
                    "a late trade of %s changed its %s bar of %s, which REST does not tell now: %s",
                    name,
                    frame.name,
                    opened,
                    failure,
                )


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
