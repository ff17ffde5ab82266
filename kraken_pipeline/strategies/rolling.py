"""Indicators at every close of a long stretch: rows are bars, oldest first; columns are pairs.

Whatever goes in as `(rows, pairs)` comes out as `(rows, pairs)`. Row `i` is worth what the
indicator says of the window that ends with bar `i`; it is NaN where the window holds a NaN and
where fewer bars stand before it than the window has. A pair's column does not depend on others.

Sums are made of sums of half the length, and those of halves again: never of differences of one
running sum, which after a year of minutes would have lost the digits that a cheap pair has.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies.base import Bars, Flags, Floats

EASED: Final = 1e-9
"""Share by which a bound is eased where a long stretch may round otherwise than a window."""

Fold = Callable[[Floats, Floats], Floats]


def before(values: Floats, bars: int = 1) -> Floats:
    """Return at each bar the value of some bars earlier."""
    moved = np.full_like(values, np.nan, dtype=np.float64)
    if bars < len(values):
        moved[bars:] = values[: len(values) - bars]
    return moved


def rolling_mean(values: Floats, count: int) -> Floats:
    """Return the mean of the last `count` values.

    Raises:
        InvalidValueError: `count` is not above zero.
    """
    total, length, power, reach = values, 0, values, 1
    left = _above_zero(count)
    while left:
        if left & 1:
            total = power if not length else total + before(power, length)
            length += reach
        left >>= 1
        if left:
            power, reach = power + before(power, reach), 2 * reach
    return np.asarray(total / count)


def rolling_high(values: Floats, count: int) -> Floats:
    """Return the highest of the last `count` values.

    Raises:
        InvalidValueError: `count` is not above zero.
    """
    return _overlapping(values, count, np.maximum)


def rolling_low(values: Floats, count: int) -> Floats:
    """Return the lowest of the last `count` values.

    Raises:
        InvalidValueError: `count` is not above zero.
    """
    return _overlapping(values, count, np.minimum)


def rolling_true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return each bar's true range; the first has none, as there is no close before it."""
    closed = before(close)
    gaps = np.maximum(np.abs(high - closed), np.abs(low - closed))
    return np.asarray(np.maximum(high - low, gaps))


def newest_closed(values: Floats, longer: Bars, deciding: Bars) -> Floats:
    """Return at each deciding bar the value of the newest longer bar that had closed with it.

    Args:
        values: a row for each bar of `longer`.
        longer: bars of another timeframe, of the same pairs.
        deciding: bars whose closes are decided.

    Returns:
        A row for each bar of `deciding`; NaN where that longer bar is none of `longer`.
    """
    closed = deciding.opened_at + deciding.frame.seconds
    newest = closed // longer.frame.seconds * longer.frame.seconds - longer.frame.seconds
    found = np.full((len(closed), len(deciding.pairs)), np.nan)
    if len(longer.opened_at):
        rows = (newest - int(longer.opened_at[0])) // longer.frame.seconds
        is_there = (rows >= 0) & (rows < len(longer.opened_at))
        found[is_there] = values[rows[is_there]]
    return found


def there(values: Floats) -> Flags:
    """Return which bars a pair has."""
    return np.asarray(values > 0)


def _overlapping(values: Floats, count: int, fold: Fold) -> Floats:
    """Fold two windows of a power of two that together cover `count`; overlaps do no harm."""
    reach, folded = 1, values
    while 2 * reach <= _above_zero(count):
        folded, reach = fold(folded, before(folded, reach)), 2 * reach
    return folded if reach == count else fold(folded, before(folded, count - reach))


def _above_zero(count: int) -> int:
    if count <= 0:
        raise InvalidValueError(f"count must be above zero, not {count}")
    return count
