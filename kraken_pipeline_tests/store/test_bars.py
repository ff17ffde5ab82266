from concurrent.futures import ProcessPoolExecutor
from copy import copy
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import InvalidValueError, StorageError
from kraken_pipeline.domain.timeframes import Timeframe, timeframe
from kraken_pipeline.store import bars as bars_module
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_shelves import Listing, Shelf
from kraken_pipeline.store.bars import MOST_PARTS, ShelvedBars
from kraken_pipeline_tests.full_disk import full_disk
from kraken_pipeline_tests.store.candles import (
    HOURLY,
    MONTH,
    SHELVES,
    START,
    Opener,
    at,
    bars,
    closes,
    parts_on,
)


@pytest.fixture
def store(shelf: Shelf) -> ShelvedBars:
    return ShelvedBars(shelf)


def test_bars_are_read_as_a_matrix_of_time_by_pair(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("ETHUSD", [0, 1, 2]), bars("XBTUSD", [1, 2], close="7")])

    read = store.read(HOURLY, ("XBTUSD", "ETHUSD"), closed_by=at(3), count=5)
    assert read.pairs == ("XBTUSD", "ETHUSD")
    assert [int(each) for each in read.opened_at] == list(bars("X", [0, 1, 2]).opened_at)
    assert np.array_equal(read.close, [[np.nan, 100.5], [7, 101.5], [7, 102.5]], equal_nan=True)
    assert read.volume[1, 1] == 1.25


def test_a_bar_that_is_not_closed_by_then_is_not_read(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 1, 2, 3])])

    assert closes(store, "XBTUSD", until=2.9, count=9) == [[100.5], [101.5]]


def test_the_last_row_is_the_newest_bar_of_any_asked_pair(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 1]), bars("ETHUSD", [0, 1, 2, 3])])

    assert closes(store, "XBTUSD", until=4, count=2) == [[100.5], [101.5]]


def test_a_gap_of_every_pair_is_looked_across(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 1, 2_000]), bars("ETHUSD", range(3_000, 3_004))])

    assert closes(store, "XBTUSD", until=1_999, count=3) == [[100.5], [101.5]]


def test_bars_of_two_months_are_read_together(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(8))])

    assert len(closes(store, "XBTUSD", until=8, count=100)) == 8


def test_bars_of_ten_million_years_are_asked_for_without_the_room_for_them(
    store: ShelvedBars,
) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(8))])

    assert len(closes(store, "XBTUSD", until=8, count=10**11)) == 8


def test_nothing_stored_reads_as_an_empty_matrix(store: ShelvedBars) -> None:
    read = store.read(HOURLY, ("XBTUSD",), closed_by=at(0), count=3)

    assert read.close.shape == (0, 1)
    assert read.opened_at.size == 0


def test_what_is_read_again_is_the_same_until_a_bar_comes(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 1])])
    first = store.read(HOURLY, ("XBTUSD",), closed_by=at(2), count=2)
    again = store.read(HOURLY, ("XBTUSD",), closed_by=at(2), count=2)
    store.append(HOURLY, [bars("ETHUSD", [0])])
    later = store.read(HOURLY, ("XBTUSD",), closed_by=at(2), count=2)

    assert again is first
    assert later is not first
    assert later.digest() == first.digest()


def test_what_was_read_cannot_be_written_into(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 1])])
    read = store.read(HOURLY, ("XBTUSD",), closed_by=at(2), count=2)

    with pytest.raises(ValueError, match="read-only"):
        read.close[0] = 1


def test_what_is_there_stays_as_it_is(store: ShelvedBars) -> None:
    first = store.append(HOURLY, [bars("XBTUSD", [0, 1])])
    again = store.append(HOURLY, [bars("XBTUSD", [0, 1, 2], close="9")])

    assert (first, again) == (2, 1)
    assert closes(store, "XBTUSD", until=3, count=3) == [[100.5], [101.5], [9.0]]


def test_a_bar_told_twice_at_once_is_kept_as_first_told(store: ShelvedBars) -> None:
    told = [bars("XBTUSD", [0], close="1"), bars("XBTUSD", [0], close="2")]

    assert store.append(HOURLY, told) == 1
    assert closes(store, "XBTUSD", until=1, count=1) == [[1.0]]


@pytest.mark.parametrize("exact", ["0.000000000001", "123456789012345678901234.000000000001", "5"])
def test_a_close_is_read_exactly_as_it_was_told(store: ShelvedBars, exact: str) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0], close=exact), bars("ETHUSD", [1])])

    assert store.closes(HOURLY, at(1)) == {"XBTUSD": Decimal(exact)}
    assert format(store.closes(HOURLY, at(1))["XBTUSD"], "f") == exact


@settings(max_examples=25)
@given(
    told=st.lists(
        st.integers(0, 12).flatmap(
            lambda places: st.decimals(min_value="1e-12", max_value=10**24, places=places)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_price_is_read_to_the_last_digit_whatever_its_decimals(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, told: list[Decimal]
) -> None:
    prices = [each for each in told if each > 0]
    store = ShelvedBars(opener(tmp_path_factory.mktemp("exact")))
    store.append(
        HOURLY,
        [bars(f"P{place}", [0], close=format(each, "f")) for place, each in enumerate(prices)],
    )
    store.append(HOURLY, [bars("LATER", [1])])
    store.compact(HOURLY)

    found = store.closes(HOURLY, at(1))
    assert [found[f"P{place}"] for place in range(len(prices))] == prices


@pytest.mark.parametrize(
    "wrong", ["nan", " ", "1e30", "-1", "0", "0.0000000000001", "inf", "1,5", "1e-13"]
)
def test_an_amount_that_cannot_be_kept_exactly_is_refused_by_name(
    store: ShelvedBars, wrong: str
) -> None:
    told = [bars("ETHUSD", [0, 1]), bars("XBTUSD", [0], close=wrong)]

    with pytest.raises(InvalidValueError, match=r"XBTUSD 1h bar opened at \d+: open is"):
        store.append(HOURLY, told)
    assert store.newest(HOURLY) == {}


def test_candles_of_another_timeframe_are_refused(store: ShelvedBars) -> None:
    with pytest.raises(InvalidValueError, match="are of 4h, not of 1h"):
        store.append(HOURLY, [bars("XBTUSD", [0], frame="4h")])


def test_a_bar_off_the_grid_is_refused(store: ShelvedBars) -> None:
    with pytest.raises(InvalidValueError, match="1d cannot open at"):
        store.append(timeframe("1d"), [bars("XBTUSD", [0], frame="1d")])


def test_the_newest_bar_of_each_pair_is_known(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(8)), bars("ETHUSD", [0, 1])])
    store.append(HOURLY, [bars("ETHUSD", [2])])

    assert store.newest(HOURLY) == {"XBTUSD": at(7), "ETHUSD": at(2)}


def test_timeframes_do_not_mix(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0])])

    assert store.newest(timeframe("4h")) == {}


def test_a_month_is_reported_with_its_gaps_and_unclosed_bars(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0, 3, 4]), bars("ETHUSD", [0, 1])])

    report = store.report(HOURLY, MONTH, now=at(3.5))
    assert (report.rows, report.pairs, report.newest_close) == (4, 2, at(4))
    assert (report.duplicates, report.unclosed) == (0, 1)
    assert report.missing == {"XBTUSD": 2}


def test_an_empty_month_is_reported_as_empty(store: ShelvedBars) -> None:
    report = store.report(HOURLY, MONTH, now=at(0))

    assert (report.rows, report.pairs, report.newest_close, report.missing) == (0, 0, None, {})


@pytest.mark.parametrize("wrong", ["2026-01", "2026-13-01", "2026-01-02", "../../../1-01"])
def test_a_month_that_is_none_is_refused(store: ShelvedBars, wrong: str) -> None:
    with pytest.raises(InvalidValueError, match="is no month"):
        store.report(HOURLY, wrong, now=at(0))


def test_small_parts_are_merged_and_nothing_is_lost(store: ShelvedBars, shelf: Shelf) -> None:
    hours = range(4, 4 + 5 * MOST_PARTS)
    for each in hours:
        store.append(HOURLY, [bars("XBTUSD", [each]), bars("ETHUSD", [each])])

    assert len(parts_on(shelf)) <= MOST_PARTS
    assert closes(store, "XBTUSD", until=1_000, count=1_000) == [[100.5 + each] for each in hours]


def test_a_large_part_is_not_written_again_for_every_small_one(
    store: ShelvedBars, shelf: Shelf
) -> None:
    store.append(HOURLY, [bars(f"P{number}", range(4, 300)) for number in range(20)])
    [large] = parts_on(shelf)
    for each in range(300, 300 + 2 * MOST_PARTS):
        store.append(HOURLY, [bars("P0", [each])])

    assert large in parts_on(shelf)


def test_many_large_parts_do_not_make_every_append_a_merge(
    store: ShelvedBars, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars_module, "MOST_MERGED_ROWS", 6)
    many = range(4, 4 + 4 * MOST_PARTS + 4, 4)
    for hour in many:
        store.append(HOURLY, [bars("XBTUSD", range(hour, hour + 4))])
    large = len(parts_on(shelf))

    for hour in range(many.stop, many.stop + MOST_PARTS):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    assert len(parts_on(shelf)) == large + MOST_PARTS
    store.append(HOURLY, [bars("XBTUSD", [many.stop + MOST_PARTS])])

    assert large == len(many) > MOST_PARTS
    assert len(parts_on(shelf)) < large + MOST_PARTS


CHUNKS = st.lists(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 9)), max_size=6), max_size=8
)


@settings(max_examples=25)
@given(chunks=CHUNKS)
def test_appending_in_any_chunks_and_order_equals_one_sorted_append(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, chunks: list[list[tuple[str, int]]]
) -> None:
    piecewise = ShelvedBars(opener(tmp_path_factory.mktemp("piecewise")))
    added = sum(
        piecewise.append(HOURLY, [bars(pair, [hour]) for pair, hour in chunk]) for chunk in chunks
    )
    rows = sorted({row for chunk in chunks for row in chunk})
    at_once = ShelvedBars(opener(tmp_path_factory.mktemp("at_once")))
    at_once.append(HOURLY, [bars(pair, [hour]) for pair, hour in rows])

    assert added == len(rows)
    assert piecewise.newest(HOURLY) == at_once.newest(HOURLY)
    left, right = (
        each.read(HOURLY, ("A", "B", "C"), closed_by=at(50), count=50)
        for each in (piecewise, at_once)
    )
    assert left.digest() == right.digest()


def test_another_process_sees_what_was_appended_and_merged(
    store: ShelvedBars, opener: Opener, tmp_path: Path
) -> None:
    reader = ShelvedBars(opener(tmp_path / "bars"))
    for each in range(4, 4 + 2 * MOST_PARTS):
        store.append(HOURLY, [bars("XBTUSD", [each])])

        assert closes(reader, "XBTUSD", until=1_000, count=1) == [[100.5 + each]]


def _append_some(folder: Path, kind: str, pair: str) -> int:
    store = ShelvedBars(SHELVES[kind](folder / "bars"))
    (folder / f"ready.{pair}").touch()
    while len(list(folder.glob("ready.*"))) < 2:
        pass
    return sum(
        store.append(HOURLY, [bars(pair, [hour]), bars("SHARED", [hour])]) for hour in range(4, 30)
    )


@pytest.mark.parametrize("kind", list(SHELVES))
def test_two_writers_at_once_neither_lose_nor_double_a_row(tmp_path: Path, kind: str) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        added = list(pool.map(_append_some, [tmp_path] * 2, [kind] * 2, ["A", "B"]))

    report = ShelvedBars(SHELVES[kind](tmp_path / "bars")).report(
        HOURLY, "2026-02-01", now=at(1_000)
    )
    assert sum(added) == report.rows == 3 * 26
    assert (report.duplicates, report.missing) == (0, {})


def test_a_reader_that_a_merge_overtakes_reads_again(
    store: ShelvedBars, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(4, 4 + MOST_PARTS):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    writer = ShelvedBars(copy(shelf))
    merges = [lambda: writer.append(HOURLY, [bars("XBTUSD", [4 + MOST_PARTS])])]
    listed = shelf.listing

    def overtaken(frame: Timeframe) -> Listing:
        found = listed(frame)
        if merges:
            merges.pop()()
        return found

    monkeypatch.setattr(shelf, "listing", overtaken)
    read = closes(ShelvedBars(shelf), "XBTUSD", until=1_000, count=100)

    assert len(parts_on(shelf)) == 1
    assert read == [[100.5 + hour] for hour in range(4, 5 + MOST_PARTS)]


def told_anew(store: ShelvedBars, *told: Candles) -> dict[str, tuple[int, int, int]]:
    """Return of each pair how many bars were new, the same, and told differently."""
    found = store.revise(HOURLY, told)
    return {pair: (each.added, each.same, each.differing) for pair, each in found.items()}


def test_a_bar_that_is_told_anew_is_read_as_it_was_told_last(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(4, 8)), bars("ETHUSD", range(4, 8))])

    found = told_anew(store, bars("XBTUSD", [5, 6, 8], close="7"), bars("ETHUSD", [5]))

    assert found == {"XBTUSD": (1, 0, 2), "ETHUSD": (0, 1, 0)}
    assert closes(store, "XBTUSD", until=9, count=9) == [[104.5], [7], [7], [107.5], [7]]
    assert store.closes(HOURLY, at(6)) == {"XBTUSD": Decimal(7), "ETHUSD": Decimal("105.5")}


def test_each_time_that_a_bar_is_told_anew_its_revision_is_one_more(
    store: ShelvedBars,
) -> None:
    store.append(HOURLY, [bars("XBTUSD", [4, 5])])
    for close in ("1", "2", "2", "3"):
        store.revise(HOURLY, [bars("XBTUSD", [4], close=close)])

    assert store.revisions(HOURLY, first=at(0), last=at(9)) == {"XBTUSD": {at(4): 3}}
    assert store.revisions(HOURLY, first=at(5), last=at(9)) == {}
    assert store.closes(HOURLY, at(5)) == {"XBTUSD": Decimal(3)}


def test_what_is_told_of_a_revised_bar_by_append_changes_nothing(store: ShelvedBars) -> None:
    store.revise(HOURLY, [bars("XBTUSD", [4])])
    store.revise(HOURLY, [bars("XBTUSD", [4], close="2")])

    assert store.append(HOURLY, [bars("XBTUSD", [4])]) == 0
    assert store.closes(HOURLY, at(5)) == {"XBTUSD": Decimal(2)}


def test_a_revision_is_no_duplicate_and_survives_merges(store: ShelvedBars, shelf: Shelf) -> None:
    for hour in range(4, 4 + 2 * MOST_PARTS):
        store.append(HOURLY, [bars("XBTUSD", [hour])])
        store.revise(HOURLY, [bars("XBTUSD", [4], close=str(hour))])
    store.compact(HOURLY)

    assert len(parts_on(shelf)) == 1
    assert store.report(HOURLY, "2026-02-01", now=at(999)).duplicates == 0
    assert store.revisions(HOURLY, first=at(4), last=at(4)) == {"XBTUSD": {at(4): 2 * MOST_PARTS}}
    assert closes(store, "XBTUSD", until=5, count=1) == [[3 + 2 * MOST_PARTS]]


def test_what_is_compared_with_a_revised_bar_is_its_newest_revision(shelf: Shelf) -> None:
    store = HistoryBarStore(shelf)
    store.append(HOURLY, [bars("XBTUSD", [4])])
    store.revise(HOURLY, [bars("XBTUSD", [4], close="2")])

    assert store.compare(HOURLY, bars("XBTUSD", [4], close="2")).same == 1
    assert store.compare(HOURLY, bars("XBTUSD", [4])).differing == 1


STEPS = st.tuples(
    st.sampled_from(["append", "revise", "compact", "reopen"]), st.integers(0, 5), st.integers(1, 3)
)


@settings(max_examples=25)
@given(steps=st.lists(STEPS, max_size=16))
def test_whatever_is_appended_revised_and_merged_the_store_is_a_dictionary(
    opener: Opener, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    folder, known = tmp_path_factory.mktemp("told"), dict[int, int]()
    store = ShelvedBars(opener(folder))
    for step, hour, close in steps:
        told = [bars("XBTUSD", [hour], close=str(close))]
        if step == "revise":
            store.revise(HOURLY, told)
            known[hour] = close
        elif step == "append":
            store.append(HOURLY, told)
            known.setdefault(hour, close)
        elif step == "compact":
            store.compact(HOURLY)
        else:
            store = ShelvedBars(opener(folder))

    read = store.read(HOURLY, ("XBTUSD",), closed_by=at(99), count=99)
    hours = (read.opened_at - int(START.timestamp())) // 3600
    held = {
        int(hour): int(close) for hour, [close] in zip(hours, read.close, strict=True) if close > 0
    }
    assert held == known


def test_compacting_leaves_as_few_parts_as_can_be_and_the_same_bars(
    store: ShelvedBars, shelf: Shelf
) -> None:
    for hour in range(8):
        store.append(HOURLY, [bars("XBTUSD", [hour]), bars("ETHUSD", [hour])])
    before = store.read(HOURLY, ("XBTUSD", "ETHUSD"), closed_by=at(99), count=99).digest()

    assert store.compact(HOURLY) == 6
    assert len(parts_on(shelf)) == 2
    assert store.read(HOURLY, ("XBTUSD", "ETHUSD"), closed_by=at(99), count=99).digest() == before
    assert store.compact(HOURLY) == 0


def test_several_timeframes_are_appended_together(store: ShelvedBars) -> None:
    daily = timeframe("1d")
    told = {HOURLY: [bars("XBTUSD", [4, 5])], daily: [bars("XBTUSD", [4], frame="1d")]}

    assert store.append_all(told) == {HOURLY: 2, daily: 1}
    assert store.append_all(told) == {HOURLY: 0, daily: 0}
    assert store.newest(daily) == {"XBTUSD": at(4)}


def test_an_amount_that_is_none_keeps_all_timeframes_as_they_are(store: ShelvedBars) -> None:
    daily = timeframe("1d")
    wrong = {daily: [bars("XBTUSD", [4], frame="1d")], HOURLY: [bars("XBTUSD", [4], close="-1")]}

    with pytest.raises(InvalidValueError, match=r"XBTUSD 1h bar opened at \d+: open is '-1'"):
        store.append_all(wrong)

    assert (store.newest(daily), store.newest(HOURLY)) == ({}, {})


def test_the_last_bars_of_a_pair_that_ended_long_ago_are_found(store: ShelvedBars) -> None:
    store.append(HOURLY, [bars("OLD", range(4)), bars("XBTUSD", [3_000])])

    assert closes(store, "OLD", until=9_999, count=2) == [[102.5], [103.5]]
    assert closes(store, "OLD", until=2, count=2) == [[100.5], [101.5]]
    assert closes(store, "XBTUSD", until=2_999, count=2) == []


def test_a_full_disk_is_told_as_such_and_leaves_the_store_as_it_was(store: ShelvedBars) -> None:
    """F-SUB-15: whoever closes bars waits for room, and does not end by it."""
    store.append(HOURLY, [bars("XBTUSD", [0, 1])])

    with full_disk(), pytest.raises(StorageError, match="bars cannot be kept"):
        store.append(HOURLY, [bars("XBTUSD", [2])])
    store.append(HOURLY, [bars("XBTUSD", [2])])

    assert closes(store, "XBTUSD", until=3, count=9) == [[100.5], [101.5], [102.5]]
