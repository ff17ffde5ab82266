"""Indicators over whole columns: rows are bars, oldest first; columns are pairs.

A pair with a NaN anywhere in the window gets NaN: a value from fewer bars would be another
indicator under the same name. What one pair gets does not depend on which others are beside it.
"""

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Floats

PerPair = NDArray[np.float64]
"""One number for each pair."""


def mean(window: Floats) -> PerPair:
    """Return the mean over all rows: the simple moving average at the last one."""
    return np.asarray(_by_pair(window).mean(axis=1))


def highest(window: Floats) -> PerPair:
    """Return the highest value of all rows."""
    return np.asarray(window.max(axis=0))


def lowest(window: Floats) -> PerPair:
    """Return the lowest value of all rows."""
    return np.asarray(window.min(axis=0))


def missing(window: Floats) -> NDArray[np.intp]:
    """Return how many rows each pair lacks."""
    return np.asarray(np.isnan(window).sum(axis=0))


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Return the true range of every bar but the first, which has no close before it."""
    before = close[:-1]
    gaps = np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before))
    return np.asarray(np.maximum(high[1:] - low[1:], gaps))


def average_true_range(high: Floats, low: Floats, close: Floats) -> PerPair:
    """Return the simple mean of the true ranges; `n + 1` rows give the ATR of `n` bars."""
    return mean(true_range(high, low, close))


def returns(close: Floats) -> Floats:
    """Return the change from bar to bar as a share; one row fewer than there are closes."""
    return np.asarray(close[1:] / close[:-1] - 1)


def volatility(changes: Floats) -> PerPair:
    """Return the sample standard deviation of the changes, as a share a bar."""
    return np.asarray(_by_pair(changes).std(axis=1, ddof=1))


def lag_one_autocorrelation(changes: Floats) -> PerPair:
    """Return the correlation of each change with the one before, -1 to 1.

    NaN where the changes are all alike: nothing varies that could be correlated.
    """
    earlier, later = _centered(changes[:-1]), _centered(changes[1:])
    spread = np.sqrt((earlier**2).sum(axis=1) * (later**2).sum(axis=1))
    together = (earlier * later).sum(axis=1)
    nothing = np.full_like(spread, np.nan)
    return np.asarray(np.divide(together, spread, out=nothing, where=spread > 0))


def _centered(window: Floats) -> Floats:
    rows = _by_pair(window)
    return np.asarray(rows - rows.mean(axis=1, keepdims=True))


def _by_pair(window: Floats) -> Floats:
    """Turn the pairs into rows: numpy then adds up each by itself, in an order of its own."""
    return np.ascontiguousarray(window.T)
