"""Fill history that the exchange tells no candles of any more from its public trades.

Days are written as soon as they are whole, on every timeframe at once, and certified up to there:
how far the reading came is noted after each page, so that a run that was cut reads none of them
again (HIS-7). Pages overlap by the last microsecond of the one before, so that trades of one
instant are not lost between two (U-HIS-4).

Source: Kraken's Trades, 1000 a page from any time on; one call a second is called safe.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.certificates import Certificate, Difference, Source, Span
from kraken_pipeline.domain.errors import InvalidValueError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import PublicTrade, TradesPage
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe
from kraken_pipeline.domain.trade_bars import TradeBar, bars_of, candles_of, joined
from kraken_pipeline.domain.trade_reading import Reading

PAGE: Final = 1000
"""Trades of a full page."""
SECOND: Final = timedelta(seconds=1)
DAY: Final = 86_400
HOUR: Final = 3600
_SHORTEST: Final = TIMEFRAMES["1m"]
_NANOSECONDS: Final = 10**9
_MICROSECOND: Final = 1000
"""Nanoseconds of one."""


class Market(Protocol):
    """What is asked of the exchange."""

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        """Return trades after a cursor, oldest first."""
        ...


class Bars(Protocol):
    """Where bars are kept."""

    def compare(self, frame: Timeframe, candles: Candles) -> Admitted:
        """Add what is new, and compare the rest with what is there."""
        ...


class Known(Protocol):
    """What is known of where bars come from."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...


class Certificates(Known, Protocol):
    """The same, to be added to."""

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        """Add what sources told of pairs."""
        ...


class Readings(Protocol):
    """Where it is noted how far the reading of a pair's trades has come."""

    def turn(self, pair: str) -> AbstractContextManager[None]:
        """Keep others from filling the pair's; ConflictError where one does."""
        ...

    def kept(self, pair: str) -> Reading | None:
        """Return what was noted last."""
        ...

    def keep(self, pair: str, reading: Reading) -> None:
        """Note it in place of what was noted before."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildDesk:
    """What filling from trades needs."""

    market: Market
    bars: Bars
    certificates: Certificates
    readings: Readings
    progress: Callable[[int, int, int], None]
    """Told calls made, seconds of history done and seconds due after each page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What filling did."""

    pair: str
    first: int
    until: int
    """Up to where it is filled now."""
    calls: int
    trades: int
    added: Mapping[str, int]
    """Timeframe to bars that were new."""
    differing: Mapping[str, int]
    """Timeframe to bars that are stored otherwise than the trades make them."""


def rebuild(
    desk: RebuildDesk,
    pair: Pair,
    *,
    since: datetime,
    now: datetime,
    until: datetime | None = None,
    max_calls: int | None = None,
) -> Rebuilt:
    """Fill a pair's history from a day on, on every timeframe.

    Args:
        desk: what is needed.
        pair: whose.
        since: within the first day, UTC; what is certified from there on is not read again.
        now: on the exchange's clock.
        until: where it ends, to the hour; none fills up to the last midnight.
        max_calls: after so many it stops with the next day that is whole.

    Raises:
        InvalidValueError: the day is not over.
        ConflictError: somebody else is filling the pair's.
        ExchangeError: the exchange did not tell; every page before that is kept.
    """
    wanted = seconds(since) // DAY * DAY
    end = seconds(now) // DAY * DAY if until is None else seconds(min(until, now)) // HOUR * HOUR
    if wanted >= end:
        raise InvalidValueError(f"{since:%Y-%m-%d} is not over; history is filled by whole days")
    with desk.readings.turn(pair.name):
        run = _Run(desk=desk, pair=pair, wanted=wanted, end=end, now=now)
        if run.done < end:
            run.read(max_calls)
    return Rebuilt(
        pair=pair.name,
        first=wanted,
        until=max(run.done, wanted),
        calls=run.calls,
        trades=run.trades,
        added=run.added,
        differing=run.differing,
    )


class _Run:
    """Reads pages, notes how far it is after each, writes whole days, and counts."""

    def __init__(
        self, *, desk: RebuildDesk, pair: Pair, wanted: int, end: int, now: datetime
    ) -> None:
        self._desk, self._pair, self._wanted, self._end, self._now = desk, pair, wanted, end, now
        self.added = dict.fromkeys(TIMEFRAMES, 0)
        self.differing = dict.fromkeys(TIMEFRAMES, 0)
        self.calls = self.trades = 0
        self.done = filled_up_to(desk.certificates, pair.name, wanted)

    def read(self, max_calls: int | None) -> None:
        """Read on from where the last run came to."""
        begun = _begun(self._desk.readings.kept(self._pair.name), self.done)
        pending = begun.pending
        for page in _pages(self._desk.market, self._pair, begun, self._end):
            self.calls += page.calls
            self.trades += len(page.trades)
            pending = joined((*pending, *bars_of(page.trades, _SHORTEST)), _SHORTEST)
            # before anything is written: what is written twice is found to be the same
            self._desk.readings.keep(self._pair.name, page.reading(self.done, pending))
            whole = self._end if page.is_last else _whole_until(pending, self.done)
            is_whole = whole > self.done
            if is_whole:
                self._write([each for each in pending if each.opened_at < whole], whole)
                midnight = whole // DAY * DAY
                pending = tuple(each for each in pending if each.opened_at >= midnight)
                self.done = whole
            self._tell(pending)
            if is_whole and max_calls is not None and self.calls >= max_calls:
                return

    def _tell(self, pending: Sequence[TradeBar]) -> None:
        reached = max(pending[-1].opened_at if pending else 0, self.done)
        self._desk.progress(self.calls, reached - self._wanted, self._end - self._wanted)

    def _write(self, minutes: Sequence[TradeBar], until: int) -> None:
        """Keep bars of every timeframe, and certify up to `until`, or the last that is over."""
        for name, frame in TIMEFRAMES.items():
            over = until // frame.seconds * frame.seconds
            span = Span(
                first=self._wanted,
                until=over,
                source=Source.TRADES,
                origin="",
                fetched_at=self._now,
            )
            bars = joined((each for each in minutes if each.opened_at < over), frame)
            admitted = self._desk.bars.compare(frame, candles_of(bars, self._pair.name, frame))
            self.added[name] += admitted.added
            self.differing[name] += admitted.differing
            differences = [
                Difference(opened_at=at, field=field, kept=kept, told=told, origin="trades")
                for at, field, kept, told in admitted.differences
            ]
            if over > self._wanted:
                self._desk.certificates.extend(frame, [(self._pair.name, span, differences)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Trades that were not told before, and where to go on."""

    trades: tuple[PublicTrade, ...]
    is_last: bool
    calls: int
    cursor: int
    held: tuple[PublicTrade, ...]

    def reading(self, done: int, pending: tuple[TradeBar, ...]) -> Reading:
        """Return how far the reading is with it."""
        return Reading(done=done // DAY * DAY, cursor=self.cursor, held=self.held, pending=pending)


def _begun(kept: Reading | None, done: int) -> Reading:
    """Return where to go on: where the last run was cut, or at what is certified."""
    midnight = done // DAY * DAY
    if kept is None or not kept.goes_on_from(midnight):
        return Reading(done=midnight, cursor=midnight * _NANOSECONDS - 1, held=(), pending=())
    return replace(kept, pending=tuple(each for each in kept.pending if each.opened_at >= midnight))


def _pages(market: Market, pair: Pair, begun: Reading, until: int) -> Iterator[_Page]:
    """Yield trades up to `until`, each once, a call at a time."""
    end, last_cursor = EPOCH + until * SECOND, until * _NANOSECONDS - 1
    cursor, held = begun.cursor, begun.held
    if cursor >= last_cursor:
        yield _Page(trades=(), is_last=True, calls=0, cursor=cursor, held=held)
        return
    while True:
        page = market.trades(pair, cursor=str(cursor), count=PAGE)
        told = _beyond(held, page.trades)
        if not told or told == held or told[-1].at >= end:
            rest = tuple(each for each in told if each.at < end)
            yield _Page(trades=rest, is_last=True, calls=1, cursor=last_cursor, held=())
            return
        if told[0].at == told[-1].at and len(page.trades) >= PAGE:
            raise UnreachableError(
                f"{pair.name} has more trades at {told[0].at} than a page of {PAGE} holds"
            )
        held = tuple(each for each in told if each.at == told[-1].at)
        cursor = int(page.cursor) // _MICROSECOND * _MICROSECOND - 1
        new = told[: len(told) - len(held)]
        yield _Page(trades=new, is_last=False, calls=1, cursor=cursor, held=held)


def _beyond(
    held: tuple[PublicTrade, ...], told: tuple[PublicTrade, ...]
) -> tuple[PublicTrade, ...]:
    """Return a page's trades with those of the last instant before it, which it may tell again."""
    if not held:
        return told
    again = sum(each.at == held[0].at for each in told)
    return told if again >= len(held) else (*held, *told[again:])


def _whole_until(minutes: Sequence[TradeBar], done: int) -> int:
    """Return the midnight up to which every trade is known: that before the newest."""
    return minutes[-1].opened_at // DAY * DAY if minutes else done


def filled_up_to(certificates: Known, pair: str, wanted: int) -> int:
    """Return up to where the trades from a time on are certified on every timeframe."""
    reached = []
    for frame in TIMEFRAMES.values():
        known = certificates.of(frame).get(pair)
        spans = known.spans if known is not None else ()
        reached.append(
            max(
                (
                    each.until
                    for each in spans
                    if each.source is Source.TRADES and each.first <= wanted < each.until
                ),
                default=wanted,
            )
        )
    return min(reached)


def seconds(moment: datetime) -> int:
    """Return a time in Unix seconds."""
    return (moment - EPOCH) // SECOND
