"""Pages of 50, newest first, between two times.

Source: kraken/rest.md §7: `start` is exclusive and `end` inclusive, each UNIX seconds or an id.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, Generic, TypeVar

from kraken_pipeline.simulator.params import Params, invalid

ROWS: Final = 50
Row = TypeVar("Row")
Seen_co = TypeVar("Seen_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Seen_co]):
    """Some rows, and how many match in all."""

    rows: Sequence[Seen_co]
    count: int


def newest_first(rows: Iterable[Row], moment: Callable[[Row], datetime]) -> list[Row]:
    """Return the rows sorted by time, the latest first."""
    return sorted(rows, key=moment, reverse=True)


def page(
    rows: Sequence[Row],
    params: Params,
    moment: Callable[[Row], datetime],
    moment_of_id: Callable[[str], datetime | None],
) -> Page[Row]:
    """Return the page that was asked for.

    Args:
        rows: all, newest first.
        params: `start`, `end` and `ofs` count.
        moment: the time of a row.
        moment_of_id: the time that an id stands for in `start` and `end`.

    Raises:
        RefusedError: a bound is no time and no known id, or the offset is negative.
    """
    start = _bound(params, "start", moment_of_id)
    end = _bound(params, "end", moment_of_id)
    offset = params.integer("ofs", default=0)
    if offset < 0:
        raise invalid("ofs")
    # the rows are in order: looking at each of them is slow where there are many
    begin = 0 if end is None else _up_to(rows, end, moment)
    stop = len(rows) if start is None else _up_to(rows, start, moment)
    chosen = range(begin, max(begin, stop))[offset : offset + ROWS]
    return Page(rows=rows[chosen.start : chosen.stop], count=max(0, stop - begin))


def _up_to(rows: Sequence[Row], bound: Decimal, moment: Callable[[Row], datetime]) -> int:
    """Return the place of the first row that is no later than a time."""
    return bisect_left(rows, -bound, key=lambda row: -seconds(moment(row)))


def seconds(at: datetime) -> Decimal:
    """Return a time as exact UNIX seconds: a float in an answer comes back as its shortest text."""
    return Decimal(repr(at.timestamp()))


def _bound(
    params: Params, name: str, moment_of_id: Callable[[str], datetime | None]
) -> Decimal | None:
    if name not in params:
        return None
    text = params.text(name)
    at = moment_of_id(text)
    if at is not None:
        return seconds(at)
    try:
        bound = Decimal(text)
    except InvalidOperation as wrong:
        raise invalid(name) from wrong
    if not bound.is_finite():
        raise invalid(name)
    return bound or None
