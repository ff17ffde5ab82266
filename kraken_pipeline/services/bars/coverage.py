"""What is stored of a pair's history, where it comes from, and why something is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from kraken_pipeline.domain.certificates import (
    ABSENT_IN,
    SILENT,
    Certificate,
    Covered,
    Difference,
    Gap,
    Reason,
    Stretch,
    Witness,
    absent,
    covered,
    gaps,
    joined,
    silences,
)
from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe

MOST_WITNESSES: Final = 10
"""Pairs with the most bars, which are asked whether anything traded."""
NO_CERTIFICATE: Final = Certificate(pair="", timeframe="")


class Bars(Protocol):
    """What is stored."""

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        ...

    def stretches(
        self, frame: Timeframe, pairs: Sequence[str]
    ) -> Mapping[str, tuple[Stretch, ...]]:
        """Return where each pair has bars without a hole, by time."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One pair's history on one timeframe."""

    pair: str
    timeframe: str
    bars: int
    first: int
    """Open time of the oldest bar, Unix seconds."""
    until: int
    """Open time of the bar after the newest of any pair: so far the history should reach."""
    covered: tuple[Covered, ...]
    gaps: tuple[Gap, ...]
    differences: tuple[Difference, ...]

    @property
    def missing(self) -> Mapping[Reason, int]:
        """How many bars are absent for each reason, where any are."""
        found: dict[Reason, int] = {}
        for gap in self.gaps:
            found[gap.reason] = found.get(gap.reason, 0) + gap.bars
        return found


def coverage(
    bars: Bars, certificates: Certificates, frame: Timeframe, *, pair: str | None = None
) -> tuple[Coverage, ...]:
    """Return what is stored on a timeframe, of one pair or of all, by pair.

    Raises:
        ConfigurationError: a file is torn or not ours.
    """
    newest = bars.newest(frame)
    if pair is not None and pair not in newest:
        return ()
    known = certificates.of(frame)
    present = bars.stretches(frame, sorted(newest))
    until = max((int(each.timestamp()) for each in newest.values()), default=0) + frame.seconds
    down = silences(witnesses(present, known))
    return tuple(
        _coverage(frame, name, (present[name], until), known.get(name, NO_CERTIFICATE), down)
        for name in ([pair] if pair is not None else sorted(newest))
    )


def require_known(bars: Bars, pair: str) -> None:
    """Refuse a pair of which nothing is stored.

    Raises:
        UnknownNameError: there is no bar of it on any timeframe.
    """
    if not any(pair in bars.newest(each) for each in TIMEFRAMES.values()):
        raise UnknownNameError(
            f"no bar of {pair!r} is stored; `history show` lists the pairs that have some"
        )


def _coverage(
    frame: Timeframe,
    pair: str,
    stored: tuple[tuple[Stretch, ...], int],
    certificate: Certificate,
    down: Sequence[Stretch],
) -> Coverage:
    present, until = stored
    first = present[0][0]
    return Coverage(
        pair=pair,
        timeframe=frame.name,
        bars=sum(b - a for a, b in present) // frame.seconds,
        first=first,
        until=until,
        covered=covered(present, certificate.spans),
        gaps=gaps(frame, absent(present, (first, until)), certificate.spans, down),
        differences=certificate.differences,
    )


def witnesses(
    present: Mapping[str, tuple[Stretch, ...]], known: Mapping[str, Certificate]
) -> list[Witness]:
    """Return the pairs that can tell whether anything traded at all, those with most bars first."""
    found = []
    for pair in sorted(present, key=lambda each: -sum(b - a for a, b in present[each])):
        spans = joined(
            (each.first, each.until)
            for each in known.get(pair, NO_CERTIFICATE).spans
            if ABSENT_IN[each.source] in SILENT
        )
        if spans:
            found.append(Witness(spans=spans, present=present[pair]))
    return found[:MOST_WITNESSES]
