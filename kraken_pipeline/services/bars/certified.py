"""Whether the bars that a strategy needs are all there, or known not to exist (HIS-3).

Bars that are there speak for themselves. Only where one is missing are the certificates read: one
in which nothing traded, or the exchange was down, may be missing, and so may those from before a
pair's first, where all that the exchange tells was asked for. Anything else may be a hole of our
own making, and a strategy would decide on prices that it does not have.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from kraken_pipeline.domain.certificates import (
    Certificate,
    Gap,
    Reason,
    Stretch,
    absent,
    gaps,
    silences,
)
from kraken_pipeline.domain.timeframes import last_close
from kraken_pipeline.services.bars.coverage import NO_CERTIFICATE, Certificates, witnesses
from kraken_pipeline.strategies.base import Bars

CODE: Final = "HISTORY_UNCERTIFIED"
PROVEN: Final = frozenset({Reason.NO_TRADES, Reason.EXCHANGE_DOWN})
"""Why a bar may be missing anywhere."""
BELIEVED: Final = PROVEN | {Reason.NOT_IN_ARCHIVE}
"""Why it may be missing where no money depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What is known of bars that are needed and not there."""

    uncertified: Mapping[str, str]
    """Each pair that lacks some for no proven reason, to the code with the figures."""
    silent: Mapping[str, Mapping[str, Sequence[Sequence[int]]]]
    """Timeframe to pair to the stretches in which nothing traded, or the exchange was down."""
    unproven: Mapping[str, Mapping[str, int]]
    """Timeframe to pair to how many bars of those stretches are believed and not proven."""


def absences(
    panels: Sequence[tuple[Bars, int]],
    closed_at: datetime,
    certificates: Certificates,
    *,
    enough: Collection[Reason] = PROVEN,
) -> Absences:
    """Return why bars that are needed are not there.

    Args:
        panels: bars of a timeframe as they were read, and how many of them are needed.
        closed_at: the close that is decided.
        certificates: asked only where bars are missing.
        enough: the reasons for which a bar may be missing.

    Raises:
        ConfigurationError: certificates that are needed cannot be read.
    """
    found: dict[str, str] = {}
    silent: dict[str, dict[str, list[Stretch]]] = {}
    unproven: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for bars, count in panels:
        until = int(last_close(bars.frame, closed_at).timestamp())
        within = until - count * bars.frame.seconds, until
        present = dict(_incomplete(bars, within))
        if present:
            known = certificates.of(bars.frame)
            for pair, gap in _gaps(bars, present, within, known):
                if gap.reason not in enough:
                    found.setdefault(pair, _said(bars, pair, gap))
                    continue
                of = silent.setdefault(bars.frame.name, {})
                of.setdefault(pair, []).append((gap.first, gap.until))
                if gap.reason not in PROVEN:
                    unproven[bars.frame.name][pair] += gap.bars
    return Absences(uncertified=found, silent=silent, unproven=unproven)


def _incomplete(bars: Bars, within: Stretch) -> Iterator[tuple[str, tuple[Stretch, ...]]]:
    """Yield each pair that lacks a bar within a stretch, with where it has some."""
    first, until = within
    step = bars.frame.seconds
    needed = (until - first) // step
    if _spans(bars, within, needed) and bars.is_whole():
        return
    begin, end = bars.opened_at.searchsorted(within).tolist()
    lacks = np.isnan(bars.close[begin:end])
    if end - begin >= needed and not lacks.any():
        return
    opened, there = bars.opened_at[begin:end], ~lacks
    for column in np.flatnonzero(there.sum(axis=0) < needed).tolist():
        own = opened[there[:, column]]
        breaks = np.flatnonzero(np.diff(own) > step) + 1
        pieces = np.split(own, breaks) if own.size else []
        yield (
            bars.pairs[column],
            tuple((int(each[0]), int(each[-1]) + step) for each in pieces),
        )


def _spans(bars: Bars, within: Stretch, needed: int) -> bool:
    """Tell whether the last rows are those of the stretch, one for each of its bars."""
    opened, (first, until) = bars.opened_at, within
    return (
        0 < needed <= len(opened)
        and opened.item(-needed) == first
        and opened.item(-1) + bars.frame.seconds == until
    )


def _gaps(
    bars: Bars,
    present: Mapping[str, tuple[Stretch, ...]],
    within: Stretch,
    known: Mapping[str, Certificate],
) -> Iterator[tuple[str, Gap]]:
    """Yield what each pair lacks, but for what is older than it."""
    down = silences(witnesses(present, known)) if known else ()
    for pair, stretches in present.items():
        spans = known.get(pair, NO_CERTIFICATE).spans
        begins = stretches[0][0] if stretches else within[0]
        for gap in gaps(bars.frame, absent(stretches, within), spans, down):
            is_older = gap.until <= begins and gap.reason is Reason.NOT_AVAILABLE
            if not is_older:
                yield pair, gap


def _said(bars: Bars, pair: str, gap: Gap) -> str:
    first = datetime.fromtimestamp(gap.first, tz=UTC)
    return (
        f"{CODE}: {gap.bars} bars of {bars.frame.name} from {first:%F %H:%M} are "
        f"{gap.reason.value}; see `kraken-pipeline history gaps {pair} {bars.frame.name}`"
    )
