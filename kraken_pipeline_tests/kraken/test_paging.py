from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError, UnreachableError
from kraken_pipeline.kraken.paging import PAGE, Listed, read_all

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TRADES = Listed(method="TradesHistory", rows="trades", time="time")


class History:
    """A list as Kraken keeps one: newest first, 50 a page, `start` exclusive, `end` inclusive."""

    def __init__(self, times: list[int]) -> None:
        self.times = times
        self.asked: list[Mapping[str, str]] = []
        self.before_page: Callable[[int], None] = lambda page: None

    def ask(self, method: str, params: Mapping[str, str]) -> object:
        self.before_page(len(self.asked))
        self.asked.append(params)
        start, end = int(params.get("start", 0)), self.end_of(params)
        ids = [index for index, at in enumerate(self.times) if start < at <= end]
        ids.sort(key=lambda index: (self.times[index], index), reverse=True)
        offset = int(params["ofs"])
        page = {f"T{index}": {"time": self.times[index]} for index in ids[offset : offset + PAGE]}
        return {"trades": page, "count": len(ids)}

    def end_of(self, params: Mapping[str, str]) -> int:
        end = params.get("end", str(10**11))
        return self.times[int(end[1:])] if end.startswith("T") else int(end)


def seconds(*offsets: int) -> list[int]:
    return [int(NOON.timestamp()) + each for each in offsets]


def ids_of(history: History, since: datetime | None = None) -> list[str]:
    return [key for key, _ in read_all(history.ask, TRADES, {}, since=since)]


@given(offsets=st.lists(st.integers(0, 40), max_size=170))
def test_every_row_comes_once_and_the_oldest_first(offsets: list[int]) -> None:
    history = History(seconds(*offsets))

    rows = read_all(history.ask, TRADES, {}, since=None)

    assert sorted(key for key, _ in rows) == sorted(f"T{n}" for n in range(len(offsets)))
    times = [row.instant("time") for _, row in rows]
    assert times == sorted(times)


def test_sixty_rows_of_one_second_all_come() -> None:
    assert len(ids_of(History(seconds(*[5] * 60)), since=NOON)) == 60


def test_a_row_at_the_very_instant_is_not_lost_and_an_earlier_one_is_left_out() -> None:
    history = History(seconds(-1, 0, 1))

    assert ids_of(history, since=NOON) == ["T1", "T2"]


def test_since_between_two_seconds_keeps_what_is_later() -> None:
    history = History(seconds(0, 1))

    assert ids_of(history, since=NOON + timedelta(milliseconds=500)) == ["T1"]


def test_the_end_is_frozen_at_the_newest_row_of_the_first_page() -> None:
    history = History(seconds(*range(120)))
    ids_of(history)

    assert [each.get("end") for each in history.asked] == [None, "T119", "T119"]
    assert [each["ofs"] for each in history.asked] == ["0", "49", "98"]


def test_the_end_is_frozen_by_the_second_where_an_id_means_another_time() -> None:
    history = History(seconds(*range(120)))
    read_all(history.ask, replace(TRADES, ends_at_an_id=False), {}, since=None)

    assert [each.get("end") for each in history.asked] == [None, *[str(seconds(120)[0])] * 2]


def test_rows_that_arrive_while_paging_neither_push_others_out_nor_come_twice() -> None:
    history = History(seconds(*range(120)))
    history.before_page = lambda page: history.times.extend(seconds(*[500 + page] * 7))
    ids = ids_of(history)

    assert len(ids) == len(set(ids))
    assert {f"T{n}" for n in range(120)} <= set(ids)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({}, "does not follow"),
        ({"T1": {"time": seconds(3)[0]}}, "does not follow"),
        ({"T131": {"time": seconds(131)[0]}}, "50 of 180 rows"),
    ],
)
def test_a_middle_page_that_comes_back_short_is_not_taken_for_the_end(
    broken: dict[str, object], why: str
) -> None:
    history = History(seconds(*range(180)))

    def ask(method: str, params: Mapping[str, str]) -> object:
        whole = history.ask(method, params)
        return {"trades": broken, "count": 180} if params["ofs"] == "49" else whole

    with pytest.raises(UnreachableError, match=why):
        read_all(ask, TRADES, {}, since=None)


def test_a_first_page_that_is_cut_is_not_taken_for_the_whole() -> None:
    history = History(seconds(*range(80)))

    def ask(method: str, params: Mapping[str, str]) -> object:
        history.ask(method, params)
        return {"trades": {"T1": {"time": seconds(3)[0]}}, "count": 80}

    with pytest.raises(UnreachableError, match="1 of 80 rows"):
        read_all(ask, TRADES, {}, since=None)


def test_rows_that_vanish_while_paging_leave_no_hole() -> None:
    history = History(seconds(*range(180)))

    def forget(page: int) -> None:
        if page == 1:
            del history.times[130:]

    history.before_page = forget
    with pytest.raises(UnreachableError, match="does not follow"):
        read_all(history.ask, replace(TRADES, ends_at_an_id=False), {}, since=None)


@given(
    count=st.integers(0, 230),
    arriving=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=8),
    spread=st.integers(1, 60),
)
def test_whatever_arrives_while_paging_what_was_there_comes_once(
    count: int, arriving: list[tuple[int, int]], spread: int
) -> None:
    history = History(seconds(*(each // spread for each in range(count))))

    def arrive(page: int) -> None:
        more = [number for when, number in arriving if when == page]
        history.times.extend(seconds(*[count // spread + page] * sum(more)))

    arrive(0)
    there = len(history.times)
    history.before_page = lambda page: arrive(page) if page else None
    ids = ids_of(history)

    assert len(ids) == len(set(ids))
    assert {f"T{n}" for n in range(there)} <= set(ids)


def test_a_list_that_ignores_the_offset_does_not_go_on_for_ever() -> None:
    history = History(seconds(*range(80)))

    with pytest.raises(UnreachableError, match="repeats"):
        read_all(
            lambda method, params: history.ask(method, {**params, "ofs": "0"}),
            TRADES,
            {},
            since=None,
        )


@pytest.mark.parametrize(
    "reply",
    [None, [], {}, {"trades": {}}, {"trades": [], "count": 0}, {"count": 1, "trades": {"T": 1}}],
)
def test_a_malformed_page_is_refused(reply: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        read_all(lambda method, params: reply, TRADES, {}, since=None)


def test_an_error_of_any_page_ends_the_reading_with_nothing() -> None:
    history = History(seconds(*range(80)))

    def fail(page: int) -> None:
        if page == 1:
            raise UnreachableError("cut")

    history.before_page = fail
    with pytest.raises(UnreachableError, match="cut"):
        ids_of(history)
