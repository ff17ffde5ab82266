"""The regime of a pair, by how its last 200 hours moved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.strategies.base import Floats
from kraken_pipeline.strategies.regime import HOURLY_BARS, Regime, may_revert, regimes
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


def reverting(seed: int, rows: int, pull: float, step: float) -> Floats:
    """Return closes of three pairs of which each change undoes a share of the one before."""
    chance = np.random.default_rng(seed).normal(0, step, (rows, 3))
    changes = chance.copy()
    for row in range(1, rows):
        changes[row] -= pull * changes[row - 1]
    return np.asarray(100 * np.exp(np.cumsum(changes, axis=0)))


@given(
    seed=st.integers(0, 1000),
    pull=st.sampled_from([0.5, 0.7, 0.75, 0.9]),
    step=st.sampled_from([0.002, 0.0036, 0.01, 0.06]),
)
def test_no_hour_that_reverts_is_ruled_out_over_a_long_stretch(
    seed: int, pull: float, step: float
) -> None:
    closes = reverting(seed, HOURLY_BARS + 30, pull, step)
    closes[seed % len(closes), 2] = np.nan

    may = may_revert(closes)

    for row in range(HOURLY_BARS - 1, len(closes)):
        does = regimes(closes[row + 1 - HOURLY_BARS : row + 1]) == Regime.MEAN_REVERTING
        assert may[row][does].all()


def test_hours_that_revert_are_found_and_others_ruled_out() -> None:
    assert may_revert(reverting(1, 400, 0.9, 0.01))[-1].all()
    assert not may_revert(reverting(1, 400, 0.0, 0.01)).any()
    assert not may_revert(np.full((400, 3), 100.0)).any()


def test_the_regime_of_a_pair_is_the_same_beside_any_others() -> None:
    columns = [
        walk(HOURLY_BARS, 1, seed=1, step=0.02),
        swinging(0.01),
        np.full((HOURLY_BARS, 1), np.nan),
        walk(HOURLY_BARS, 1, seed=1, step=0.0001),
        swinging(0.1),
        swinging(0.02),
    ]
    alone = [regimes(each).tolist()[0] for each in columns]

    assert regimes(np.hstack(columns)).tolist() == alone
