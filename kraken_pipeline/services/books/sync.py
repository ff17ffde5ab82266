"""Read a long list of the account's to its end, page by page, and book it once it is whole.

A page is kept as it comes, with how far the list is read: whoever is killed in the middle goes on
where it was, with the same frozen end. Nothing of the list is booked before every page of it is
there, and memory holds no more than a page, or as many rows as are booked at once (PF-1, PF-4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.reports import Page, TradeReport
from kraken_pipeline.domain.sync_marks import SyncMark
from kraken_pipeline.services.ports.exchange import Clock

SHORT: Final = 1_000
"""Rows that are read at once: twenty pages, which nobody minds to read again."""
AT_ONCE: Final = 1_000
"""Rows that are booked together."""
TRIES: Final = 3
"""How often a page is asked for that does not follow the one before it."""
STALE: Final = timedelta(days=1)
"""A reading that got no further for so long is begun anew: its rows may lie otherwise by now."""
Row = TypeVar("Row", LedgerEntry, TradeReport)


class Pages(Protocol[Row]):
    """Asks for a page. May raise `ExchangeError`."""

    def __call__(self, *, since: datetime | None, end: str, skip: int) -> Page[Row]:
        """Return one page of a list between two bounds."""
        ...


class PageStore(Protocol[Row]):
    """Pages of one list that wait until the list is whole."""

    def mark(self) -> SyncMark | None:
        """Return how far the list was read; None where no reading of it is under way."""
        ...

    def known(self, rows: Sequence[Row]) -> int:
        """Return how many of these rows are kept."""
        ...

    def count(self) -> int:
        """Return how many rows are kept."""
        ...

    def keep(self, mark: SyncMark, rows: Sequence[Row]) -> None:
        """Keep a page and how far the list is read with it, at once."""
        ...

    def oldest(self, most: int) -> tuple[Row, ...]:
        """Return the oldest rows that are kept, so many at most."""
        ...

    def drop(self, rows: Sequence[Row]) -> None:
        """Keep these rows no more: they are booked."""
        ...

    def forget(self) -> None:
        """Forget the reading, with whatever of it is not booked."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LongList(Generic[Row]):
    """A list of the account's that may be long, and where it goes."""

    name: str
    """Of the exchange's call."""
    pages: Pages[Row]
    kept: PageStore[Row]
    clock: Clock


def read_long(
    listed: LongList[Row], book: Callable[[Sequence[Row]], object], *, since: datetime | None
) -> Sequence[Row] | None:
    """Read and book what is long of a list; a reading that was cut goes on.

    A list of more than a page and less than what is long is left to be read at once.

    Args:
        listed: the list.
        book: takes rows, the oldest first; may be given the same again after a crash.
        since: from when on, where no reading is under way; None for the first day.

    Returns:
        The rows of a list that is one page, of which none is booked: nobody need ask again. None
        for any other.

    Raises:
        UnreachableError: pages did not fit together; asked again, the reading goes on.
        ExchangeError: a page could not be read; likewise.
    """
    mark = _resumed(listed)
    if mark is None:
        page = listed.pages(since=since, end="", skip=0)
        if page.next_skip is None:
            return page.rows
        if page.counted <= SHORT:
            return None
        mark = _begun(listed, page, page.next_skip, since)
    while not mark.is_whole:
        mark = _one_further(listed, mark)
    while some := listed.kept.oldest(AT_ONCE):
        book(some)
        listed.kept.drop(some)
    listed.kept.forget()
    return None


def _resumed(listed: LongList[Row]) -> SyncMark | None:
    """Return how far a reading came that was cut, unless that is too long ago."""
    mark = listed.kept.mark()
    if mark is not None and not mark.is_whole and listed.clock() - mark.kept_at > STALE:
        listed.kept.forget()
        return None
    return mark


def _begun(
    listed: LongList[Row], page: Page[Row], next_skip: int, since: datetime | None
) -> SyncMark:
    begun = SyncMark(
        since=since,
        end=page.end,
        skip=next_skip,
        counted=page.counted,
        is_whole=False,
        kept_at=listed.clock(),
    )
    listed.kept.keep(begun, page.rows)
    return begun


def _one_further(listed: LongList[Row], mark: SyncMark) -> SyncMark:
    """Keep one more page, and return how far the list is read then."""
    page = _that_follows(listed, mark)
    new = len(page.rows) - listed.kept.known(page.rows)
    is_whole = page.next_skip is None and listed.kept.count() + new >= page.counted
    if (page.next_skip is None and not is_whole) or mark.skip > page.counted:
        # rows that came late lie where it was read before, or the pages go round in a circle
        listed.kept.forget()
        raise UnreachableError(
            f"{listed.name}: the pages hold fewer rows than the {page.counted} of the list; "
            "it is read from the beginning next time"
        )
    further = replace(
        mark,
        skip=mark.skip if page.next_skip is None else page.next_skip,
        counted=page.counted,
        is_whole=is_whole,
        kept_at=listed.clock(),
    )
    listed.kept.keep(further, page.rows)
    return further


def _that_follows(listed: LongList[Row], mark: SyncMark) -> Page[Row]:
    """Return the next page: it has a row in common with those before, and is no cut one."""
    for _ in range(TRIES):
        page = listed.pages(since=mark.since, end=mark.end, skip=mark.skip)
        reaches_the_end = mark.skip + len(page.rows) >= page.counted
        if listed.kept.known(page.rows) and (page.next_skip is not None or reaches_the_end):
            return page
    raise UnreachableError(
        f"{listed.name}: the page after {mark.skip} rows of {mark.counted} does not follow the one "
        "before it; what was read stays, and the next pass goes on"
    )
