"""What is stored and certified of the bars that strategies need of one pair (HIS-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.certificates import Source, Stretch
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.services.bars.completeness import Kept, Lack, kept, lacks
from kraken_pipeline.services.bars.coverage import NO_CERTIFICATE, Bars, Certificates
from kraken_pipeline.services.deciding.showing import Configured


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededBars:
    """One timeframe's newest bars, as many as the strategy that needs most of them needs."""

    frame: Timeframe
    within: Stretch
    """Unix seconds, up to the last close."""
    strategies: tuple[str, ...]
    """Those that need some of them."""
    stored: int
    sources: tuple[Source, ...]
    """Of what was asked there."""
    lacks: tuple[Lack, ...]
    """What is absent without a proven reason; none, and the history is certified."""


def needed_bars(
    strategies: Sequence[Configured],
    bars: Bars,
    certificates: Certificates,
    pair: str,
    *,
    now: datetime,
) -> tuple[NeededBars, ...]:
    """Return what strategies need of a pair, the shortest timeframe first.

    Raises:
        ConfigurationError: a file is torn or not ours.
    """
    counts: dict[str, int] = {}
    names: dict[str, dict[str, None]] = {}
    for each in strategies:
        for closed in each.timeframes:
            for frame, count in each.strategy.needs(closed, each.parameters).items():
                counts[frame] = max(counts.get(frame, 0), count)
                names.setdefault(frame, {})[each.strategy_id] = None
    return tuple(
        _needed(
            frame, counts[name], tuple(names[name]), _kept(bars, certificates, frame, pair), now
        )
        for name, frame in TIMEFRAMES.items()
        if name in counts
    )


def _kept(bars: Bars, certificates: Certificates, frame: Timeframe, pair: str) -> Kept:
    # the other pairs tell whether the exchange was silent as a whole
    pairs = sorted({*bars.newest(frame), pair})
    whole = kept(bars, certificates, frame, pairs)
    own = {pair: whole.known[pair]} if pair in whole.known else {}
    return Kept(frame=frame, present={pair: whole.present[pair]}, known=own, down=whole.down)


def _needed(
    frame: Timeframe, count: int, strategies: tuple[str, ...], of: Kept, now: datetime
) -> NeededBars:
    [(pair, present)] = of.present.items()
    until = int((last_close(frame, now) - EPOCH).total_seconds())
    within = until - count * frame.seconds, until
    spans = of.known.get(pair, NO_CERTIFICATE).spans
    there = [(max(first, within[0]), min(last, until)) for first, last in present]
    return NeededBars(
        frame=frame,
        within=within,
        strategies=strategies,
        stored=sum(max(0, last - first) for first, last in there) // frame.seconds,
        sources=tuple(
            dict.fromkeys(
                each.source for each in spans if each.first < until and each.until > within[0]
            )
        ),
        lacks=lacks(of, within),
    )
