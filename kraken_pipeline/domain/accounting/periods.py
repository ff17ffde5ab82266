"""Periods of whole UTC days, by which people read what became of an account."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError

_DAY: Final = timedelta(days=1)


class Period(StrEnum):
    """How long one is."""

    DAY = "day"
    WEEK = "week"
    """From Monday on, as ISO 8601 counts them."""
    MONTH = "month"
    YEAR = "year"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """UTC days in a row, both ends with them."""

    first: date = date.min
    last: date = date.max

    def __post_init__(self) -> None:
        """Refuse days of which the last is before the first.

        Raises:
            InvalidValueError: so it is.
        """
        if self.last < self.first:
            raise InvalidValueError(
                f"the days from {self.first} until {self.last} are none: the last must not be "
                "before the first"
            )

    @property
    def since(self) -> datetime:
        """When the first begins."""
        return datetime.combine(self.first, time.min, UTC)

    @property
    def until(self) -> datetime:
        """The last instant of the last."""
        return datetime.combine(self.last, time.max, UTC)

    def has(self, at: datetime) -> bool:
        """Tell whether an instant is in one of them."""
        return self.first <= at.date() <= self.last


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


_NAMES: Final[Mapping[Period, Callable[[date], str]]] = MappingProxyType(
    {
        Period.DAY: date.isoformat,
        Period.WEEK: _week,
        Period.MONTH: lambda day: f"{day:%Y-%m}",
        Period.YEAR: lambda day: f"{day:%Y}",
        Period.ALL: lambda day: Period.ALL.value,
    }
)


def divided(days: Days, period: Period) -> tuple[tuple[str, Days], ...]:
    """Return days by period, oldest first, each with its name: `2026-01-31`, `2026-W05`, `2026-01`.

    The first and the last may be cut by the ends of the days.
    """
    name_of = _NAMES[period]
    firsts: dict[str, date] = {}
    for offset in range((days.last - days.first).days + 1):
        day = days.first + offset * _DAY
        firsts.setdefault(name_of(day), day)
    ends = [*[each - _DAY for each in firsts.values()][1:], days.last]
    return tuple(
        (name, Days(first=first, last=last))
        for (name, first), last in zip(firsts.items(), ends, strict=True)
    )
