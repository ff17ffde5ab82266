"""A made-up market on which a strategy can be tried anywhere, the same for the same seed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import numpy as np

from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.base import Bars, Floats

PAIRS: Final = ("XBTUSD", "ETHUSD", "SOLUSD", "ADAUSD", "XRPUSD", "DOTUSD")
ENDS: Final = datetime(2026, 3, 1, tzinfo=UTC)
"""When every bar of it has closed."""
AN_HOUR: Final = 60
UNREST: Final = (0.004, 0.008, 0.012, 0.02, 0.001, 0.006)
"""By pair: the standard deviation of an hour's change, as a share."""
SWING: Final = 0.03
"""How far each pair also swings, so that trends begin, end and turn."""


def market(rows: Mapping[str, int], *, seed: int) -> dict[str, Bars]:
    """Return bars of every timeframe that is named, all of one market that ends at `ENDS`.

    Longer bars are made of the shortest, so that they fit together.

    Args:
        rows: timeframe to how many of its bars there shall be at least.
        seed: another one is another market.
    """
    frames = sorted((TIMEFRAMES[name] for name in rows), key=lambda each: each.minutes)
    minutes = max(each.minutes * (rows[each.name] + 1) for each in frames)
    shortest = _walk(frames[0], -(-minutes // frames[0].minutes), seed)
    return {each.name: _joined(shortest, each) for each in frames}


def _walk(frame: Timeframe, count: int, seed: int) -> Bars:
    chance = np.random.default_rng(seed)
    at = np.arange(count, dtype=np.int64) * frame.seconds
    opened_at = at - at[-1] + int(ENDS.timestamp()) - frame.seconds
    unrest = np.array(UNREST) * np.sqrt(frame.minutes / AN_HOUR)
    steps = chance.normal(0, 1, (count, len(PAIRS))) * unrest
    waves = SWING * np.sin(np.arange(count)[:, np.newaxis] / np.array([7, 19, 31, 53, 83, 131]))
    close = 100 * np.exp(np.cumsum(steps, axis=0) + waves)
    opened = np.vstack([close[:1], close[:-1]])
    reach = np.abs(chance.normal(0, 1, (2, count, len(PAIRS)))) * unrest / 2
    return Bars(
        frame=frame,
        pairs=PAIRS,
        opened_at=opened_at,
        open=opened,
        high=np.maximum(opened, close) * (1 + reach[0]),
        low=np.minimum(opened, close) / (1 + reach[1]),
        close=close,
        volume=chance.lognormal(3, 1, close.shape),
    )


def _joined(bars: Bars, frame: Timeframe) -> Bars:
    """Return longer bars, those that all of their shorter ones are there for."""
    size = frame.minutes // bars.frame.minutes
    first = int(-(bars.opened_at[0] // bars.frame.seconds) % size)
    count = (len(bars.opened_at) - first) // size

    def parts(column: Floats) -> Floats:
        return column[first : first + count * size].reshape(count, size, len(bars.pairs))

    return Bars(
        frame=frame,
        pairs=bars.pairs,
        opened_at=bars.opened_at[first : first + count * size : size],
        open=parts(bars.open)[:, 0],
        high=parts(bars.high).max(axis=1),
        low=parts(bars.low).min(axis=1),
        close=parts(bars.close)[:, -1],
        volume=parts(bars.volume).sum(axis=1),
    )
