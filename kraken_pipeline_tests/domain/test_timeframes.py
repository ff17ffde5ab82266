"""When bars close, in UTC, whatever the date."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.timeframes import (
    TIMEFRAMES,
    Timeframe,
    closes_at,
    last_close,
    months,
    require_utc,
    stretch_of,
    timeframe,
)

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
FRAMES = st.sampled_from(list(TIMEFRAMES.values()))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_timeframes_are_the_six_that_divide_a_day() -> None:
    assert list(TIMEFRAMES) == ["1m", "5m", "15m", "1h", "4h", "1d"]
    assert all(1440 % each.minutes == 0 for each in TIMEFRAMES.values())


@given(frame=FRAMES, now=MOMENTS)
def test_the_last_close_is_less_than_a_bar_ago_and_never_ahead(
    frame: Timeframe, now: datetime
) -> None:
    assert last_close(frame, now) <= now < last_close(frame, now) + frame.length


@given(frame=FRAMES, now=MOMENTS)
def test_a_close_is_its_own_last_close(frame: Timeframe, now: datetime) -> None:
    closed_at = last_close(frame, now)

    assert last_close(frame, closed_at) == closed_at
    assert frame in closes_at(closed_at)


@pytest.mark.parametrize(
    ("now", "closed_at"),
    [
        ("2024-02-29T03:59:59.999999", "2024-02-29T00:00:00"),
        ("2024-02-29T04:00:00", "2024-02-29T04:00:00"),
        ("2025-12-31T23:59:59", "2025-12-31T20:00:00"),
    ],
)
def test_a_bar_of_four_hours_closes_on_the_utc_day(now: str, closed_at: str) -> None:
    assert last_close(timeframe("4h"), at(now)) == at(closed_at)


def test_midnight_closes_every_timeframe() -> None:
    assert closes_at(at("2026-03-29T00:00:00")) == tuple(TIMEFRAMES.values())


def test_a_second_past_closes_none() -> None:
    assert closes_at(at("2026-03-29T00:00:01")) == ()


@pytest.mark.parametrize("name", ["2h", "1H", "", "60"])
def test_an_unknown_timeframe_is_named_with_what_there_is(name: str) -> None:
    with pytest.raises(UnknownNameError, match="use one of 1m, 5m"):
        timeframe(name)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - the naive time that must be refused
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_moment_outside_utc_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidValueError, match="not in UTC"):
        require_utc(moment)


def test_months_run_over_the_turn_of_a_year() -> None:
    named = list(months(at("2025-11-30T23:00:00"), at("2026-02-01T00:00:00")))

    assert named == ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"]


@pytest.mark.parametrize(("month", "days"), [("2024-02-01", 29), ("2025-12-01", 31)])
def test_a_month_ends_where_the_next_begins(month: str, days: int) -> None:
    begins, ends = stretch_of(month)

    assert datetime.fromtimestamp(begins, UTC).isoformat().startswith(month)
    assert ends - begins == days * 86_400
