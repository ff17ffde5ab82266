"""Days are divided into periods without a gap and without a day in two of them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.periods import Days, Period, divided
from kraken_pipeline.domain.errors import InvalidValueError

DATES = st.dates(date(2019, 12, 1), date(2021, 2, 1))


@given(first=DATES, length=st.integers(0, 500), period=st.sampled_from(Period))
def test_periods_follow_each_other_and_cover_every_day(
    first: date, length: int, period: Period
) -> None:
    days = Days(first=first, last=first + timedelta(days=length))

    parts = [each for _, each in divided(days, period)]

    assert (parts[0].first, parts[-1].last) == (days.first, days.last)
    for before, after in pairwise(parts):
        assert after.first - before.last == timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "name"),
    [
        (Period.DAY, "2021-01-03"),
        (Period.WEEK, "2020-W53"),
        (Period.MONTH, "2021-01"),
        (Period.YEAR, "2021"),
        (Period.ALL, "all"),
    ],
)
def test_a_period_has_its_iso_name(period: Period, name: str) -> None:
    day = date(2021, 1, 3)

    [(told, _)] = divided(Days(first=day, last=day), period)

    assert told == name


def test_both_ends_are_of_the_days() -> None:
    days = Days(first=date(2026, 1, 1), last=date(2026, 1, 2))

    assert days.has(datetime(2026, 1, 2, 23, 59, 59, 999_999, UTC))
    assert not days.has(datetime(2026, 1, 3, tzinfo=UTC))


def test_days_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="2026-01-02"):
        Days(first=date(2026, 1, 2), last=date(2026, 1, 1))
