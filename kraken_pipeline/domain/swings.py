"""How much an asset moves, learned as it is valued, and which move is too much to be believed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

DAY: Final = timedelta(days=1)
INSTANT: Final = timedelta(microseconds=1)
APART: Final = timedelta(hours=1)
"""Prices that are compared to learn are as far apart or farther: nearer ones differ by the spread
and by who happened to trade."""
KEPT: Final = Decimal("0.94")
"""How much of what was known stays with each new move. Source: RiskMetrics, for daily returns."""
AT_FIRST: Final = Decimal("0.05") ** 2
"""Variance of a day's move before anything is known of an asset: 5 %."""
MOST: Final = Decimal("0.2") ** 2
"""However wild an asset was, no more than 20 % a day is ever taken for usual."""
LEAST: Final = Decimal("0.02") ** 2
"""Variance of a move over any time, however short: thin books jump, and a coin that was made to
stand still may break at once. Ten deviations of it are a move of a fifth."""
TOO_MANY: Final = 10
"""Deviations. Source: PF-12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """How much an asset moves."""

    variance: Decimal
    """Of a day's move, which is a share of the price."""
    price: Decimal
    """From which the next move is measured."""
    at: datetime
    """When that was the price."""


def swing_after(before: Swing | None, price: Decimal, at: datetime) -> Swing:
    """Return what is known of an asset's moves once it has a price that is believed."""
    if before is None:
        return Swing(variance=AT_FIRST, price=price, at=at)
    if at - before.at < APART:
        return before
    move = price / before.price - 1
    seen = move**2 / _days(at - before.at)
    variance = min(before.variance * KEPT + seen * (1 - KEPT), MOST)
    return Swing(variance=variance, price=price, at=at)


def is_jump(price: Decimal, *, last: Decimal, elapsed: timedelta, swing: Swing | None) -> bool:
    """Tell whether a price lies so far from the last good one that it must be confirmed.

    The longer ago the last good one is, the farther a price may have gone, so that a move which
    was real and found no second source is believed in the end.

    Args:
        price: what the market says, above zero.
        last: the last good one.
        elapsed: how long ago that was.
        swing: what is known of the asset; None for nothing.
    """
    move = max(price, last) / min(price, last) - 1
    variance = AT_FIRST if swing is None else swing.variance
    return move**2 > TOO_MANY**2 * max(variance * _days(elapsed), LEAST)


def _days(elapsed: timedelta) -> Decimal:
    return max(Decimal(elapsed // INSTANT) / (DAY // INSTANT), Decimal(0))
