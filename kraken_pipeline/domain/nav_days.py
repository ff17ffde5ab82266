"""What each UTC day was for the unit price: kept for ever, long after the day's snapshots."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a snapshot tells of its day."""

    at: datetime
    unit_price: Decimal
    equity: Decimal
    exposure: Decimal
    """What all is worth that is not the base currency, in base currency."""
    flows: Decimal
    """What came from outside (above zero) or left since the reading before, in base currency."""
    is_sure: bool
    """Whether everything has a price and books and balances agree: only then is a price a high or
    a low of the day, for those stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NavDay:
    """A UTC day, in base currency."""

    day: date
    first_unit_price: Decimal
    """With which the day began: the last of yesterday, or the first of today where yesterday none
    was kept."""
    highest_unit_price: Decimal
    lowest_unit_price: Decimal
    last_unit_price: Decimal
    peak_unit_price: Decimal
    """The highest of all days up to this one."""
    equity: Decimal
    """The last of the day."""
    exposure: Decimal
    """The last of the day."""
    flows: Decimal
    """What came from outside less what left, each at the price at which it bought its units."""
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDay:
    """What was traded in a UTC day, in base currency at the rates that its fills were booked at."""

    day: date
    fills: int
    traded: Decimal
    """The cost of all fills, bought and sold."""
    fees: Decimal


def day_after(before: NavDay | None, read: Reading) -> NavDay:
    """Return the day of a reading, with the reading in it.

    Args:
        before: the newest day that is kept; None where there is none yet.
        read: what is told now, later than all that was told before.
    """
    today = read.at.date()
    day = before if before is not None and before.day == today else _begun(before, today, read)
    high = max(day.highest_unit_price, read.unit_price) if read.is_sure else day.highest_unit_price
    low = min(day.lowest_unit_price, read.unit_price) if read.is_sure else day.lowest_unit_price
    return replace(
        day,
        highest_unit_price=high,
        lowest_unit_price=low,
        last_unit_price=read.unit_price,
        peak_unit_price=max(day.peak_unit_price, high),
        equity=read.equity,
        exposure=read.exposure,
        flows=day.flows + read.flows,
        last_at=read.at,
    )


def _begun(before: NavDay | None, today: date, read: Reading) -> NavDay:
    """Return a day of which nothing is known but how it began."""
    yesterday = before is not None and today - before.day == timedelta(days=1)
    first = before.last_unit_price if before is not None and yesterday else read.unit_price
    return NavDay(
        day=today,
        first_unit_price=first,
        highest_unit_price=first,
        lowest_unit_price=first,
        last_unit_price=first,
        peak_unit_price=first if before is None else max(before.peak_unit_price, first),
        equity=read.equity,
        exposure=read.exposure,
        flows=ZERO,
        last_at=read.at,
    )


def fall(peak: Decimal, unit_price: Decimal) -> Decimal:
    """Return how far a unit price is below a higher one, as a share of that, 0 to 1."""
    return (peak - unit_price) / peak if peak > unit_price else ZERO
