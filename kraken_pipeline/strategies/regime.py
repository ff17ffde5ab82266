"""How a pair has been moving lately, from hourly bars."""

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.strategies.base import Bars
from kraken_pipeline.strategies.indicators import autocorrelation, returns, volatility

TIMEFRAME: Final = "1h"
CHANGES: Final = 200
BARS_NEEDED: Final = CHANGES + 1
PANIC_ABOVE: Final = 0.07
"""Standard deviation of hourly changes."""
CHOPPY_BELOW: Final = 0.0005
REVERTING_BELOW: Final = -0.7
"""Correlation of an hourly change with the one before."""
REVERTING_FROM: Final = 0.005
"""Standard deviation of hourly changes, so that noise around a fixed price is no reversion."""


class Regime(StrEnum):
    """How a pair moves."""

    TRENDING = "trending"
    CHOPPY = "choppy"
    MEAN_REVERTING = "mean_reverting"
    PANIC = "panic"
    UNKNOWN = "unknown"
    """Too few hourly bars to say."""


def regimes(hourly: Bars) -> NDArray[np.str_]:
    """Return the regime of each pair.

    Source: contract section 9.
    """
    changes = returns(hourly.close, CHANGES)
    spread, linked = volatility(changes), autocorrelation(changes)
    return np.select(
        [
            np.isnan(spread),
            spread > PANIC_ABOVE,
            spread < CHOPPY_BELOW,
            (linked < REVERTING_BELOW) & (spread >= REVERTING_FROM),
        ],
        [Regime.UNKNOWN, Regime.PANIC, Regime.CHOPPY, Regime.MEAN_REVERTING],
        default=Regime.TRENDING,
    )
