"""How well an account did over its days, by unit price: flows are neither gain nor loss.

A year has 365 days, for this market never closes, and nothing is earned without risk. A day without
a reading ends where the day before ended. The formulas are those of empyrical, whose figures a test
compares them with; the library itself brings scipy and an ORM along.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav_days import NavDay, TradeDay, fall

YEAR: Final = 365
"""Days."""
LEAST_DAYS: Final = 30
"""Of fewer days a year is foretold from next to nothing; such figures are left out."""
ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month's return."""

    month: str
    """`2026-01`, UTC."""
    gained: Decimal
    """As a share: 0.02 is 2 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What became of a unit, and what trading cost. Shares, not percent; None where none can be."""

    since: date
    until: date
    days: int
    gained: Decimal
    """From the beginning of the first day to the end of the last."""
    deepest_fall: Decimal
    """The largest fall between two ends of days, 0 to 1."""
    yearly: Decimal | None
    """The return a year, compounded."""
    volatility: Decimal | None
    """Of daily returns, for a year."""
    sharpe: Decimal | None
    sortino: Decimal | None
    calmar: Decimal | None
    """The yearly return for each unit of the deepest fall."""
    profit: Decimal
    """What equity grew by apart from flows, in base currency. Where nothing is known of before the
    first day, it begins with that day's end, and so do the figures below."""
    traded: Decimal
    """In base currency."""
    turnover: Decimal | None
    """How often the mean equity was traded."""
    fees: Decimal
    """In base currency."""
    fee_share: Decimal | None
    """Of the profit before fees; None where there was none."""
    months: tuple[Month, ...]


def performance(
    days: Sequence[NavDay], trades: Iterable[TradeDay], *, before: NavDay | None = None
) -> Performance | None:
    """Return how the account did over these days; None where there are none.

    Args:
        days: the kept ones, oldest first.
        trades: what was traded, also before them if nothing else is kept of before.
        before: the last day that is kept of before them.

    Source: PF-13.
    """
    if not days:
        return None
    prices = _prices(days, before)
    gains = [_gain(before, after) for before, after in pairwise(prices)]
    enough = gains if len(gains) >= LEAST_DAYS else []
    first, last = days[0], days[-1]
    deepest = deepest_fall(prices)
    yearly = yearly_return(enough)
    told = list(trades)
    held = _held_before(days, told, before)
    counted = days[1:] if held is None else days
    within = [each for each in told if counted and counted[0].day <= each.day <= last.day]
    traded = sum((each.traded for each in within), ZERO)
    fees = sum((each.fees for each in within), ZERO)
    begun = first.equity if held is None else held
    profit = last.equity - begun - sum((each.flows for each in counted), ZERO)
    return Performance(
        since=first.day,
        until=last.day,
        days=len(gains),
        gained=_gain(prices[0], prices[-1]),
        deepest_fall=deepest,
        yearly=yearly,
        volatility=volatility(enough),
        sharpe=sharpe(enough),
        sortino=sortino(enough),
        calmar=yearly / deepest if yearly is not None and deepest else None,
        profit=profit,
        traded=traded,
        turnover=_share(traded * len(days), sum((each.equity for each in days), ZERO)),
        fees=fees,
        fee_share=_share(fees, profit + fees),
        months=_months(first.day, gains),
    )


def _held_before(
    days: Sequence[NavDay], trades: Sequence[TradeDay], before: NavDay | None
) -> Decimal | None:
    """Return what the account was worth before the first day; None where nobody knows."""
    if before is not None:
        return before.equity
    first = days[0]
    is_new = bool(first.flows) and all(each.day >= first.day for each in trades)
    return ZERO if is_new else None


def yearly_return(gains: Sequence[Decimal]) -> Decimal | None:
    """Return the growth a year that compounds to daily returns; None where there are none."""
    if not gains:
        return None
    grown = ONE
    for each in gains:
        grown *= 1 + each
    return grown ** (Decimal(YEAR) / len(gains)) - 1


def volatility(gains: Sequence[Decimal]) -> Decimal | None:
    """Return the deviation of daily returns for a year; None for fewer than two days."""
    deviation = _deviation(gains)
    return None if deviation is None else deviation * _ROOT


def sharpe(gains: Sequence[Decimal]) -> Decimal | None:
    """Return the mean daily return for each unit of deviation, for a year.

    Source: Sharpe (1994), "The Sharpe Ratio"; the deviation of a sample, no riskless return.
    """
    deviation = _deviation(gains)
    return _mean(gains) / deviation * _ROOT if deviation else None


def sortino(gains: Sequence[Decimal]) -> Decimal | None:
    """Return the mean daily return for each unit of deviation below zero, for a year.

    Source: Sortino and Price (1994), with every day in the deviation and zero as what is asked.
    """
    if not gains:
        return None
    below = _mean([min(each, ZERO) ** 2 for each in gains]).sqrt()
    return _mean(gains) / below * _ROOT if below else None


def deepest_fall(prices: Sequence[Decimal]) -> Decimal:
    """Return the largest fall from a price to a later one, as a share, 0 to 1."""
    peak = deepest = ZERO
    for price in prices:
        peak = max(peak, price)
        deepest = max(deepest, fall(peak, price))
    return deepest


_ROOT: Final = Decimal(YEAR).sqrt()


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, ZERO) / len(values)


def _deviation(gains: Sequence[Decimal]) -> Decimal | None:
    if len(gains) <= 1:
        return None
    mean = _mean(gains)
    return (sum(((each - mean) ** 2 for each in gains), ZERO) / (len(gains) - 1)).sqrt()


def _gain(before: Decimal, after: Decimal) -> Decimal:
    return after / before - 1 if before else ZERO


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole > 0 else None


def _prices(days: Sequence[NavDay], before: NavDay | None) -> list[Decimal]:
    """Return with what the first day began, and where each day of the calendar ended."""
    prices = [days[0].first_unit_price if before is None else before.last_unit_price]
    expected = days[0].day
    for each in days:
        prices += [prices[-1]] * (each.day - expected).days
        prices.append(each.last_unit_price)
        expected = each.day + timedelta(days=1)
    return prices


def _months(first: date, gains: Sequence[Decimal]) -> tuple[Month, ...]:
    grown: dict[str, Decimal] = {}
    for number, gain in enumerate(gains):
        month = f"{first + timedelta(days=number):%Y-%m}"
        grown[month] = grown.get(month, ONE) * (1 + gain)
    return tuple(Month(month=name, gained=each - 1) for name, each in grown.items())
