"""PF-1, PF-4: a long list is read page by page, goes on after a kill, and is booked once whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.reports import Page
from kraken_pipeline.domain.sync_marks import SyncMark
from kraken_pipeline.services.books.sync import SHORT, STALE, TRIES, LongList, read_long
from kraken_pipeline_tests.fakes import Crash
from kraken_pipeline_tests.store.builders import entry

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SIZE, STEP = 50, 49
LONG = SHORT + 130


@dataclass
class Kept:
    """Pages as a store keeps them."""

    rows: dict[str, LedgerEntry] = field(default_factory=dict)
    now: SyncMark | None = None

    def mark(self) -> SyncMark | None:
        return self.now

    def known(self, rows: Sequence[LedgerEntry]) -> int:
        return sum(each.entry_id in self.rows for each in rows)

    def count(self) -> int:
        return len(self.rows)

    def keep(self, mark: SyncMark, rows: Sequence[LedgerEntry]) -> None:
        self.now = mark
        self.rows.update((each.entry_id, each) for each in rows)

    def oldest(self, most: int) -> tuple[LedgerEntry, ...]:
        in_order = sorted(self.rows.values(), key=lambda each: (each.at, each.entry_id))
        return tuple(in_order[:most])

    def drop(self, rows: Sequence[LedgerEntry]) -> None:
        for each in rows:
            del self.rows[each.entry_id]

    def forget(self) -> None:
        self.rows, self.now = {}, None


class Exchange:
    """A ledger as Kraken gives it: from the newest on, up to a frozen end."""

    def __init__(self, count: int) -> None:
        self.rows = [row(number) for number in range(count)]
        self.asked: list[int] = []
        self.before: Callable[[int], None] = lambda asked: None
        self.lie: Callable[[int, Page[LedgerEntry]], Page[LedgerEntry]] = lambda asked, page: page

    def page(self, *, since: datetime | None, end: str, skip: int) -> Page[LedgerEntry]:
        self.before(len(self.asked))
        self.asked.append(skip)
        newest_first = sorted(self.rows, key=lambda each: (each.at, each.entry_id), reverse=True)
        until = next((each.at for each in newest_first if each.entry_id == end), None)
        shown = [each for each in newest_first if until is None or each.at <= until]
        rows = shown[skip : skip + SIZE]
        page = Page(
            rows=tuple(rows[::-1]),
            counted=len(shown),
            end=end or rows[0].entry_id,
            next_skip=skip + STEP if len(rows) == SIZE else None,
        )
        return self.lie(len(self.asked), page)


def row(number: int, **changed: Any) -> LedgerEntry:  # noqa: ANN401 - any field may change
    return entry(f"L{number:06}", at=NOON + timedelta(seconds=number // 7), **changed)


@dataclass
class Reader:
    """Reads an exchange as a process does, with what was kept by those before."""

    exchange: Exchange
    kept: Kept = field(default_factory=Kept)
    booked: list[LedgerEntry] = field(default_factory=list)
    now: datetime = NOON

    def read(self) -> Sequence[LedgerEntry] | None:
        listed = LongList(
            name="Ledgers", pages=self.exchange.page, kept=self.kept, clock=lambda: self.now
        )
        return read_long(listed, self.booked.extend, since=None)


def test_a_short_list_is_left_to_be_read_at_once() -> None:
    reader = Reader(Exchange(SHORT))

    assert reader.read() is None
    assert (reader.booked, reader.kept.now, len(reader.exchange.asked)) == ([], None, 1)


def test_a_list_of_one_page_is_told_and_need_not_be_asked_for_again() -> None:
    reader = Reader(Exchange(SIZE - 1))

    assert reader.read() == tuple(reader.exchange.rows)
    assert (reader.booked, reader.kept.now, len(reader.exchange.asked)) == ([], None, 1)


def test_a_long_list_is_booked_whole_and_in_order() -> None:
    reader = Reader(Exchange(LONG))

    assert reader.read() is None
    assert reader.booked == reader.exchange.rows
    assert reader.kept == Kept()


@given(st.integers(1, LONG // STEP))
def test_whoever_is_killed_goes_on_and_reads_no_page_twice(pages: int) -> None:
    reader = Reader(Exchange(LONG))

    def die(asked: int) -> None:
        if asked == pages:
            raise Crash

    reader.exchange.before = die
    with pytest.raises(Crash):
        reader.read()
    nothing_yet = list(reader.booked)
    reader.exchange.before = lambda asked: None
    reader.read()

    assert nothing_yet == []
    assert reader.booked == reader.exchange.rows
    assert len(reader.exchange.asked) == len(set(reader.exchange.asked))


def test_rows_that_arrive_while_it_is_read_come_with_the_next_reading() -> None:
    reader = Reader(Exchange(LONG))
    there = list(reader.exchange.rows)

    def more(asked: int) -> None:
        if asked:
            reader.exchange.rows.append(row(10**5 + asked, refid="new"))

    reader.exchange.before = more
    reader.read()

    assert reader.booked == there


def test_sixty_rows_of_one_instant_are_all_booked() -> None:
    reader = Reader(Exchange(LONG))
    reader.exchange.rows += [entry(f"M{number}", at=NOON) for number in range(60)]
    reader.read()

    assert {each.entry_id for each in reader.booked} == {e.entry_id for e in reader.exchange.rows}


@pytest.mark.parametrize("rows", [0, 20])
def test_a_middle_page_that_is_cut_is_asked_for_again(rows: int) -> None:
    reader = Reader(Exchange(LONG))

    def cut(asked: int, page: Page[LedgerEntry]) -> Page[LedgerEntry]:
        kept = page.rows[len(page.rows) - rows :]
        shorter = Page(rows=kept, counted=page.counted, end=page.end, next_skip=None)
        return shorter if asked == 5 else page

    reader.exchange.lie = cut
    reader.read()

    assert reader.booked == reader.exchange.rows
    assert reader.exchange.asked.count(4 * STEP) == 2


def test_a_page_that_leaves_a_gap_is_asked_for_again() -> None:
    reader = Reader(Exchange(LONG))

    def jump(asked: int, page: Page[LedgerEntry]) -> Page[LedgerEntry]:
        older = tuple(row(number) for number in range(100, 150))
        return replace(page, rows=older) if asked == 5 else page

    reader.exchange.lie = jump
    reader.read()

    assert reader.booked == reader.exchange.rows
    assert reader.exchange.asked.count(4 * STEP) == 2


def test_pages_that_stay_empty_leave_what_was_read_and_book_nothing() -> None:
    reader = Reader(Exchange(LONG))

    def empty(asked: int, page: Page[LedgerEntry]) -> Page[LedgerEntry]:
        none: Page[LedgerEntry] = Page(rows=(), counted=page.counted, end=page.end, next_skip=None)
        return none if 5 <= asked < 5 + TRIES else page

    reader.exchange.lie = empty
    with pytest.raises(UnreachableError, match="does not follow the one before it; what was read"):
        reader.read()
    assert reader.booked == []
    reader.read()

    assert reader.booked == reader.exchange.rows
    assert reader.exchange.asked.count(0) == 1


def test_a_row_that_comes_late_where_it_was_read_already_begins_it_anew() -> None:
    reader = Reader(Exchange(LONG))

    def late(asked: int) -> None:
        if asked == 9:
            reader.exchange.rows.insert(LONG - 5, replace(row(LONG - 5), entry_id="L-LATE"))

    reader.exchange.before = late
    with pytest.raises(UnreachableError, match="from the beginning next time"):
        reader.read()
    assert reader.booked == []
    reader.exchange.before = lambda asked: None
    reader.read()

    assert {each.entry_id for each in reader.booked} == {e.entry_id for e in reader.exchange.rows}


def test_pages_that_go_round_in_a_circle_end() -> None:
    reader = Reader(Exchange(LONG))
    first = reader.exchange.page(since=None, end="", skip=0)
    reader.exchange.lie = lambda asked, page: replace(first, next_skip=page.next_skip or 9_999)

    with pytest.raises(UnreachableError, match="from the beginning next time"):
        reader.read()


def test_a_reading_that_got_no_further_for_a_day_is_begun_anew() -> None:
    reader = Reader(Exchange(LONG))

    def die(asked: int) -> None:
        if asked == 4:
            raise Crash

    reader.exchange.before = die
    with pytest.raises(Crash):
        reader.read()
    reader.exchange.before = lambda asked: None
    reader.now += STALE + timedelta(seconds=1)
    reader.read()

    assert reader.exchange.asked.count(0) == 2
    assert reader.booked == reader.exchange.rows


def test_a_kill_while_it_is_booked_loses_nothing() -> None:
    reader = Reader(Exchange(LONG))
    some: list[LedgerEntry] = []

    def book(rows: Sequence[LedgerEntry]) -> None:
        some.extend(rows)
        raise Crash

    listed = LongList(
        name="Ledgers", pages=reader.exchange.page, kept=reader.kept, clock=lambda: NOON
    )
    with pytest.raises(Crash):
        read_long(listed, book, since=None)
    pages = len(reader.exchange.asked)
    reader.read()

    assert reader.booked == reader.exchange.rows
    assert some == reader.exchange.rows[: len(some)]
    assert len(reader.exchange.asked) == pages
