"""How far our clock is off the exchange's, and how sure that is.

Deadlines and the closes of bars depend on it, so whoever does not know it must not open risk.

Source: NET-6.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.gates import Objection

SECOND: Final = timedelta(seconds=1)
DRIFT: Final = 10_000
"""A clock that nobody sets strays by at most one part in so many: 100 ppm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question to the exchange about its time."""

    sent_at: datetime
    """By our clock."""
    received_at: datetime
    """By our clock."""
    earliest: datetime
    """What the exchange's clock showed at the least when the answer was received."""
    latest: datetime
    """What it showed at the most when the question was sent."""


def told_in_seconds(told: datetime, *, sent_at: datetime, received_at: datetime) -> Sample:
    """Return the sample of an answer that is cut to whole seconds, as `Time` is."""
    return Sample(sent_at=sent_at, received_at=received_at, earliest=told, latest=told + SECOND)


def told_twice(
    time_in: datetime, time_out: datetime, *, sent_at: datetime, received_at: datetime
) -> Sample:
    """Return the sample of an answer that says when it came in and went out, as the stream's do."""
    return Sample(sent_at=sent_at, received_at=received_at, earliest=time_out, latest=time_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetEstimate:
    """How far the exchange's clock is ahead of ours: between `least` and `most`."""

    least: timedelta
    most: timedelta
    measured_at: datetime
    """By our clock; the bounds grow from then on."""

    @property
    def offset(self) -> timedelta:
        """The middle of what is possible."""
        return (self.least + self.most) / 2

    def bound(self, now: datetime) -> timedelta:
        """Return how far our clock may be off at the most, with what it may have strayed since."""
        return max(abs(self.least), abs(self.most)) + abs(now - self.measured_at) / DRIFT

    def narrowed(self, sample: Sample) -> "OffsetEstimate":
        """Return what is still possible after another sample.

        Where the two contradict each other, a clock was set in between: the new one counts.
        """
        alone = possible(sample)
        strayed = abs(alone.measured_at - self.measured_at) / DRIFT
        least = max(self.least - strayed, alone.least)
        most = min(self.most + strayed, alone.most)
        if least > most:
            return alone
        return OffsetEstimate(least=least, most=most, measured_at=alone.measured_at)


def possible(sample: Sample) -> OffsetEstimate:
    """Return what one sample leaves possible, however the way was shared between there and back."""
    return OffsetEstimate(
        least=sample.earliest - sample.received_at,
        most=sample.latest - sample.sent_at,
        measured_at=sample.received_at,
    )


def estimate(samples: Iterable[Sample]) -> OffsetEstimate | None:
    """Return what samples, the oldest first, leave possible together; None if there is none."""
    found: OffsetEstimate | None = None
    for each in samples:
        found = possible(each) if found is None else found.narrowed(each)
    return found


def clock_is_close(
    measured: OffsetEstimate | None, *, now: datetime, max_skew: timedelta
) -> Objection | None:
    """Our clock is known to be off the exchange's by no more than `max_skew`."""
    if measured is None:
        return Objection("CLOCK_SKEW", "bound=unknown: the exchange's clock was never asked")
    bound = measured.bound(now)
    if bound <= max_skew:
        return None
    return Objection("CLOCK_SKEW", f"bound={bound}, max={max_skew}, offset={measured.offset}")
