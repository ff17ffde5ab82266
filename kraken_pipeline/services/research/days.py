"""An equity curve by UTC day, in the form in which the account's own days are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav_days import NavDay
from kraken_pipeline.strategies.base import Floats

_DAY = 86_400
_PLACES = 8
"""Of an amount: a curve is made of floats, which are exact to so many."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What equity was at the end of each bar, oldest first, in base currency."""

    at: NDArray[np.int64]
    """Unix seconds."""
    equity: Floats
    exposure: Floats
    """What all was worth that is not the base currency."""

    def equity_at(self, moments: Sequence[datetime], before: float) -> Floats:
        """Return the equity at the end of the last bar before each moment.

        Args:
            moments: UTC.
            before: what it was before the first bar.
        """
        seconds = [each.timestamp() for each in moments]
        rows = np.searchsorted(self.at, seconds, side="right")
        found: Floats = np.concatenate(([before], self.equity))[rows]
        return found


def days_of(course: Course, cash: Decimal) -> tuple[NavDay, ...]:
    """Return the days of a curve, without any flow: one unit of it stays one.

    What ends at midnight is the end of the day before.

    Args:
        course: the curve.
        cash: the equity before the first bar.
    """
    if not course.at.size:
        return ()
    day = (course.at - 1) // _DAY
    firsts = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    lasts = np.append(firsts[1:], len(day)) - 1
    highest = np.maximum.reduceat(course.equity, firsts)
    lowest = np.minimum.reduceat(course.equity, firsts)
    found: list[NavDay] = []
    begun = peak = cash
    for row, last in enumerate(lasts.tolist()):
        equity = _amount(course.equity[last])
        high = max(begun, _amount(highest[row]))
        peak = max(peak, high)
        found.append(
            NavDay(
                day=datetime.fromtimestamp(int(day[last]) * _DAY, tz=UTC).date(),
                first_unit_price=begun,
                highest_unit_price=high,
                lowest_unit_price=min(begun, _amount(lowest[row])),
                last_unit_price=equity,
                peak_unit_price=peak,
                equity=equity,
                exposure=_amount(course.exposure[last]),
                flows=ZERO,
                last_at=datetime.fromtimestamp(int(course.at[last]), tz=UTC),
            )
        )
        begun = equity
    return tuple(found)


def day_before(first: NavDay, cash: Decimal) -> NavDay:
    """Return the day before the first one, in which nothing was traded yet."""
    return replace(
        first,
        day=first.day - timedelta(days=1),
        first_unit_price=cash,
        highest_unit_price=cash,
        lowest_unit_price=cash,
        last_unit_price=cash,
        peak_unit_price=cash,
        equity=cash,
        exposure=ZERO,
        last_at=first.last_at - timedelta(days=1),
    )


def day_returns(days: Sequence[NavDay]) -> Floats:
    """Return what each day gained, as a share."""
    return np.array([float(e.last_unit_price / e.first_unit_price - 1) for e in days])


def _amount(value: float) -> Decimal:
    return Decimal(f"{value:.{_PLACES}f}")
