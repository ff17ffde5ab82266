"""What traded, bar by bar, and when the price got where: the walk inside a bar is assumed.

A bar tells four prices and no times. The price is taken to go from the open to the end that lies
against the bar's own direction, then to the other, then to the close, in equal times: as far as
anybody knows it went there, and the farther end came first. Prices are floats here and become exact
at the pair's tick.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Bars

FIRST_LOOK: Final = 64
"""Bars that are searched at first; then four times as many, and so on: most orders end soon."""
DAY: Final = 86_400
Knot = tuple[float, float]
"""A share of the bar's time, 0 to 1, and the price then."""


class Tape:
    """The bars of one timeframe, to be asked for prices at any instant. Times are Unix seconds."""

    def __init__(self, bars: Bars) -> None:
        """Take the bars, whose rows are evenly spaced."""
        self.bars = bars
        self.seconds = bars.frame.seconds
        self.begins = int(bars.opened_at[0])
        self.rows = len(bars.opened_at)
        self.ends = self.begins + self.rows * self.seconds
        self._last = _newest_bar(bars.close)
        self._column = {pair: at for at, pair in enumerate(bars.pairs)}
        self._traded = _sums(np.nan_to_num(bars.volume))
        self._turnover = _sums(np.nan_to_num(bars.volume * bars.close))

    def column(self, pair: str) -> int:
        """Return where a pair stands."""
        return self._column[pair]

    def row(self, at: float) -> int:
        """Return the row of the bar that is under way; it may lie outside of what there is."""
        return int((at - self.begins) // self.seconds)

    def opened(self, row: int) -> int:
        """Return when a bar opened."""
        return self.begins + row * self.seconds

    def is_there(self, column: int, row: int) -> bool:
        """Tell whether anything traded in a bar."""
        return 0 <= row < self.rows and int(self._last[row, column]) == row

    def price(self, column: int, at: float) -> float | None:
        """Return the last price at an instant; None before the first."""
        row = min(self.row(at), self.rows - 1)
        if row < 0:
            return None
        last = int(self._last[row, column])
        if last < 0:
            return None
        if last < row or at >= self.ends:
            return float(self.bars.close[last, column])
        passed = (at - self.opened(row)) / self.seconds
        return (
            float(self.bars.open[row, column]) if not passed else self._walked(column, row, passed)
        )

    def next_bar(self, column: int, row: int) -> int | None:
        """Return the first row after one in which something traded; None if nothing ever did."""
        after = self._last[row + 1 :, column] if row + 1 < self.rows else self._last[:0, column]
        found = int(np.argmax(after > row)) if after.size else 0
        return row + 1 + found if after.size and after[found] > row else None

    def volume(self, column: int, row: int) -> float:
        """Return what traded in a bar, in base."""
        return float(self._traded[row + 1, column] - self._traded[row, column])

    def day_before(self, column: int, at: float) -> tuple[float, float]:
        """Return what traded in the whole bars of the 24 h before, in base and in quote."""
        stop = min(max(self.row(at), 0), self.rows)
        start = max(stop - DAY // self.seconds, 0)
        traded = self._traded[stop, column] - self._traded[start, column]
        return float(traded), float(self._turnover[stop, column] - self._turnover[start, column])

    def reached(
        self, column: int, price: float, *, start: float, until: float, below: bool, touch: bool
    ) -> float | None:
        """Return when the price first got beyond another, or to it; None if it did not.

        Args:
            column: of the pair.
            price: to be passed, in quote per base.
            start: from then on.
            until: up to then.
            below: whether it must get below; else above.
            touch: whether to get to it is enough.
        """
        row = max(self.row(start), 0)
        if self.is_there(column, row):
            begun = max((start - self.opened(row)) / self.seconds, 0.0)
            found = self._in_bar(column, row, price, begun, below=below, touch=touch)
            if found is not None:
                at = self.opened(row) + found * self.seconds
                return at if at <= until else None
        last = min(self.row(until), self.rows - 1)
        for first, stop in _looks(row + 1, last + 1):
            hits = self._beyond(column, slice(first, stop), price, below=below, touch=touch)
            if hits.any():
                row = first + int(np.argmax(hits))
                share = self._in_bar(column, row, price, 0.0, below=below, touch=touch) or 0.0
                at = self.opened(row) + share * self.seconds
                return at if at <= until else None
        return None

    def fell_behind_peak(
        self, column: int, share: float, peak: float, *, start: float, until: float
    ) -> tuple[float, float] | None:
        """Return when the price first fell that share below its best since, and where; or None.

        Args:
            column: of the pair.
            share: of the best price.
            peak: the best price until `start`.
            start: from then on.
            until: up to then.
        """
        for row in range(max(self.row(start), 0), min(self.row(until), self.rows - 1) + 1):
            if not self.is_there(column, row):
                continue
            begun = max((start - self.opened(row)) / self.seconds, 0.0)
            for (before, left), (after, price) in pairwise(self._rest(column, row, begun)):
                peak = max(peak, left)
                stop = peak * (1 - share)
                if price <= stop:
                    at = (
                        self.opened(row)
                        + _crossing(before, left, after, price, stop) * self.seconds
                    )
                    return (at, stop) if at <= until else None
                peak = max(peak, price)
        return None

    def _beyond(
        self, column: int, rows: slice, price: float, *, below: bool, touch: bool
    ) -> NDArray[np.bool_]:
        if below:
            low = self.bars.low[rows, column]
            return np.asarray(low <= price if touch else low < price)
        high = self.bars.high[rows, column]
        return np.asarray(high >= price if touch else high > price)

    def _in_bar(
        self, column: int, row: int, price: float, begun: float, *, below: bool, touch: bool
    ) -> float | None:
        """Return at which share of a bar's time the price gets there, from a share on."""
        path = self._rest(column, row, begun)
        if _is_beyond(path[0][1], price, below=below, touch=touch):
            return path[0][0]
        for (before, left), (after, right) in pairwise(path):
            if _is_beyond(right, price, below=below, touch=touch):
                return _crossing(before, left, after, right, price)
        return None

    def _rest(self, column: int, row: int, begun: float) -> list[Knot]:
        """Return the way of the price through a bar from a share of its time on."""
        path = self._path(column, row)
        if begun <= 0:
            return path
        ahead = [each for each in path if each[0] > begun]
        return [(begun, self._walked(column, row, begun)), *ahead]

    def _walked(self, column: int, row: int, passed: float) -> float:
        for (before, left), (after, right) in pairwise(self._path(column, row)):
            if passed <= after:
                price = left + (right - left) * (passed - before) / (after - before)
                return min(max(price, min(left, right)), max(left, right))
        return float(self.bars.close[row, column])

    def _path(self, column: int, row: int) -> list[Knot]:
        bars = self.bars
        opened, high, low, close = (
            float(each[row, column]) for each in (bars.open, bars.high, bars.low, bars.close)
        )
        ends = (low, high) if close >= opened else (high, low)
        prices = [opened]
        for price in (*ends, close):
            if price != prices[-1]:
                prices.append(price)
        last = max(len(prices) - 1, 1)
        return [(at / last, price) for at, price in enumerate(prices)]


def _is_beyond(at: float, price: float, *, below: bool, touch: bool) -> bool:
    if at == price:
        return touch
    return at < price if below else at > price


def _crossing(before: float, left: float, after: float, right: float, price: float) -> float:
    """Return at which share of the time a way from one knot to the next passes a price."""
    if right == left:
        return after
    return before + (after - before) * min(max((price - left) / (right - left), 0.0), 1.0)


def _looks(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of rows, each longer than the one before."""
    length = FIRST_LOOK
    while first < stop:
        yield first, min(first + length, stop)
        first, length = first + length, length * 4


def _newest_bar(close: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return of each row and pair which row has the newest bar; -1 where none was yet."""
    rows = np.arange(len(close))[:, None]
    return np.maximum.accumulate(np.where(np.isnan(close), -1, rows), axis=0)


def _sums(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a column adds up to before each row, and after the last."""
    sums = np.zeros((len(column) + 1, column.shape[1]))
    np.cumsum(column, axis=0, out=sums[1:])
    return sums
