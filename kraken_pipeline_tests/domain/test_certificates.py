from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.certificates import (
    MOST_DIFFERENCES,
    Certificate,
    Difference,
    Gap,
    Reason,
    Source,
    Span,
    Stretch,
    Witness,
    absent,
    covered,
    gaps,
    joined,
    silences,
)
from kraken_pipeline.domain.timeframes import timeframe

MINUTE = timeframe("1m")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NONE = Certificate(pair="XBTUSD", timeframe="1m")


def span(first: int, until: int, source: Source = Source.ARCHIVE, origin: str = "a.csv") -> Span:
    return Span(first=first, until=until, source=source, origin=origin, fetched_at=NOW)


def difference(opened_at: int, origin: str = "b.csv") -> Difference:
    return Difference(opened_at=opened_at, field="close", kept="1", told="2", origin=origin)


def reasons(*found: Gap) -> list[tuple[int, int, Reason]]:
    return [(each.first, each.until, each.reason) for each in found]


def test_what_no_source_was_read_for_is_not_fetched() -> None:
    found = gaps(MINUTE, [(60, 180)], [], [])

    assert found == (Gap(first=60, until=180, bars=2, reason=Reason.NOT_FETCHED),)


def test_a_gap_is_cut_where_a_source_ends() -> None:
    found = gaps(MINUTE, [(0, 240)], [span(0, 120)], [])

    assert reasons(*found) == [(0, 120, Reason.NOT_IN_ARCHIVE), (120, 240, Reason.NOT_FETCHED)]


def test_a_gap_goes_on_over_the_seam_of_two_files() -> None:
    found = gaps(MINUTE, [(0, 240)], [span(0, 120), span(120, 240, origin="b.csv")], [])

    assert reasons(*found) == [(0, 240, Reason.NOT_IN_ARCHIVE)]


def test_a_copy_that_lacks_a_bar_does_not_show_why() -> None:
    found = gaps(MINUTE, [(0, 60)], [span(0, 120, Source.COPY)], [])

    assert reasons(*found) == [(0, 60, Reason.NOT_AVAILABLE)]


def test_of_two_sources_the_one_that_says_more_is_believed() -> None:
    found = gaps(MINUTE, [(0, 60)], [span(0, 120), span(0, 120, Source.COPY)], [])

    assert reasons(*found) == [(0, 60, Reason.NOT_IN_ARCHIVE)]


def test_where_everything_was_silent_the_exchange_was_down() -> None:
    found = gaps(MINUTE, [(0, 180)], [span(0, 180)], [(60, 120)])

    assert reasons(*found) == [
        (0, 60, Reason.NOT_IN_ARCHIVE),
        (60, 120, Reason.EXCHANGE_DOWN),
        (120, 180, Reason.NOT_IN_ARCHIVE),
    ]


def test_silence_needs_three_pairs_that_could_tell() -> None:
    quiet = Witness(spans=((0, 300),), present=((0, 60), (120, 300)))

    assert silences([quiet] * 2) == ()
    assert silences([quiet] * 3) == ((60, 120),)


def test_one_pair_that_trades_breaks_the_silence() -> None:
    quiet = Witness(spans=((0, 300),), present=((0, 60), (180, 300)))
    busy = Witness(spans=((0, 300),), present=((0, 120), (180, 300)))

    assert silences([quiet, quiet, quiet]) == ((60, 180),)
    assert silences([quiet, quiet, quiet, busy]) == ((120, 180),)


def test_bars_outside_of_every_file_came_from_the_exchange() -> None:
    found = covered([(0, 240)], [span(0, 120)])

    assert [(each.first, each.until, each.source) for each in found] == [
        (0, 120, Source.ARCHIVE),
        (120, 240, Source.OHLC),
    ]


def test_the_same_told_again_changes_nothing() -> None:
    once = NONE.with_span(span(0, 120), [difference(60)])
    later = replace(span(0, 120), fetched_at=NOW.replace(year=2027))

    assert once.with_span(later, [difference(60)]) == once


def test_a_file_that_reaches_farther_takes_the_place_of_itself() -> None:
    grown = NONE.with_span(span(0, 120), []).with_span(span(0, 240), [])

    assert grown.spans == (span(0, 240),)


def test_stretches_of_one_source_that_touch_are_one() -> None:
    found = NONE.with_span(span(0, 120), []).with_span(span(240, 300), [])

    assert found.spans == (span(0, 120), span(240, 300))
    assert found.with_span(span(120, 240), []).spans == (span(0, 300),)


def test_stretches_of_two_sources_stay_apart() -> None:
    made = span(120, 240, Source.MADE)

    assert NONE.with_span(span(0, 120), []).with_span(made, []).spans == (span(0, 120), made)


def test_differences_of_one_origin_are_bounded() -> None:
    many = [difference(60 * each) for each in range(MOST_DIFFERENCES + 1)]

    found = NONE.with_span(span(0, 60), [*many, difference(0, origin="c.csv")]).differences

    assert len(found) == MOST_DIFFERENCES + 1
    assert found[-1].opened_at == 60 * (MOST_DIFFERENCES - 1)


STRETCHES = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=8)


@given(told=STRETCHES, first=st.integers(0, 20), length=st.integers(1, 40))
def test_what_is_absent_is_what_is_not_present(
    told: list[tuple[int, int]], first: int, length: int
) -> None:
    present = joined((start, start + more) for start, more in told)
    within: Stretch = (first, first + length)

    found = absent(present, within)

    there = {at for start, end in present for at in range(start, end)}
    assert [at for start, end in found for at in range(start, end)] == [
        at for at in range(*within) if at not in there
    ]
    assert list(found) == [each for each in joined(found) if each[0] < each[1]]


@pytest.mark.parametrize("within", [(0, 60), (300, 360)])
def test_nothing_present_is_all_absent(within: Stretch) -> None:
    assert absent([(60, 300)], within) == (within,)
