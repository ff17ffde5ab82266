"""What traded, bar by bar, and when the price got where: the walk inside a bar is assumed.

A bar tells four prices and no times. The price is taken to go from the open to the end that lies
against the bar's own direction, then to the other, then to the close, in equal times: as far as
anybody knows it went there, and the farther end came first. Prices are floats here and become exact
at the pair's tick.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Bars

FIRST_LOOK: Final = 64
"""Bars that are searched at first; then four times as many, and so on: most orders end soon."""
DAY: Final = 86_400
Knot = tuple[float, float]
"""An instant, or a share of the bar's time, 0 to 1; and the price then."""


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
        self._traded = _sums(bars.volume)
        self._turnover = _sums(bars.volume * bars.close)

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
        last = self._last.item(row, column)
        if last < 0:
            return None
        if last < row or at >= self.ends:
            return self.bars.close.item(last, column)
        passed = (at - self.opened(row)) / self.seconds
        return self._walked(column, row, passed) if passed else self.bars.open.item(row, column)

    def carried_forward(self) -> NDArray[np.float64]:
        """Return the closes with the last one standing where nothing traded; zero before any."""
        close = self.bars.close
        is_missing = np.isnan(close)
        if not is_missing.any():
            return close
        carried = np.take_along_axis(close, np.maximum(self._last, 0), axis=0)
        carried[self._last < 0] = 0
        return carried

    def next_bar(self, column: int, row: int) -> int | None:
        """Return the first row after one in which something traded; None if nothing ever did."""
        after = self._last[row + 1 :, column] if row + 1 < self.rows else self._last[:0, column]
        found = int(np.argmax(after > row)) if after.size else 0
        return row + 1 + found if after.size and after[found] > row else None

    def volume(self, column: int, row: int) -> float:
        """Return what traded in a bar that is there, in base, as it was told."""
        return self.bars.volume.item(row, column)

    def day_before(self, column: int, at: float) -> tuple[float, float]:
        """Return what traded in the whole bars of the 24 h before, in base and in quote."""
        stop = min(max(self.row(at), 0), self.rows)
        start = max(stop - DAY // self.seconds, 0)
        traded, turnover = self._traded, self._turnover
        return (
            traded.item(stop, column) - traded.item(start, column),
            turnover.item(stop, column) - turnover.item(start, column),
        )

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

    def turned_back(
        self,
        column: int,
        stop_of: Callable[[float], float],
        *,
        start: float,
        until: float,
        rising: bool,
    ) -> float | None:
        """Return when the price first came back from its best as far as to a stop; or None.

        Args:
            column: of the pair.
            stop_of: gives where the stop is for a best price.
            start: from then on; the best price until then is that of then.
            until: up to then.
            rising: whether the price comes back by rising, so that its best is its lowest.
        """
        better = min if rising else max
        knots = self._knots(column, start=start, until=until)
        earlier, left = next(knots, (start, None))
        if left is None:
            return None
        best, stop = left, stop_of(left)
        for at, price in knots:
            if _is_beyond(price, stop, below=not rising, touch=True):
                found = _crossing(earlier, left, at, price, stop)
                return found if found <= until else None
            if better(best, price) != best:
                best, stop = price, stop_of(price)
            earlier, left = at, price
        return None

    def _knots(self, column: int, *, start: float, until: float) -> Iterator[Knot]:
        """Yield when the price turned and where, from an instant on: Unix seconds, then prices."""
        price = self.price(column, start)
        if price is not None:
            yield start, price
        for row in range(max(self.row(start), 0), min(self.row(until), self.rows - 1) + 1):
            opened = self.opened(row)
            if not self.is_there(column, row):
                continue
            if price is not None and opened > start:
                # up to here it stood where it was; then it may jump
                yield opened, price
            for share, turned in self._path(column, row):
                at, price = opened + share * self.seconds, turned
                if at > start:
                    yield at, turned

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


def _newest_bar(close: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return of each row and pair which row has the newest bar; -1 where none was yet."""
    newest = np.repeat(np.arange(len(close), dtype=np.int32)[:, None], close.shape[1], axis=1)
    newest[np.isnan(close)] = -1
    return np.maximum.accumulate(newest, axis=0, out=newest)


def _sums(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a column adds up to before each row, and after the last."""
    sums = np.zeros((len(column) + 1, column.shape[1]))
    told = sums[1:]
    told[:] = column
    told[np.isnan(column)] = 0
    np.cumsum(told, axis=0, out=told)
    return sums
