from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.closes import Close, Waiting, read
from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, closes_at

MIDNIGHT = datetime(2024, 3, 5, tzinfo=UTC)
MINUTES = st.integers(0, 3 * 24 * 60).map(lambda count: MIDNIGHT + timedelta(minutes=count))


def close(at: datetime) -> Close:
    return Close(closed_at=at, frames=closes_at(at))


@given(at=MINUTES)
def test_what_a_line_tells_is_what_was_written(at: datetime) -> None:
    assert read(close(at).text + "\n") == close(at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon 1m",
        "2024-03-05T12:00:00 1m",
        "2024-03-05T12:00:00+01:00 1m",
        "2024-03-05T12:01:00+00:00 5m",
        "2024-03-05T12:00:30+00:00 1m",
    ],
)
def test_what_is_no_close_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        read(text)


def test_a_timeframe_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        read("2024-03-05T12:00:00+00:00 1m,7m")


@given(told=st.lists(MINUTES, max_size=20))
def test_only_the_newest_close_of_each_timeframe_is_taken_and_the_oldest_of_these_first(
    told: list[datetime],
) -> None:
    waiting = Waiting()
    for at in told:
        waiting.add(close(at))

    taken = []
    while (one := waiting.take()) is not None:
        taken.append(one)

    assert [each.closed_at for each in taken] == sorted({each.closed_at for each in taken})
    newest = {
        name: max(each for each in told if frame in closes_at(each))
        for name, frame in TIMEFRAMES.items()
        if any(frame in closes_at(each) for each in told)
    }
    assert {each.name: one.closed_at for one in taken for each in one.frames} == newest


def test_what_is_told_twice_is_taken_once() -> None:
    waiting = Waiting()
    waiting.add(close(MIDNIGHT))
    waiting.add(close(MIDNIGHT))

    assert waiting.take() == close(MIDNIGHT)
    assert waiting.take() is None
