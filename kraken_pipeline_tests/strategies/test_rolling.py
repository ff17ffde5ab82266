"""Indicators over a long stretch: at each close what the indicator of that window alone says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.strategies.base import Floats
from kraken_pipeline.strategies.indicators import highest, lowest, mean, true_range
from kraken_pipeline.strategies.rolling import (
    before,
    newest_closed,
    rolling_high,
    rolling_low,
    rolling_mean,
    rolling_true_range,
    there,
)
from kraken_pipeline_tests.strategies.markets import column, panel, walk

MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)
Rolling = Callable[[Floats, int], Floats]
ROLLING: dict[str, tuple[Rolling, Callable[[Floats], Floats]]] = {
    "mean": (rolling_mean, mean),
    "high": (rolling_high, highest),
    "low": (rolling_low, lowest),
}


@pytest.mark.parametrize(("rolling", "alone"), list(ROLLING.values()), ids=list(ROLLING))
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 70), count=st.integers(1, 70))
def test_each_row_is_worth_what_its_window_alone_is(
    rolling: Rolling, alone: Callable[[Floats], Floats], seed: int, rows: int, count: int
) -> None:
    values = walk(rows, 3, seed=seed, step=0.1)

    found = rolling(values, count)

    for row in range(rows):
        if row + 1 < count:
            assert np.isnan(found[row]).all()
        else:
            window = values[row + 1 - count : row + 1]
            assert found[row] == pytest.approx(alone(window), rel=1e-12)


@pytest.mark.parametrize(("rolling", "alone"), list(ROLLING.values()), ids=list(ROLLING))
def test_a_missing_value_leaves_every_window_that_holds_it_without_one(
    rolling: Rolling, alone: Callable[[Floats], Floats]
) -> None:
    values = walk(12, 2, seed=1)
    values[5, 0] = np.nan

    found = rolling(values, 3)

    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [0, 1, 5, 6, 7]
    assert np.flatnonzero(np.isnan(found[:, 1])).tolist() == [0, 1]


def test_a_pair_that_fell_to_almost_nothing_keeps_its_digits() -> None:
    values = np.vstack([np.full((1000, 1), 1e9), np.full((1000, 1), 1e-9)])

    assert rolling_mean(values, 20)[-1, 0] == pytest.approx(1e-9, rel=1e-12)


@pytest.mark.parametrize(("rolling", "alone"), list(ROLLING.values()), ids=list(ROLLING))
def test_a_window_of_nothing_is_refused(
    rolling: Rolling, alone: Callable[[Floats], Floats]
) -> None:
    with pytest.raises(InvalidValueError, match="count must be above zero, not 0"):
        rolling(column(1, 2), 0)


def test_true_ranges_are_those_of_a_window() -> None:
    close = walk(40, 3, seed=2)

    found = rolling_true_range(close * 1.01, close * 0.98, close)

    assert np.isnan(found[0]).all()
    assert np.array_equal(found[1:], true_range(close * 1.01, close * 0.98, close))


def test_the_value_before_is_that_of_an_earlier_bar() -> None:
    assert before(column(1, 2, 3), 2).ravel()[2] == 1
    assert np.isnan(before(column(1, 2, 3), 2)[:2]).all()
    assert np.isnan(before(column(1, 2, 3), 7)).all()


def test_a_close_sees_the_newest_day_that_was_over_by_then() -> None:
    hours = panel("1h", walk(30, 1, seed=1), closed_at=MIDNIGHT + timedelta(hours=5))
    days = panel("1d", column(1, 2, 3), closed_at=MIDNIGHT)

    seen = newest_closed(days.close, days, hours).ravel()

    # six hours close at midnight or later, the last of the day before among them
    assert seen[-6:].tolist() == [3] * 6
    assert seen[:-6].tolist() == [2] * 24


def test_a_day_that_is_not_there_is_not_replaced_by_an_older_one() -> None:
    hours = panel("1h", walk(30, 1, seed=1), closed_at=MIDNIGHT + timedelta(hours=5))
    days = panel("1d", column(1, 2), closed_at=MIDNIGHT - timedelta(days=1))

    seen = newest_closed(days.close, days, hours).ravel()

    assert np.isnan(seen[-6:]).all()
    assert seen[:-6].tolist() == [2] * 24


def test_of_no_days_no_value_is_seen() -> None:
    hours, days = panel("1h", walk(3, 1, seed=1)), panel("1d", np.empty((0, 1)))

    assert np.isnan(newest_closed(days.close, days, hours)).all()


def test_a_bar_is_there_where_its_price_is_above_zero() -> None:
    assert there(column(1, 0, np.nan)).ravel().tolist() == [True, False, False]
