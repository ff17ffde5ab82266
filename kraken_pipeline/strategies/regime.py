"""The regime of each pair, from its last 200 hourly changes."""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Floats
from kraken_pipeline.strategies.indicators import lag_one_autocorrelation, returns, volatility

HOURLY_BARS: Final = 201
"""Closes that give 200 changes."""

PANIC_VOLATILITY: Final = 0.07
"""Share an hour, above which it is panic; so are the two below."""
CHOPPY_VOLATILITY: Final = 0.0005
REVERTING_VOLATILITY: Final = 0.005
REVERTING_AUTOCORRELATION: Final = -0.7
"""Below this, each change tends to undo the one before."""


class Regime(IntEnum):
    """How a pair moves. The numbers index tables of a value for each."""

    UNKNOWN = 0
    """Hourly bars are missing."""
    TRENDING = 1
    CHOPPY = 2
    MEAN_REVERTING = 3
    PANIC = 4


def regimes(hourly_close: Floats) -> NDArray[np.intp]:
    """Return each pair's `Regime` as a number, to index tables with.

    Args:
        hourly_close: the last `HOURLY_BARS` hourly closes, in quote per base.
    """
    changes = returns(hourly_close)
    moves = volatility(changes)
    reverts = lag_one_autocorrelation(changes) < REVERTING_AUTOCORRELATION
    return np.select(
        [
            np.isnan(moves),
            moves > PANIC_VOLATILITY,
            moves < CHOPPY_VOLATILITY,
            reverts & (moves >= REVERTING_VOLATILITY),
        ],
        [Regime.UNKNOWN, Regime.PANIC, Regime.CHOPPY, Regime.MEAN_REVERTING],
        default=Regime.TRENDING,
    ).astype(np.intp)
