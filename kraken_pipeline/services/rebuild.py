"""Fill history that the exchange tells no candles of any more from its public trades.

Days are written as soon as they are whole, on every timeframe at once, and certified up to there:
a run that was cut goes on behind the last whole day (HIS-7). Pages overlap by the last microsecond
of the one before, so that trades of one instant are not lost between two (U-HIS-4).

Source: Kraken's Trades, 1000 a page from any time on; one call a second is called safe.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.certificates import Certificate, Difference, Source, Span
from kraken_pipeline.domain.errors import InvalidValueError, UnreachableError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import PublicTrade, TradesPage
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe
from kraken_pipeline.domain.trade_bars import TradeBar, bars_of, candles_of, joined

PAGE: Final = 1000
"""Trades of a full page."""
CALLS_A_SECOND: Final = 1
SECOND: Final = timedelta(seconds=1)
DAY: Final = 86_400
TAIL: Final = 720
"""Candles that OHLC still tells."""
SAMPLE_DAYS: Final = 30
"""Oldest days whose trades are known, from which those of older days are guessed."""
_SHORTEST: Final = TIMEFRAMES["1m"]
_DAILY: Final = TIMEFRAMES["1d"]
_NANOSECONDS: Final = 10**9
_MICROSECOND: Final = 1000
"""Nanoseconds of one."""


class Market(Protocol):
    """What is asked of the exchange."""

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles, as many as there are."""
        ...

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        """Return trades after a cursor, oldest first."""
        ...


class Bars(Protocol):
    """Where bars are kept."""

    def compare(self, frame: Timeframe, candles: Candles) -> Admitted:
        """Add what is new, and compare the rest with what is there."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        """Add what sources told of pairs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildDesk:
    """What filling from trades needs."""

    market: Market
    bars: Bars
    certificates: Certificates
    progress: Callable[[int, int, int], None]
    """Told calls made, seconds of history done and seconds due after each page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What filling a stretch takes."""

    pair: str
    first: int
    """Unix seconds, where a UTC day begins; what is certified already is left out."""
    until: int
    trades: int
    """That have to be read, about."""
    guessed_days: int
    """Days of which the exchange does not tell any more how much traded."""
    in_ohlc: tuple[str, ...]
    """Timeframes of which OHLC, one call each, still tells all of it."""

    @property
    def calls(self) -> int:
        """How many calls."""
        return 0 if self.first >= self.until else self.trades // (PAGE - 1) + 1

    @property
    def duration(self) -> timedelta:
        """How long that takes within the public limit."""
        return timedelta(seconds=self.calls / CALLS_A_SECOND)


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


def plan(desk: RebuildDesk, pair: Pair, *, since: datetime, now: datetime) -> Cost:
    """Return what it takes to fill a pair's history from a day on up to the last midnight, UTC.

    One call is made, for the number of trades of each of the last 720 days.

    Raises:
        InvalidValueError: the day is not over.
        ExchangeError: the exchange did not tell.
    """
    wanted, until = _midnight(since), _midnight(now)
    if wanted >= until:
        raise InvalidValueError(f"{since:%Y-%m-%d} is not over; history is filled by whole days")
    first = _resumed(desk.certificates, pair.name, wanted)
    days = desk.market.candles(pair, _DAILY, None)
    known = {at: count for at, count in zip(days.opened_at, days.trades, strict=True) if at < until}
    sample = [known[at] for at in sorted(known)[:SAMPLE_DAYS]]
    mean = sum(sample) // max(len(sample), 1)
    asked = range(first, until, DAY)
    return Cost(
        pair=pair.name,
        first=first,
        until=until,
        trades=sum(known.get(at, mean) for at in asked),
        guessed_days=sum(at not in known for at in asked),
        in_ohlc=tuple(
            name
            for name, frame in TIMEFRAMES.items()
            if _seconds(now) - wanted <= TAIL * frame.seconds
        ),
    )


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
        until: within the day after the last; none fills up to the last midnight.
        max_calls: after so many it stops with the next day that is whole.

    Raises:
        InvalidValueError: the day is not over.
        ExchangeError: the exchange did not tell; whole days before that are kept.
    """
    wanted, end = _midnight(since), _midnight(now if until is None else min(until, now))
    if wanted >= end:
        raise InvalidValueError(f"{since:%Y-%m-%d} is not over; history is filled by whole days")
    begin = _resumed(desk.certificates, pair.name, wanted)
    work = _Work(desk=desk, pair=pair.name, first=wanted, now=now)
    pending: tuple[TradeBar, ...] = ()
    done, calls, trades = begin, 0, 0
    pages = _pages(desk.market, pair, begin, end) if begin < end else iter(())
    for page, is_last in pages:
        calls += 1
        trades += len(page)
        pending = joined((*pending, *bars_of(page, _SHORTEST)), _SHORTEST)
        whole = end if is_last else _whole_until(pending, done)
        is_whole = whole > done
        if is_whole:
            work.write([each for each in pending if each.opened_at < whole], whole)
            pending = tuple(each for each in pending if each.opened_at >= whole)
            done = whole
        reached = pending[-1].opened_at if pending else done
        desk.progress(calls, reached - wanted, end - wanted)
        if is_whole and max_calls is not None and calls >= max_calls:
            break
    return Rebuilt(
        pair=pair.name,
        first=wanted,
        until=max(done, wanted),
        calls=calls,
        trades=trades,
        added=work.added,
        differing=work.differing,
    )


class _Work:
    """Writes whole days, and counts."""

    def __init__(self, *, desk: RebuildDesk, pair: str, first: int, now: datetime) -> None:
        self._desk, self._pair, self._first, self._now = desk, pair, first, now
        self.added = dict.fromkeys(TIMEFRAMES, 0)
        self.differing = dict.fromkeys(TIMEFRAMES, 0)

    def write(self, minutes: Sequence[TradeBar], until: int) -> None:
        """Keep bars of every timeframe, and certify up to `until`."""
        span = Span(
            first=self._first,
            until=until,
            source=Source.TRADES,
            origin="",
            fetched_at=self._now,
        )
        for name, frame in TIMEFRAMES.items():
            candles = candles_of(joined(minutes, frame), self._pair, frame)
            admitted = self._desk.bars.compare(frame, candles)
            self.added[name] += admitted.added
            self.differing[name] += admitted.differing
            differences = [
                Difference(opened_at=at, field=field, kept=kept, told=told, origin="trades")
                for at, field, kept, told in admitted.differences
            ]
            self._desk.certificates.extend(frame, [(self._pair, span, differences)])


def _pages(
    market: Market, pair: Pair, first: int, until: int
) -> Iterator[tuple[tuple[PublicTrade, ...], bool]]:
    """Yield trades from `first` to `until`, each once, a call at a time, and whether they end."""
    end = EPOCH + until * SECOND
    cursor = first * _NANOSECONDS - 1
    held: tuple[PublicTrade, ...] = ()
    while True:
        page = market.trades(pair, cursor=str(cursor), count=PAGE)
        told = _beyond(held, page.trades)
        if not told or told == held or told[-1].at >= end:
            yield tuple(each for each in told if each.at < end), True
            return
        if told[0].at == told[-1].at and len(page.trades) >= PAGE:
            raise UnreachableError(
                f"{pair.name} has more trades at {told[0].at} than a page of {PAGE} holds"
            )
        held = tuple(each for each in told if each.at == told[-1].at)
        yield told[: len(told) - len(held)], False
        cursor = int(page.cursor) // _MICROSECOND * _MICROSECOND - 1


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


def _resumed(certificates: Certificates, pair: str, wanted: int) -> int:
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


def _midnight(moment: datetime) -> int:
    return _seconds(moment) // DAY * DAY


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // SECOND
