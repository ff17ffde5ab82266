"""How the market as a whole goes: on, neutral or off, from four measures of closed bars.

Source: the bounds are the defaults of the reference's own throttle.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain.money import ZERO


class Mood(StrEnum):
    """How much may be risked in it. Never renamed: it stands in books."""

    RISK_ON = "risk_on"
    NEUTRAL = "neutral"
    RISK_OFF = "risk_off"
    UNKNOWN = "unknown"
    """A measure is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was measured at a close; each a share of a price, None where bars are missing."""

    benchmark_momentum: Decimal | None
    """Change of the benchmark's price over the bars looked at."""
    basket_momentum: Decimal | None
    """The mean change of the pairs of the universe."""
    volatility: Decimal | None
    """Standard deviation of the benchmark's changes from bar to bar."""
    drawdown: Decimal | None
    """How far the benchmark is below its highest close of the bars looked at, 0 to 1."""

    def __str__(self) -> str:
        """Return it in one line, in percent."""
        told = {
            "benchmark": self.benchmark_momentum,
            "basket": self.basket_momentum,
            "volatility": self.volatility,
            "drawdown": self.drawdown,
        }
        return ", ".join(
            f"{name}={'unknown' if value is None else f'{value * 100:.2f}%'}"
            for name, value in told.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """From where on a market is no better than a mood."""

    benchmark_below: Decimal
    basket_below: Decimal
    volatility_from: Decimal
    drawdown_from: Decimal


_NEUTRAL: Final = _Bounds(
    benchmark_below=Decimal("0.015"),
    basket_below=Decimal("0.010"),
    volatility_from=Decimal("0.025"),
    drawdown_from=Decimal("0.04"),
)
_OFF: Final = _Bounds(
    benchmark_below=ZERO,
    basket_below=ZERO,
    volatility_from=Decimal("0.04"),
    drawdown_from=Decimal("0.08"),
)


def mood_of(read: Reading) -> Mood:
    """Return how the market goes.

    It is off where benchmark and basket both fall, or either volatility or drawdown is large; it is
    on where nothing of it is doubtful, and neutral between.
    """
    benchmark, basket = read.benchmark_momentum, read.basket_momentum
    volatility, drawdown = read.volatility, read.drawdown
    if benchmark is None or basket is None or volatility is None or drawdown is None:
        return Mood.UNKNOWN
    is_wild = {
        bounds: volatility >= bounds.volatility_from or drawdown >= bounds.drawdown_from
        for bounds in (_NEUTRAL, _OFF)
    }
    if is_wild[_OFF] or (benchmark < _OFF.benchmark_below and basket < _OFF.basket_below):
        return Mood.RISK_OFF
    if is_wild[_NEUTRAL] or benchmark < _NEUTRAL.benchmark_below or basket < _NEUTRAL.basket_below:
        return Mood.NEUTRAL
    return Mood.RISK_ON
