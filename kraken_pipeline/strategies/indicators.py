"""Figures over the last bars of all pairs at once. Floats live here.

Every function takes matrices of bars by pairs, oldest first, and gives one value a pair. A pair
with a bar missing in the window gets NaN, never a value from fewer bars; so does every pair where
there are too few rows.
"""

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Bars, Floats

Row = NDArray[np.float64]
"""One value a pair."""


def sma(values: Floats, length: int) -> Row:
    """Return the mean of the last `length` rows."""
    window = _window(values, length)
    return np.asarray(window.mean(axis=0))


def atr(bars: Bars, length: int) -> Row:
    """Return the mean true range of the last `length` bars, in quote per base.

    The true range of a bar is the span from its high to its low, widened to the close before.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978; as a plain mean.
    """
    before = _window(bars.close, length + 1)[:-1]
    high, low = _window(bars.high, length), _window(bars.low, length)
    widest = np.maximum(high - low, np.maximum(np.abs(high - before), np.abs(low - before)))
    return np.asarray(widest.mean(axis=0))


def returns(values: Floats, length: int) -> Floats:
    """Return the last `length` relative changes from row to row, one row each."""
    window = _window(values, length + 1)
    return np.asarray(window[1:] / window[:-1] - 1)


def volatility(changes: Floats) -> Row:
    """Return the standard deviation of changes, as a share."""
    return np.asarray(changes.std(axis=0))


def autocorrelation(changes: Floats) -> Row:
    """Return the correlation of each change with the one before it, -1 to 1.

    Where nothing changes there is nothing to correlate: NaN.
    """
    spread = changes - changes.mean(axis=0)
    square = (spread**2).sum(axis=0)
    product = (spread[1:] * spread[:-1]).sum(axis=0)
    return np.divide(product, square, out=np.full_like(square, np.nan), where=square > 0)


def _window(values: Floats, length: int) -> Floats:
    if values.shape[0] < length:
        return np.full((length, values.shape[1]), np.nan)
    return values[-length:]
