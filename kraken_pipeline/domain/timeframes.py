"""Timeframes: when a bar opens and closes, and how late a tick may be. UTC only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAYS_TO_THE_NEXT: Final = 31
"""From the first of a month so many days on lies the next month."""


_minutes: Final = cache(lambda count: timedelta(minutes=count))
"""Asked for at each close, of the few lengths that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeframe:
    """A bar length that divides the UTC day."""

    name: str
    minutes: int
    max_lateness: timedelta
    """How long after the close a scheduled decision may still be taken on it."""

    @property
    def length(self) -> timedelta:
        """How long a bar is."""
        return _minutes(self.minutes)

    @property
    def seconds(self) -> int:
        """How long a bar is, in seconds."""
        return self.minutes * 60


def _timeframe(name: str, minutes: int, late_seconds: int) -> Timeframe:
    return Timeframe(name=name, minutes=minutes, max_lateness=timedelta(seconds=late_seconds))


TIMEFRAMES: Final = MappingProxyType(
    {
        each.name: each
        for each in (
            _timeframe("1m", 1, 20),
            _timeframe("5m", 5, 60),
            _timeframe("15m", 15, 120),
            _timeframe("1h", 60, 300),
            _timeframe("4h", 240, 600),
            _timeframe("1d", 1440, 1800),
        )
    }
)
"""Every timeframe, shortest first."""


def timeframe(name: str) -> Timeframe:
    """Look a timeframe up by name.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in TIMEFRAMES:
        raise UnknownNameError(f"{name!r} is no timeframe; use one of {', '.join(TIMEFRAMES)}")
    return TIMEFRAMES[name]


def require_utc(moment: datetime) -> datetime:
    """Return the moment if it is aware and in UTC.

    Raises:
        InvalidValueError: it is naive or in another zone.
    """
    if moment.tzinfo is not UTC and moment.utcoffset() != timedelta(0):
        raise InvalidValueError(f"{moment!r} is not in UTC")
    return moment


def last_close(frame: Timeframe, now: datetime) -> datetime:
    """Return the close of the newest bar that is over at `now`; a close at `now` itself counts."""
    return now - (require_utc(now) - EPOCH) % frame.length


def closes_at(moment: datetime) -> tuple[Timeframe, ...]:
    """Return the timeframes whose bar closes exactly at this moment, shortest first."""
    return tuple(each for each in TIMEFRAMES.values() if last_close(each, moment) == moment)


def months(first: datetime, last: datetime) -> Iterable[str]:
    """Yield each UTC month from `first` to `last`, both included, as `YYYY-MM-01`."""
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield f"{year:04}-{month:02}-01"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - December


def stretch_of(month: str) -> tuple[int, int]:
    """Return where a UTC month (`YYYY-MM-01`) begins and ends, in Unix seconds."""
    first = datetime.fromisoformat(month).replace(tzinfo=UTC)
    after = (first + timedelta(days=DAYS_TO_THE_NEXT)).replace(day=1)
    begin, end = ((each - EPOCH) // timedelta(seconds=1) for each in (first, after))
    return begin, end
