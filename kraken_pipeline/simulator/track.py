"""The recorded candles of one pair, at every length that they give.

Where files overlap, the candle with more trades stands: that drops the last row of a file that
ended within its candle. Coarser candles are put together from finer ones where those are complete.
Candles without trades are filled in, as Kraken's REST does, but only where a file covers the time:
a hole between two files stays one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import Candle, Candles
from kraken_pipeline.simulator.recorded import UNKNOWN, Recording

Ints = NDArray[np.int64]

LENGTHS: Final = tuple(minutes * 60 for minutes in (1, 5, 15, 30, 60, 240, 1440, 10080, 21600))
ASSUMED_TRADES: Final = 4
"""Trades of a candle whose file does not count them: enough for an open, high, low and close."""


@dataclass(frozen=True, slots=True)
class Level:
    """The candles of one length, gaps filled."""

    seconds: int
    filled: Candles
    covered: tuple[tuple[int, int], ...]
    """From when to when, UNIX seconds: separate, ascending."""

    def covers(self, at: float) -> bool:
        """Tell whether a time lies in a covered span."""
        return any(start <= at < end for start, end in self.covered)

    def between(self, start: float, stop: float) -> Candles:
        """Return the candles that open from `start` up to but without `stop`."""
        first, last = np.searchsorted(self.filled.time, [start, stop])
        return self.filled[slice(int(first), int(last))]


class Track:
    """One pair's candles at every length."""

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        price_decimals: int,
        volume_decimals: int,
        step: int,
    ) -> None:
        """Put the recordings together.

        Args:
            recordings: all of one pair.
            price_decimals: decimals of the units that prices count.
            volume_decimals: the same of volumes.
            step: the pair's tick in those units: prices between recorded ones lie on it.
        """
        self._step = step
        scales = 10.0**price_decimals, 10.0**volume_decimals
        self.levels: dict[int, Level] = {}
        finer: Level | None = None
        for seconds in LENGTHS:
            parts = [_units(each, *scales) for each in recordings if each.seconds == seconds]
            spans = [_span(part, seconds) for part in parts]
            if finer is not None:
                whole, more = _aggregated(finer, seconds)
                parts, spans = [*parts, whole], [*spans, *more]
            parts = [part for part in parts if len(part)]
            if parts:
                finer = self.levels[seconds] = _level(seconds, parts, spans)

    @cached_property
    def covered(self) -> tuple[tuple[int, int], ...]:
        """From when to when anything is known, UNIX seconds."""
        return united([span for level in self.levels.values() for span in level.covered])

    def finest_level(self, at: float) -> Level | None:
        """Return the finest candles that cover a time, or None."""
        return next((level for level in self.levels.values() if level.covers(at)), None)

    def finest(self, at: float) -> Candle | None:
        """Return the finest candle around a time; in a hole, one that stands at the last close.

        None before the first candle.
        """
        level = self.finest_level(at)
        if level is not None:
            index = int(np.searchsorted(level.filled.time, at, side="right")) - 1
            return self.candle(level.filled, index, level.seconds)
        closes = [_last_close(level, at) for level in self.levels.values()]
        _, price = max((each for each in closes if each), default=(0, 0))
        return _standing(int(at) // 60 * 60, price) if price else None

    def candle(self, found: Candles, index: int, seconds: int) -> Candle:
        """Return one of the candles; where all its prices are on the tick, it walks on the tick."""
        ends = (found.open[index], found.high[index], found.low[index], found.close[index])
        on_tick = all(int(price) % self._step == 0 for price in ends)
        return found.row(index, seconds, self._step if on_tick else 1)

    def stretches(self, start: float, end: float) -> Iterator[tuple[int, Candles]]:
        """Yield the finest full candles that touch the time from `start` to `end`, by length."""
        at = start
        while at < end:
            level = self.finest_level(at)
            if level is None:
                starts = (span[0] for span in self.covered)
                at = min((begin for begin in starts if begin > at), default=end)
                continue
            opened = int(at) // level.seconds * level.seconds
            covered_until = next(stop for begin, stop in level.covered if begin <= at < stop)
            stop = min(covered_until, self._finer_from(level, at), end)
            found = level.between(opened, stop)
            yield level.seconds, found
            at = float(found.time[-1] + level.seconds)

    def _finer_from(self, level: Level, at: float) -> float:
        """Return when candles finer than a level's begin, after a time."""
        begins = [
            begin
            for finer in self.levels.values()
            if finer.seconds < level.seconds
            for begin, _ in finer.covered
            if begin > at
        ]
        return min(begins, default=np.inf)


def _units(recording: Recording, price_scale: float, volume_scale: float) -> Candles:
    opened, high, low, close = np.rint(recording.prices.T * price_scale).astype(np.int64)
    volume = np.rint(recording.volume * volume_scale).astype(np.int64)
    return Candles(
        time=recording.time,
        open=opened,
        high=high,
        low=low,
        close=close,
        vwap=np.rint((opened + high + low + close) / 4).astype(np.int64),
        volume=volume,
        count=recording.trades,
    )


def _span(part: Candles, seconds: int) -> tuple[int, int]:
    return int(part.time[0]), int(part.time[-1]) + seconds


def _aggregated(finer: Level, seconds: int) -> tuple[Candles, list[tuple[int, int]]]:
    """Return finer candles put together, where they cover the whole of the coarser."""
    spans = [
        (-(-start // seconds) * seconds, stop // seconds * seconds) for start, stop in finer.covered
    ]
    spans = [(start, stop) for start, stop in spans if start < stop]
    parts = [candles.coarser(finer.between(start, stop), seconds) for start, stop in spans]
    return candles.joined([candles.empty(), *parts]), spans


def _level(seconds: int, parts: Sequence[Candles], spans: Sequence[tuple[int, int]]) -> Level:
    every = candles.joined(parts)
    order = np.lexsort((-every.count, every.time))
    best = every[order]
    first = np.r_[True, best.time[1:] != best.time[:-1]]
    kept = best[first]
    covered = united(list(spans))
    return Level(seconds, _filled(kept, covered, seconds), covered)


def _filled(kept: Candles, covered: Sequence[tuple[int, int]], seconds: int) -> Candles:
    """Return the candles with the missing ones of the covered spans at the close before them."""
    grid = np.concatenate([np.arange(start, stop, seconds) for start, stop in covered])
    index = np.searchsorted(kept.time, grid, side="right") - 1
    grid, index = grid[index >= 0], index[index >= 0]
    traded = (kept.time[index] == grid) & (kept.count[index] != 0)
    close = kept.close[index]
    count = np.where(kept.count == UNKNOWN, ASSUMED_TRADES, kept.count)
    return Candles(
        time=grid,
        open=np.where(traded, kept.open[index], close),
        high=np.where(traded, kept.high[index], close),
        low=np.where(traded, kept.low[index], close),
        close=close,
        vwap=np.where(traded, kept.vwap[index], close),
        volume=np.where(traded, kept.volume[index], 0),
        count=np.where(traded, count[index], 0),
    )


def united(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return spans of time with those that touch put together, ascending."""
    united: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(stop, united[-1][1]))
        else:
            united.append((start, stop))
    return tuple(united)


def _last_close(level: Level, at: float) -> tuple[int, int] | None:
    index = int(np.searchsorted(level.filled.time, at - level.seconds, side="right")) - 1
    if index < 0:
        return None
    return int(level.filled.time[index]) + level.seconds, int(level.filled.close[index])


def _standing(opened: int, price: int) -> Candle:
    return Candle(
        time=opened,
        seconds=60,
        open=price,
        high=price,
        low=price,
        close=price,
        vwap=price,
        volume=0,
        count=0,
    )
