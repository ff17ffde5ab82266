"""The regime of each pair, from its last 200 hourly changes."""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Flags, Floats
from kraken_pipeline.strategies.indicators import lag_one_autocorrelation, returns, volatility
from kraken_pipeline.strategies.rolling import EASED, before, rolling_mean

HOURLY_BARS: Final = 201
"""Closes that give 200 changes."""

PANIC_VOLATILITY: Final = 0.07
"""Share an hour, above which it is panic; so are the two below."""
CHOPPY_VOLATILITY: Final = 0.0005
REVERTING_VOLATILITY: Final = 0.005
REVERTING_AUTOCORRELATION: Final = -0.7
"""Below this, each change tends to undo the one before."""


TINY: Final = 1e-12
"""Of a squared change: what is lost where nearly equal means are subtracted."""


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
    # asked of few pairs: whether a change undoes the one before takes longest to tell
    reverts = np.zeros(len(moves), dtype=np.bool_)
    may = (moves >= REVERTING_VOLATILITY) & (moves <= PANIC_VOLATILITY)
    reverts[may] = lag_one_autocorrelation(changes[:, may]) < REVERTING_AUTOCORRELATION
    return np.select(
        [
            np.isnan(moves),
            moves > PANIC_VOLATILITY,
            moves < CHOPPY_VOLATILITY,
            reverts,
        ],
        [Regime.UNKNOWN, Regime.PANIC, Regime.CHOPPY, Regime.MEAN_REVERTING],
        default=Regime.TRENDING,
    ).astype(np.intp)


def may_revert(hourly_close: Floats) -> Flags:
    """Return at each hour of a long stretch whether the regime may be mean-reverting.

    Where it says no, `regimes` does not say so of the hours up to then.
    """
    changes = hourly_close / before(hourly_close) - 1
    every, pairs = HOURLY_BARS - 1, HOURLY_BARS - 2
    later, later_squared = rolling_mean(changes, pairs), rolling_mean(changes**2, pairs)
    earlier, earlier_squared = before(later), before(later_squared)
    together = rolling_mean(changes * before(changes), pairs) - earlier * later
    spreads = (earlier_squared - earlier**2) * (later_squared - later**2)
    spread = np.sqrt(np.maximum(spreads, 0))
    whole = rolling_mean(changes**2, every) - rolling_mean(changes, every) ** 2
    least, most = (each**2 * pairs / every for each in (REVERTING_VOLATILITY, PANIC_VOLATILITY))
    moves = (whole >= least * (1 - EASED) - TINY) & (whole <= most * (1 + EASED) + TINY)
    return np.asarray(moves & (together < REVERTING_AUTOCORRELATION * spread * (1 - EASED) + TINY))
