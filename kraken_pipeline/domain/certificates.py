"""Certificates: where a pair's history comes from, and why a bar of it is missing.

A stretch runs from the open time of its first bar up to, and without, the open time of the bar
after its last. All times are Unix seconds, UTC. Why a bar is absent is worked out from the bars
and the stretches whenever it is asked, and kept nowhere, so that it cannot go stale.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Self

from kraken_pipeline.domain.timeframes import Timeframe

Stretch = tuple[int, int]
"""First open time, and the open time after the last."""


class Source(StrEnum):
    """Where bars come from."""

    OHLC = "ohlc"
    """The exchange's last 720 candles, asked for one pair at a time."""
    ARCHIVE = "archive"
    """The exchange's downloadable files: they tell the number of trades, and leave out bars in
    which nothing traded."""
    TRADES = "trades"
    """Every trade of the exchange's, one by one."""
    COPY = "copy"
    """A file of somebody else's making: without the number of trades, so not the exchange's."""
    MADE = "made"
    """Made of shorter bars, every one of which was there."""


class Reason(StrEnum):
    """Why a bar is absent."""

    NO_TRADES = "no_trades"
    """Proven: every trade before and after it was read, and there is none in it."""
    NOT_IN_ARCHIVE = "not_in_archive"
    """The exchange's own files span it and leave it out, as they do where nothing traded. That
    nothing did is likely and not proven: files that lack a candle of a busy hour were seen."""
    EXCHANGE_DOWN = "exchange_down"
    """The same, and none of the pairs that trade most has a bar there either."""
    NOT_AVAILABLE = "not_available"
    """A source was read and has none; it does not show why."""
    NOT_FETCHED = "not_fetched"
    """No source was asked."""


ABSENT_IN: Final[Mapping[Source, Reason]] = MappingProxyType(
    {
        Source.TRADES: Reason.NO_TRADES,
        Source.ARCHIVE: Reason.NOT_IN_ARCHIVE,
        Source.COPY: Reason.NOT_AVAILABLE,
        Source.OHLC: Reason.NOT_AVAILABLE,
        Source.MADE: Reason.NOT_FETCHED,
    }
)
"""What it means that a source has no bar within what it was read for (HIS-3). Kraken's OHLC tells
a candle also of a time in which nothing traded: what lacks is older than the pair.
"""
STRENGTH: Final = (
    Reason.NOT_FETCHED,
    Reason.NOT_AVAILABLE,
    Reason.NOT_IN_ARCHIVE,
    Reason.NO_TRADES,
)
"""Weakest first; of two sources that span an absent bar the one that says more is believed."""
SILENT: Final = frozenset({Reason.NO_TRADES, Reason.NOT_IN_ARCHIVE})
"""Reasons that bear out that the exchange was down, where other pairs have nothing either."""
WITNESSES: Final = 3
"""Pairs that must be silent together before the exchange is called down."""
MOST_DIFFERENCES: Final = 1000
"""That are kept of one origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch that a source was read for."""

    first: int
    until: int
    source: Source
    origin: str
    """What was read: the name of a file, or of a shorter timeframe; else empty."""
    fetched_at: datetime
    """When the newest of it was."""

    def covers(self, other: Self) -> bool:
        """Tell whether the other says nothing that this one does not."""
        return self.touches(other) and self.first <= other.first and other.until <= self.until

    def touches(self, other: Self) -> bool:
        """Tell whether the other is of the same source, and no time lies between the two."""
        same = (self.source, self.origin) == (other.source, other.origin)
        return same and self.first <= other.until and other.first <= self.until


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Difference:
    """A bar that two sources tell differently. What was kept first stays."""

    opened_at: int
    field: str
    """`open`, `high`, `low`, `close`, `volume` or `trades`."""
    kept: str
    told: str
    origin: str
    """Who tells it so: the name of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What is known of one pair's history on one timeframe."""

    pair: str
    timeframe: str
    spans: tuple[Span, ...] = field(default=())
    """By first open time."""
    differences: tuple[Difference, ...] = field(default=())
    """By open time."""

    def with_span(self, span: Span, differences: Iterable[Difference]) -> Self:
        """Return it with what a source told more; the same told again changes nothing."""
        spans = self.spans
        if not any(each.covers(span) for each in spans):
            touching = [each for each in spans if each.touches(span)]
            whole = replace(
                span,
                first=min(each.first for each in (span, *touching)),
                until=max(each.until for each in (span, *touching)),
            )
            left = (each for each in spans if each not in touching)
            spans = tuple(sorted((*left, whole), key=lambda each: (each.first, each.until)))
        found = sorted({*self.differences, *differences})
        return replace(self, spans=spans, differences=tuple(_bounded(found)))

    def without(self, gone: Sequence[Stretch]) -> Self:
        """Return it as if no source had been read for some stretches.

        Args:
            gone: by time; none overlaps another.
        """
        left = (
            replace(each, first=first, until=until)
            for each in self.spans
            for first, until in absent(gone, (each.first, each.until))
        )
        return replace(self, spans=tuple(sorted(left, key=lambda each: (each.first, each.until))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A stretch with the source of its bars."""

    first: int
    until: int
    source: Source
    origin: str
    """The name of a file, or of the timeframe that it was made of; empty of what was asked of the
    exchange."""
    fetched_at: datetime | None
    """None of what OHLC told at a single close, of which there is no note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Bars that are absent one after the other, for one reason."""

    first: int
    until: int
    bars: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A pair as far as it can tell whether anything traded at all."""

    spans: tuple[Stretch, ...]
    """Where the exchange's own files or trades were read; none overlaps another."""
    present: tuple[Stretch, ...]
    """Where it has bars; none overlaps another."""


def absent(present: Sequence[Stretch], within: Stretch) -> tuple[Stretch, ...]:
    """Return the stretches without a bar.

    Args:
        present: stretches with bars, by time; none overlaps another.
        within: where to look.
    """
    first, until = within
    edges = [(first, first), *((a, b) for a, b in present if b > first and a < until)]
    edges.append((until, until))
    return tuple((left, right) for (_, left), (right, _) in pairwise(edges) if left < right)


def gaps(
    frame: Timeframe,
    missing: Sequence[Stretch],
    spans: Sequence[Span],
    down: Sequence[Stretch],
) -> tuple[Gap, ...]:
    """Return why bars are absent, cut where the reason changes.

    Args:
        frame: the timeframe.
        missing: stretches without a bar, by time.
        spans: what sources were read for.
        down: stretches in which the exchange was silent.
    """
    told = [(each.first, each.until, ABSENT_IN[each.source]) for each in spans]
    found: list[Gap] = []
    for first, until in missing:
        bounds = {edge for a, b, _ in told for edge in (a, b)} | {e for each in down for e in each}
        edges = [first, *sorted(edge for edge in bounds if first < edge < until), until]
        for left, right in pairwise(edges):
            reason = _reason(left, told, down)
            if found and found[-1].until == left and found[-1].reason is reason:
                left = found.pop().first  # noqa: PLW2901 - the gap before goes on
            bars = (right - left) // frame.seconds
            found.append(Gap(first=left, until=right, bars=bars, reason=reason))
    return tuple(found)


def silences(witnesses: Sequence[Witness]) -> tuple[Stretch, ...]:
    """Return the stretches that enough witnesses span, and in which none of them has a bar."""
    steps: dict[int, tuple[int, int]] = {}
    for moment, spanning, trading in _steps(witnesses):
        before = steps.get(moment, (0, 0))
        steps[moment] = before[0] + spanning, before[1] + trading
    found: list[Stretch] = []
    spanning = trading = 0
    for (moment, change), (after, _) in pairwise(sorted(steps.items())):
        spanning, trading = spanning + change[0], trading + change[1]
        if spanning >= WITNESSES and not trading:
            begin = found.pop()[0] if found and found[-1][1] == moment else moment
            found.append((begin, after))
    return tuple(found)


def covered(present: Sequence[Stretch], spans: Sequence[Span]) -> tuple[Covered, ...]:
    """Return where bars are known to come from; outside of every span only OHLC brings bars."""
    read = joined((each.first, each.until) for each in spans)
    found = [
        Covered(
            first=each.first,
            until=each.until,
            source=each.source,
            origin=each.origin,
            fetched_at=each.fetched_at,
        )
        for each in spans
    ]
    for stretch in present:
        for first, until in absent(read, stretch):
            found.append(
                Covered(first=first, until=until, source=Source.OHLC, origin="", fetched_at=None)
            )
    return tuple(sorted(found, key=lambda each: (each.first, each.until)))


def joined(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """Return the same stretches by time, those that touch or overlap as one."""
    found: list[Stretch] = []
    for first, until in sorted(stretches):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((first, until))
    return tuple(found)


def _steps(witnesses: Sequence[Witness]) -> Iterator[tuple[int, int, int]]:
    """Yield when how many pairs more span a moment, and how many more have a bar in it."""
    for witness in witnesses:
        for first, until in witness.spans:
            yield first, 1, 0
            yield until, -1, 0
        for first, until in witness.present:
            yield first, 0, 1
            yield until, 0, -1


def _reason(
    moment: int, told: Sequence[tuple[int, int, Reason]], down: Sequence[Stretch]
) -> Reason:
    reasons = [reason for first, until, reason in told if first <= moment < until]
    found = max(reasons, key=STRENGTH.index, default=Reason.NOT_FETCHED)
    if found in SILENT and any(first <= moment < until for first, until in down):
        return Reason.EXCHANGE_DOWN
    return found


def _bounded(differences: Sequence[Difference]) -> Iterator[Difference]:
    """Leave out the newest where an origin has too many."""
    counts: dict[str, int] = {}
    for each in differences:
        counts[each.origin] = counts.get(each.origin, 0) + 1
        if counts[each.origin] <= MOST_DIFFERENCES:
            yield each
