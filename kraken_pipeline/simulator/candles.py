"""Candles as columns of whole numbers, and the walk of the price inside one.

Prices count in units of 10^-price_decimals and volumes in units of 10^-volume_decimals of their
pair, so sums and comparisons are exact. A candle's prints are laid along one path: open, the
farther end first, the other end, close. Whatever is asked of a moment inside the candle, its last
price, its running high, its trades, is read from these prints, so all answers agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400
CLOSE_ENOUGH: Final = 1e-4
"""Of a print: at its own time it has been made, however that time was rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One candle, all in whole units; `time` is its opening, UNIX seconds."""

    time: int
    seconds: int
    """How long it lasts."""
    open: int
    high: int
    low: int
    close: int
    vwap: int
    volume: int
    count: int
    step: int = 1
    """Prices between these four are multiples of it, in units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """Candles, ascending, a column per field.

    Those of many pairs at the same times make a panel: each field but `time` has a row a pair.
    """

    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    vwap: Ints
    volume: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, chosen: slice | NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        return type(self)(**{name: getattr(self, name)[..., chosen] for name in NAMES})

    def of(self, rows: int | slice | Ints | None) -> Self:
        """Return the candles of one pair of a panel, or the panel of some of its pairs.

        With None, the candles of one pair become a panel.
        """
        values = {name: getattr(self, name)[rows] for name in NAMES if name != "time"}
        return type(self)(time=self.time, **values)

    def row(self, index: int, seconds: int, step: int = 1) -> Candle:
        """Return one candle; `seconds` is how long it lasts, `step` how coarse its prices are."""
        values = {name: int(getattr(self, name)[index]) for name in NAMES}
        return Candle(seconds=seconds, step=step, **values)


NAMES: Final = tuple(field.name for field in fields(Candles))


def empty() -> Candles:
    """Return no candles."""
    return Candles(**{name: np.empty(0, dtype=np.int64) for name in NAMES})


def joined(parts: Sequence[Candles]) -> Candles:
    """Return the parts one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Candles(
        **{name: np.concatenate([getattr(part, name) for part in parts], axis=-1) for name in NAMES}
    )


def panel(parts: Sequence[Candles]) -> Candles:
    """Return the candles of pairs, all at the same times, as a panel with a row a pair."""
    values = {
        name: np.stack([getattr(part, name) for part in parts]) for name in NAMES if name != "time"
    }
    return Candles(time=parts[0].time, **values)


def column(candles: Sequence[Candle]) -> Candles:
    """Return single candles as columns."""
    return Candles(
        **{
            name: np.array([getattr(candle, name) for candle in candles], dtype=np.int64)
            for name in NAMES
        }
    )


def coarser(candles: Candles, seconds: int) -> Candles:
    """Return the candles put together to candles of `seconds`, aligned to the UNIX epoch.

    Open, high, low, close, volume and count are exact; vwap is weighted by volume and rounded.
    """
    if not len(candles):
        return candles
    opened = candles.time // seconds * seconds
    begins = np.ones(len(candles), dtype=np.bool_)
    np.not_equal(opened[1:], opened[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(candles)) - 1
    volume = np.add.reduceat(candles.volume, starts)
    turnover = np.add.reduceat(candles.vwap.astype(np.float64) * candles.volume, starts)
    weighted = np.rint(turnover / np.maximum(volume, 1)).astype(np.int64)
    return Candles(
        time=opened[starts],
        open=candles.open[starts],
        high=np.maximum.reduceat(candles.high, starts),
        low=np.minimum.reduceat(candles.low, starts),
        close=candles.close[ends],
        vwap=np.where(volume > 0, weighted, candles.close[ends]),
        volume=volume,
        count=np.add.reduceat(candles.count, starts),
    )


def merged(pieces: Candles) -> Candles:
    """Return candles of any lengths, at least one, as a single one; of a panel, one a pair."""
    volume = pieces.volume.sum(axis=-1, keepdims=True)
    turnover = (pieces.vwap.astype(np.float64) * pieces.volume).sum(axis=-1, keepdims=True)
    weighted = np.rint(turnover / np.maximum(volume, 1)).astype(np.int64)
    close = pieces.close[..., -1:]
    return Candles(
        time=pieces.time[:1],
        open=pieces.open[..., :1],
        high=pieces.high.max(axis=-1, keepdims=True),
        low=pieces.low.min(axis=-1, keepdims=True),
        close=close,
        vwap=np.where(volume > 0, weighted, close),
        volume=volume,
        count=pieces.count.sum(axis=-1, keepdims=True),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A stretch of a candle's path on which the price moves one way."""

    start: float
    """UNIX seconds."""
    end: float
    price_from: int
    price_to: int
    volume: int


def turns(candle: Candle) -> list[int]:
    """Return the prices between which the price of a candle moves, first to last."""
    rises = candle.close >= candle.open
    ends = (candle.low, candle.high) if rises else (candle.high, candle.low)
    path = [candle.open]
    for price in (*ends, candle.close):
        if price != path[-1]:
            path.append(price)
    return path


def _knots(candle: Candle) -> tuple[list[int], list[int], int]:
    """Return the numbers of the prints at the turns, their prices, and how many prints there are.

    A candle with fewer trades than turns can't have been; it gets a print a turn.
    """
    prices = turns(candle)
    prints = max(candle.count, len(prices))
    last = len(prices) - 1
    at = [round((prints - 1) * index / last) if last else 0 for index in range(last + 1)]
    return at, prices, prints


def _share(part: float) -> float:
    """Return which share of the volume has traded after a share of the prints: rising, not even."""
    return part + 0.03 * float(np.sin(6 * np.pi * part))


def prints_until(candle: Candle, at: float) -> int:
    """Return how many prints of a candle have been made by a time, UNIX seconds."""
    if candle.count == 0:
        return 0
    _, _, prints = _knots(candle)
    passed = (at - candle.time) / candle.seconds
    return min(max(int(prints * passed + 0.5 + CLOSE_ENOUGH), 0), prints)


def print_price(candle: Candle, number: int) -> int:
    """Return the price of a print, counted from 0."""
    at, prices, _ = _knots(candle)
    if number in at:
        return prices[at.index(number)]
    return round(float(np.interp(number, at, prices)) / candle.step) * candle.step


def print_volume(candle: Candle, number: int) -> int:
    """Return the volume of a print, counted from 0; those of a candle sum up to its volume."""
    _, _, prints = _knots(candle)
    return _traded(candle, number + 1, prints) - _traded(candle, number, prints)


def _traded(candle: Candle, done: int, prints: int) -> int:
    return candle.volume if done == prints else int(candle.volume * _share(done / prints))


def print_time(candle: Candle, number: int) -> float:
    """Return the time of a print, UNIX seconds."""
    _, _, prints = _knots(candle)
    return candle.time + candle.seconds * (number + 0.5) / prints


def begun(candle: Candle, at: float) -> Candle:
    """Return a candle as it stands at a time before its end, UNIX seconds.

    Without a print so far it stands at its opening price, as a gap does.
    """
    done = prints_until(candle, at)
    if done == 0:
        price = candle.open
        return _changed(candle, [price], price, volume=0, count=0)
    knots, prices, prints = _knots(candle)
    close = print_price(candle, done - 1)
    seen = [price for number, price in zip(knots, prices, strict=True) if number < done]
    volume = _traded(candle, done, prints)
    return _changed(candle, [*seen, close], close, volume=volume, count=min(done, candle.count))


def _changed(candle: Candle, seen: list[int], close: int, *, volume: int, count: int) -> Candle:
    high, low = max(seen), min(seen)
    return Candle(
        time=candle.time,
        seconds=candle.seconds,
        open=candle.open,
        high=high,
        low=low,
        close=close,
        vwap=min(max(candle.vwap, low), high),
        volume=volume,
        count=count,
        step=candle.step,
    )


def runs(candle: Candle, start: float, end: float) -> Iterator[tuple[int, int]]:
    """Yield the first and last prints of each one-way stretch between two times, UNIX seconds.

    From one run to the next no print is left out, and inside of one the price moves one way.
    """
    if candle.count == 0:
        return
    knots, _, _ = _knots(candle)
    first, stop = prints_until(candle, start), prints_until(candle, end)
    for before, after in [(0, 0), *pairwise(knots)]:
        low, high = max(first, before + (before != after)), min(stop - 1, after)
        if low <= high:
            yield low, high


def legs(candle: Candle, start: float, end: float) -> Iterator[Leg]:
    """Yield the one-way stretches of a candle between two times, UNIX seconds."""
    _, prices, prints = _knots(candle)
    for low, high in runs(candle, start, end):
        yield Leg(
            start=print_time(candle, low),
            end=print_time(candle, high),
            price_from=print_price(candle, max(low - 1, 0)) if low else prices[0],
            price_to=print_price(candle, high),
            volume=_traded(candle, high + 1, prints) - _traded(candle, low, prints),
        )
