"""Fetch the newest candles of pairs by a plan, each page once (HIS-1, HIS-2, HIS-7).

A longer timeframe that can be made of a shorter one is not asked for, as long as what is made is
what the exchange told of the bars that both have. Pages are noted as they come in and stored many
at a time; whoever was cut stores what was noted first.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Final, Protocol

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.certificates import Difference, Source, Span
from kraken_pipeline.domain.errors import ExchangeError, InvalidValueError
from kraken_pipeline.domain.longer_bars import between, made_of
from kraken_pipeline.domain.tail_pages import TailPage
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.services.bars.history import AT_ONCE, closed_by, tail_of
from kraken_pipeline.services.bars.plan_history import Market, PairPlan, Tail
from kraken_pipeline.services.ports.bars import Certificates

PAIRS_AT_A_TIME: Final = 100
"""Pairs whose pages are stored together."""


class Bars(Protocol):
    """Where bars are kept."""

    def compare(self, frame: Timeframe, candles: Candles) -> Admitted:
        """Add what is new, and compare the rest with what is there."""
        ...

    def compare_all(self, frame: Timeframe, pages: Sequence[Candles]) -> Mapping[str, Admitted]:
        """Do that with a page of each of many pairs."""
        ...


class Pages(Protocol):
    """Pages that are not stored yet."""

    def turn(self) -> AbstractContextManager[None]:
        """Keep other processes from fetching tails; ConflictError where one does."""
        ...

    def note(self, pages: Sequence[TailPage]) -> None:
        """Add pages."""
        ...

    def noted(self) -> tuple[TailPage, ...]:
        """Return what was added since they were cleared."""
        ...

    def clear(self) -> None:
        """Forget them: they are stored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TailDesk:
    """What fetching tails needs."""

    market: Market
    bars: Bars
    certificates: Certificates
    pages: Pages
    progress: Callable[[int], None]
    """Told how many calls more were made."""


@dataclass(slots=True, kw_only=True)
class Fetched:
    """What fetching did; it grows as the work goes on."""

    calls: int = 0
    made: int = 0
    """Pages that were made of shorter ones."""
    added: dict[str, int] = field(default_factory=dict)
    """Timeframe to bars that were new."""
    differing: dict[str, int] = field(default_factory=dict)
    """Timeframe to bars that are stored otherwise than they are told now."""
    failures: dict[str, str] = field(default_factory=dict)
    """Pair to why it was not told or cannot be kept."""


def store_noted(desk: TailDesk) -> Fetched:
    """Store what a run that was cut had fetched.

    Raises:
        ConflictError: another process is fetching.
        ConfigurationError: the store cannot be read or written.
    """
    done = Fetched()
    with desk.pages.turn():
        _store(desk, desk.pages.noted(), done)
        desk.pages.clear()
    return done


def fetch_tails(desk: TailDesk, pairs: Sequence[PairPlan], *, now: datetime) -> Fetched:
    """Fetch the tails of a plan.

    Args:
        desk: what is needed.
        pairs: what is to be done; nothing of it may be noted and not stored.
        now: on the exchange's clock; later candles are not closed.

    Raises:
        ConflictError: another process is fetching.
        ConfigurationError: the store cannot be read or written.
    """
    done = Fetched()
    due = [each for each in pairs if each.tails]
    with desk.pages.turn(), ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(due), PAIRS_AT_A_TIME):
            some = due[start : start + PAIRS_AT_A_TIME]
            told = list(pool.map(lambda each: _Pair(desk, each, now).told(), some))
            pages = [page for each in told for page in each.pages]
            for each in told:
                done.calls += each.calls
                done.failures.update(each.failure)
            done.made += sum(bool(each.made_of) for each in pages)
            _store(desk, pages, done)
            desk.pages.clear()
    return done


def within(pairs: Sequence[PairPlan], max_calls: int) -> tuple[PairPlan, ...]:
    """Return the pairs of a plan whose tails take so many calls together, as they come."""
    totals = accumulate(sum(not tail.made_of for tail in each.tails) for each in pairs)
    return tuple(
        each for each, total in zip(pairs, totals, strict=True) if each.tails and total <= max_calls
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    pages: tuple[TailPage, ...]
    calls: int
    failure: Mapping[str, str]


class _Pair:
    """Fetches one pair's tails, the shortest first, as longer ones may be made of them."""

    def __init__(self, desk: TailDesk, of: PairPlan, now: datetime) -> None:
        self._desk, self._of, self._now = desk, of, now
        self._calls = 0

    def told(self) -> _Told:
        """Return what was told and made, as far as it went."""
        pages: dict[str, TailPage] = {}
        failure = {}
        try:
            for tail in self._of.tails:
                page = self._made(tail, pages) or self._asked(tail.frame)
                self._desk.pages.note([page])
                pages[tail.frame.name] = page
        except (ExchangeError, InvalidValueError) as error:
            failure = {self._of.pair.name: str(error)}
        return _Told(pages=tuple(pages.values()), calls=self._calls, failure=failure)

    def _asked(self, frame: Timeframe) -> TailPage:
        self._calls += 1
        told = self._desk.market.candles(self._of.pair, frame, None)
        self._desk.progress(1)
        return TailPage(candles=closed_by(told, frame, self._now), made_of="", at=self._now)

    def _made(self, tail: Tail, pages: Mapping[str, TailPage]) -> TailPage | None:
        """Make it of a shorter one; None where that is not shown to be the same."""
        if not tail.made_of:
            return None
        made = made_of(pages[tail.made_of].candles, tail.frame)
        new = between(made, tail.first, tail.until)
        known = between(made, *tail.stored)
        if len(new) * tail.frame.seconds != tail.until - tail.first or not any(known.trades):
            return None
        found = self._desk.bars.compare(tail.frame, known)
        if found.differing:
            page = TailPage(candles=known, made_of=tail.made_of, at=self._now)
            self._desk.certificates.extend(tail.frame, [_certified(page, found)])
            return None
        return TailPage(candles=new, made_of=tail.made_of, at=self._now)


def _store(desk: TailDesk, pages: Sequence[TailPage], done: Fetched) -> None:
    """Store pages and certify them, a timeframe at a time."""
    of_frames: dict[str, list[TailPage]] = defaultdict(list)
    for page in pages:
        if len(page.candles):
            of_frames[page.candles.timeframe].append(page)
    for name, some in of_frames.items():
        frame = TIMEFRAMES[name]
        told = []
        for page, found in _compared(desk.bars, frame, some, done):
            done.added[name] = done.added.get(name, 0) + found.added
            done.differing[name] = done.differing.get(name, 0) + found.differing
            told.append(_certified(page, found))
        desk.certificates.extend(frame, told)


def _compared(
    bars: Bars, frame: Timeframe, pages: Sequence[TailPage], done: Fetched
) -> Iterator[tuple[TailPage, Admitted]]:
    """Yield what became of each page; where one is wrong each is stored for itself."""
    try:
        found = bars.compare_all(frame, [each.candles for each in pages])
    except InvalidValueError:
        for page in pages:
            try:
                yield page, bars.compare(frame, page.candles)
            except InvalidValueError as error:
                done.failures[page.candles.pair] = str(error)
        return
    for page in pages:
        yield page, found[page.candles.pair]


def _certified(page: TailPage, found: Admitted) -> tuple[str, Span, list[Difference]]:
    frame = TIMEFRAMES[page.candles.timeframe]
    if page.made_of:
        opened = page.candles.opened_at
        span = Span(
            first=opened[0],
            until=opened[-1] + frame.seconds,
            source=Source.MADE,
            origin=page.made_of,
            fetched_at=page.at,
        )
    else:
        span = tail_of(frame, page.candles, page.at)
    origin = f"made of {page.made_of}" if page.made_of else "ohlc"
    differences = [
        Difference(opened_at=at, field=name, kept=kept, told=told, origin=origin)
        for at, name, kept, told in found.differences
    ]
    return page.candles.pair, span, differences
