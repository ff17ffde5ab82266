"""How much of a Sharpe ratio is luck: of a short sample, of crooked returns, of many trials.

Ratios here are of one period, not of a year: the mean of returns over their deviation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import e, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies.base import Floats

EULER: Final = 0.5772156649015329
"""The Euler-Mascheroni constant."""
LEAST: Final = 3
"""Returns; of fewer there is no skew."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is known of returns, one a period."""

    count: int
    ratio: float
    """Mean over deviation, for one period."""
    skew: float
    kurtosis: float
    """3 for a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflated:
    """A Sharpe ratio beside the one that luck alone would give the best of as many trials."""

    trials: int
    luck: float
    """The highest ratio to expect of as many trials without any skill, for one period."""
    chance: float
    """The probability that the true ratio is above that, 0 to 1: the deflated Sharpe ratio."""


def sample(returns: Floats) -> Sample | None:
    """Return what is known of returns; None of too few, or where they are all the same."""
    if len(returns) < LEAST:
        return None
    off = returns - returns.mean()
    deviation = float(returns.std(ddof=1))
    # the same return each time leaves no more than the noise of its last digits
    if deviation <= 1e-12 * max(1.0, float(np.abs(returns).max())):
        return None
    spread = float(np.mean(off**2))
    return Sample(
        count=len(returns),
        ratio=float(returns.mean()) / deviation,
        skew=float(np.mean(off**3)) / spread**1.5,
        kurtosis=float(np.mean(off**4)) / spread**2,
    )


def chance_above(of: Sample, bar: float) -> float:
    """Return the probability that the true ratio is above a bar, 0 to 1.

    Args:
        of: what is known.
        bar: a ratio of one period.

    Source: Bailey and López de Prado (2012), "The Sharpe Ratio Efficient Frontier": the
    probabilistic Sharpe ratio.
    """
    doubt = 1 - of.skew * of.ratio + (of.kurtosis - 1) / 4 * of.ratio**2
    # a kurtosis is never below the square of the skew plus one, so that this is never below zero
    return _NORMAL.cdf((of.ratio - bar) * sqrt(of.count - 1) / sqrt(max(doubt, 1e-12)))


def luck(trials: int, variance: float) -> float:
    """Return the highest ratio to expect of trials that have no skill; zero of one trial.

    Args:
        trials: how many were made, at least one.
        variance: of the ratios of the trials, for one period.

    Raises:
        InvalidValueError: there were no trials.

    Source: Bailey and López de Prado (2014), "The Deflated Sharpe Ratio", equation 1.
    """
    if trials < 1:
        raise InvalidValueError(f"trials is {trials}; at least one was made")
    if trials == 1:
        return 0.0
    far, farther = _NORMAL.inv_cdf(1 - 1 / trials), _NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance) * ((1 - EULER) * far + EULER * farther)


def deflated(of: Sample, ratios: Sequence[float]) -> Deflated:
    """Return what remains of a ratio once it is known how many were tried.

    Args:
        of: the chosen one.
        ratios: of every trial that was made, the chosen one among them, for one period.

    Raises:
        InvalidValueError: there were no trials.

    Source: Bailey and López de Prado (2014), "The Deflated Sharpe Ratio".
    """
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
    lucky = luck(len(ratios), variance)
    return Deflated(trials=len(ratios), luck=lucky, chance=chance_above(of, lucky))
