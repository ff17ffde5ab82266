"""The regime of a pair, by how its last 200 hours moved."""

import numpy as np
import pytest

from kraken_pipeline.strategies.base import Floats
from kraken_pipeline.strategies.regime import HOURLY_BARS, Regime, regimes
from kraken_pipeline_tests.strategies.markets import walk


def swinging(share: float) -> Floats:
    """Return closes that go up by a share and back, hour by hour."""
    closes = np.where(np.arange(HOURLY_BARS) % 2, 100 * (1 + share), 100.0)
    return closes[:, np.newaxis]


@pytest.mark.parametrize(
    ("closes", "regime"),
    [
        (walk(HOURLY_BARS, 1, seed=1, step=0.02), Regime.TRENDING),
        (walk(HOURLY_BARS, 1, seed=1, step=0.0001), Regime.CHOPPY),
        (walk(HOURLY_BARS, 1, seed=1, step=0.2), Regime.PANIC),
        (swinging(0.01), Regime.MEAN_REVERTING),
        (swinging(0.002), Regime.TRENDING),  # it reverts, but too little to live on
        (swinging(0.1), Regime.PANIC),  # panic is asked first
        (np.full((HOURLY_BARS, 1), 100.0), Regime.CHOPPY),
    ],
)
def test_the_regime_is_that_of_the_hourly_changes(closes: Floats, regime: Regime) -> None:
    assert regimes(closes).tolist() == [regime]


@pytest.mark.parametrize("row", [0, 100, HOURLY_BARS - 1])
def test_with_one_hour_missing_the_regime_is_unknown(row: int) -> None:
    closes = walk(HOURLY_BARS, 2, seed=3)
    closes[row, 0] = np.nan

    assert regimes(closes).tolist() == [Regime.UNKNOWN, Regime.TRENDING]
