from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.folds import Fold, Gap, Span, purged, walk_forward

DAY = timedelta(days=1)
BEGUN = datetime(2024, 1, 1, tzinfo=UTC)
Divide = Callable[[Span, int, Gap], tuple[Fold, ...]]


def days(count: int) -> Span:
    return Span(since=BEGUN, until=BEGUN + count * DAY)


@pytest.mark.parametrize("divide", [walk_forward, purged])
@given(
    length=st.integers(40, 2000),
    count=st.integers(2, 10),
    purge=st.integers(0, 72),
    embargo=st.integers(0, 72),
)
def test_nothing_is_fitted_within_the_gap_of_a_test(
    divide: Divide, length: int, count: int, purge: int, embargo: int
) -> None:
    gap = Gap(purge=timedelta(hours=purge), embargo=timedelta(hours=embargo))
    try:
        folds = divide(days(length), count, gap)
    except InvalidValueError:
        return

    for fold in folds:
        for train in fold.train:
            is_before = train.until <= fold.test.since - gap.purge
            is_after = train.since >= fold.test.until + max(gap.purge, gap.embargo)
            assert is_before or is_after
            assert train.length > timedelta(0)


@pytest.mark.parametrize("divide", [walk_forward, purged])
@given(length=st.integers(40, 2000), count=st.integers(2, 10))
def test_tests_follow_each_other_without_a_hole_to_the_end(
    divide: Divide, length: int, count: int
) -> None:
    folds = divide(days(length), count, Gap(purge=timedelta(0)))

    assert [each.number for each in folds] == list(range(1, count + 1))
    assert [each.test.since for each in folds[1:]] == [each.test.until for each in folds[:-1]]
    assert folds[-1].test.until == days(length).until
    assert all(not each.test.since.hour for each in folds)


def test_walking_forward_fits_on_nothing_that_is_after_the_test() -> None:
    folds = walk_forward(days(100), 4, Gap(purge=5 * DAY))

    assert all(span.until < each.test.since for each in folds for span in each.train)
    assert folds[0].train == (days(15),)


def test_a_part_in_the_middle_is_fitted_on_what_is_before_and_after() -> None:
    folds = purged(days(90), 3, Gap(purge=DAY, embargo=2 * DAY))

    assert folds[1].train == (days(29), Span(since=BEGUN + 62 * DAY, until=BEGUN + 90 * DAY))


@pytest.mark.parametrize(
    ("divide", "length", "count", "purge", "said"),
    [
        (walk_forward, 5, 5, 0, "5 whole days, which cannot be divided into 6 parts"),
        (walk_forward, 100, 9, 10, "leaves nothing to fit before fold 1"),
        (purged, 100, 1, 0, "folds is 1"),
        (purged, 20, 2, 10, "leaves nothing to fit before fold 1"),
        (walk_forward, 100, -1, 0, "parts"),
    ],
)
def test_what_leaves_nothing_to_learn_from_is_refused(
    divide: Divide, length: int, count: int, purge: int, said: str
) -> None:
    with pytest.raises(InvalidValueError, match=said):
        divide(days(length), count, Gap(purge=purge * DAY))
