"""Which bars are absent for no proven reason, stretch by stretch (HIS-3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kraken_pipeline.domain.certificates import (
    Certificate,
    Gap,
    Reason,
    Stretch,
    absent,
    gaps,
    silences,
)
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.bars.coverage import NO_CERTIFICATE, Bars, Certificates, witnesses

PROVEN: Final = frozenset({Reason.NO_TRADES, Reason.EXCHANGE_DOWN})
"""Reasons for which a bar may be absent from a history that is whole."""
REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.NOT_FETCHED: "kraken-pipeline history fetch {pair} --since {since}, or import the "
    "exchange's OHLCVT archive",
    Reason.NOT_AVAILABLE: "import the exchange's OHLCVT archive, or "
    "kraken-pipeline history fetch {pair} --since {since} --prove",
    Reason.NOT_IN_ARCHIVE: "kraken-pipeline history fetch {pair} --since {since} --prove shows "
    "that nothing traded, or finds what did",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Bars of a pair that are absent, and nobody knows that they never were."""

    pair: str
    gap: Gap

    @property
    def stretch(self) -> Stretch:
        """From where to where they lack."""
        return self.gap.first, self.gap.until

    @property
    def remedy(self) -> str:
        """What a person can do about it."""
        since = datetime.fromtimestamp(self.gap.first, tz=UTC)
        return REMEDIES[self.gap.reason].format(pair=self.pair, since=f"{since:%Y-%m-%d}")

    @property
    def is_reachable(self) -> bool:
        """Whether no source was asked for them yet."""
        return self.gap.reason is Reason.NOT_FETCHED


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored and certified of some pairs on one timeframe."""

    frame: Timeframe
    present: Mapping[str, tuple[Stretch, ...]]
    """Pair to where it has bars without a hole, by time."""
    known: Mapping[str, Certificate]
    down: tuple[Stretch, ...]
    """Where the exchange was silent as a whole."""


def kept(bars: Bars, certificates: Certificates, frame: Timeframe, pairs: Sequence[str]) -> Kept:
    """Read what is stored and certified of pairs; every lack is worked out from that.

    Raises:
        ConfigurationError: a file is torn or not ours.
    """
    present, known = bars.stretches(frame, pairs), certificates.of(frame)
    return Kept(frame=frame, present=present, known=known, down=silences(witnesses(present, known)))


def lacks(of: Kept, within: Stretch) -> tuple[Lack, ...]:
    """Return what is absent in a stretch without a proven reason, by pair and time.

    What a source that tells everything does not have from before a pair's first bar is no lack:
    the pair is younger.
    """
    return tuple(
        Lack(pair=pair, gap=gap)
        for pair in sorted(of.present)
        for gap in _unproven(of, pair, within)
    )


def _unproven(of: Kept, pair: str, within: Stretch) -> list[Gap]:
    present = of.present[pair]
    spans = of.known.get(pair, NO_CERTIFICATE).spans
    begins = present[0][0] if present else within[1]
    return [
        gap
        for gap in gaps(of.frame, absent(present, within), spans, of.down)
        if gap.reason not in PROVEN
        and not (gap.reason is Reason.NOT_AVAILABLE and gap.until <= begins)
    ]


def between(of: Kept, found: Sequence[Lack]) -> tuple[Lack, ...]:
    """Return the lacks that lie between a pair's first and last bar: holes, not a late start."""
    return tuple(
        each for each in behind(of, found) if each.gap.until <= of.present[each.pair][-1][1]
    )


def behind(of: Kept, found: Sequence[Lack]) -> tuple[Lack, ...]:
    """Return the lacks that lie behind a pair's first bar; how old it may be is not judged."""
    firsts = {pair: each[0][0] for pair, each in of.present.items() if each}
    return tuple(
        each for each in found if each.pair in firsts and firsts[each.pair] <= each.gap.first
    )


def shares(of: Kept, stretches: Sequence[Stretch], due: int) -> Mapping[str, list[float | None]]:
    """Return which share of each stretch's bars is there, for a picture.

    Args:
        of: what is stored.
        stretches: by time.
        due: no bar that opens then or later is over; of a stretch that begins there the share is
            None.
    """
    return {
        pair: [_share(present, (first, min(until, due))) for first, until in stretches]
        for pair, present in of.present.items()
    }


def _share(present: Sequence[Stretch], within: Stretch) -> float | None:
    first, until = within
    if first >= until:
        return None
    lacking = sum(right - left for left, right in absent(present, within))
    return 1 - lacking / (until - first)
