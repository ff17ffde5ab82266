"""Hours of a made-up market, and the minutes that add up to them exactly.

Arrays have a row a pair and a column an hour; while they are worked out, minutes have a third axis
of 60.
"""

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.simulator.candles import HOUR, MINUTE, Candles
from kraken_pipeline.simulator.listing import Rows
from kraken_pipeline.simulator.noise import Floats, Keys, key, quarters

Ints = NDArray[np.int64]

PER_HOUR: Final = 60
PER_BUNDLE: Final = 4
"""Trades come in bundles of four, enough to have made an open, a high, a low and a close."""
SALT: Final = np.uint64(key("minutes"))
_PARTS: Final = (np.arange(PER_HOUR) + 1) / PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Consecutive hours of some pairs, whole units throughout."""

    first: int
    """The first hour, counted from the UNIX epoch."""
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    vwap: Ints
    volume: Ints
    bundles: Ints
    """Trades that come in fours, in fours."""
    extra: Ints
    """Trades besides those."""
    reach: Floats
    """How far the price strays in an hour."""

    @property
    def count(self) -> Ints:
        """How many trades an hour had."""
        return self.bundles * PER_BUNDLE + self.extra

    def _with(self, arrays: dict[str, NDArray[np.generic]], first: int) -> Self:
        return type(self)(first=first, **arrays)  # type: ignore[arg-type]  # by field name

    def cut(self, start: int, count: int) -> Self:
        """Return `count` of the hours, from number `start` of these."""
        arrays = {name: getattr(self, name)[:, start : start + count] for name in _ARRAYS}
        return self._with(arrays, self.first + start)

    def of(self, rows: Rows) -> Self:
        """Return the hours of some of the pairs."""
        return self._with({name: getattr(self, name)[rows] for name in _ARRAYS}, self.first)

    def followed_by(self, later: Self) -> Self:
        """Return these hours and the ones right after them."""
        arrays = {
            name: np.concatenate([getattr(self, name), getattr(later, name)], axis=1)
            for name in _ARRAYS
        }
        return self._with(arrays, self.first)

    def candles(self) -> Candles:
        """Return the hours as a panel of candles."""
        hours = self.first + np.arange(self.open.shape[1], dtype=np.int64)
        return Candles(
            time=hours * HOUR,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            vwap=self.vwap,
            volume=self.volume,
            count=self.count,
        )


_ARRAYS: Final = tuple(field.name for field in fields(Hours) if field.name != "first")


def laid(keys: Keys, hours: Hours) -> Candles:
    """Lay the minutes of hours and return them as a panel of candles.

    A minute without trades stays at the price before it. The last minute with trades closes at the
    hour's close; the highest and the lowest touch the hour's high and low.
    """
    index = _minute_index(hours)
    shape = (*hours.open.shape, PER_HOUR)
    numbers = quarters(keys ^ SALT, index)
    weight, wobble, up, down = (number.reshape(shape) for number in numbers)
    bundles = _portioned(hours.bundles, 0.15 + weight * weight, up[..., :1])
    active = bundles > 0
    weight = np.where(active, 0.2 + wobble, 0.0)
    close = _closes(hours, active, wobble)
    opened = np.concatenate([hours.open[..., None], close[..., :-1]], axis=2)
    upper, lower = np.maximum(opened, close), np.minimum(opened, close)
    stray = np.where(active, hours.reach[..., None] * 0.1, 0.0)
    high = np.minimum(upper + np.rint(stray * up * up).astype(np.int64), hours.high[..., None])
    low = np.maximum(lower - np.rint(stray * down * down).astype(np.int64), hours.low[..., None])
    _touch(high, np.where(active, upper, -1).argmax(axis=2), hours.high)
    _touch(low, np.where(active, lower, np.iinfo(np.int64).max).argmin(axis=2), hours.low)
    volume = _portioned(hours.volume, weight)
    extra = _portioned(hours.extra, weight)
    vwap = _vwaps(hours, (opened + high + low + close) / 4, volume, (low, high))
    flat = len(keys), len(index)
    return Candles(
        time=index * MINUTE,
        open=opened.reshape(flat),
        high=high.reshape(flat),
        low=low.reshape(flat),
        close=close.reshape(flat),
        vwap=vwap.reshape(flat),
        volume=volume.reshape(flat),
        count=(bundles * PER_BUNDLE + extra).reshape(flat),
    )


def _minute_index(hours: Hours) -> Ints:
    first, count = hours.first, hours.open.shape[1]
    return np.arange(first * PER_HOUR, (first + count) * PER_HOUR, dtype=np.int64)


def _portioned(whole: Ints, weight: Floats, offset: Floats | float = 0.0) -> Ints:
    """Return whole numbers by weight along the last axis that sum up to `whole`."""
    upto = np.cumsum(weight, axis=2)
    upto /= upto[..., -1:]
    steps: Ints = np.floor(whole[..., None] * upto + offset).astype(np.int64)
    steps[..., 1:] -= steps[..., :-1].copy()
    return steps


def _closes(hours: Hours, active: NDArray[np.bool_], wobble: Floats) -> Ints:
    """Return the close of each minute: a bridge from the hour's open to its close."""
    walk = np.cumsum(wobble - 0.5, axis=2) * (12 / PER_HOUR) ** 0.5
    bridge = (walk - walk[..., -1:] * _PARTS) * hours.reach[..., None] * 0.8
    line = hours.open[..., None] + (hours.close - hours.open)[..., None] * _PARTS
    close = np.rint(line + bridge).astype(np.int64)
    close = np.clip(close, hours.low[..., None], hours.high[..., None])
    last = PER_HOUR - 1 - active[..., ::-1].argmax(axis=2)
    np.put_along_axis(close, last[..., None], hours.close[..., None], axis=2)
    traded = np.where(active, np.arange(PER_HOUR), -1)
    latest = np.maximum.accumulate(traded, axis=2)
    held = np.take_along_axis(close, np.maximum(latest, 0), axis=2)
    return np.where(latest < 0, hours.open[..., None], held)


def _touch(prices: Ints, where: NDArray[np.intp], extreme: Ints) -> None:
    np.put_along_axis(prices, where[..., None], extreme[..., None], axis=2)


def _vwaps(hours: Hours, typical: Floats, volume: Ints, bounds: tuple[Ints, Ints]) -> Ints:
    """Return volume-weighted prices, moved so that they weigh up to the hour's, within bounds."""
    turnover = (typical * volume).sum(axis=2) / np.maximum(hours.volume, 1)
    moved = typical + (hours.vwap - turnover)[..., None]
    low, high = bounds
    bounded: Ints = np.minimum(np.maximum(np.rint(moved).astype(np.int64), low), high)
    return bounded
