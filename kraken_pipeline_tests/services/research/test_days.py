from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.services.research.days import Course, day_before, day_returns, days_of

BEGUN = datetime(2024, 1, 1, tzinfo=UTC)
CASH = Decimal(100)


def course(*equity: float, hours: int = 8) -> Course:
    return Course(
        at=np.array([int(BEGUN.timestamp()) + 3600 * hours * (n + 1) for n in range(len(equity))]),
        equity=np.array(equity),
        exposure=np.array(equity) / 2,
    )


def test_a_day_begins_where_the_one_before_ended_and_ends_at_midnight() -> None:
    first, second = days_of(course(101, 99, 104, 90, 95, 96), CASH)

    assert (first.day, second.day) == (date(2024, 1, 1), date(2024, 1, 2))
    assert (first.first_unit_price, first.last_unit_price) == (Decimal(100), Decimal(104))
    assert (first.highest_unit_price, first.lowest_unit_price) == (Decimal(104), Decimal(99))
    assert (second.first_unit_price, second.last_unit_price) == (Decimal(104), Decimal(96))
    assert (second.highest_unit_price, second.peak_unit_price) == (Decimal(104), Decimal(104))
    assert (second.equity, second.exposure) == (Decimal(96), Decimal(48))
    assert second.last_at == BEGUN + timedelta(days=2)


def test_returns_compound_to_the_whole() -> None:
    returns = day_returns(days_of(course(101, 99, 104, 90, 95, 96), CASH))

    assert np.prod(1 + returns) == pytest.approx(0.96)


def test_before_the_first_day_there_was_cash_and_nothing_else() -> None:
    [first] = days_of(course(101, 99), CASH)
    before = day_before(first, CASH)

    assert before.day == date(2023, 12, 31)
    assert (before.equity, before.last_unit_price, before.exposure) == (CASH, CASH, Decimal(0))


def test_a_curve_without_bars_has_no_days() -> None:
    assert days_of(course(), CASH) == ()


def test_a_moment_sees_the_bar_before_it() -> None:
    moments = [BEGUN, BEGUN + timedelta(hours=8), BEGUN + timedelta(hours=23)]

    assert course(101, 99, 104).equity_at(moments, 100.0).tolist() == [100, 101, 99]


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=60))
def test_no_end_of_a_day_is_outside_its_bounds_or_above_the_peak(equity: list[float]) -> None:
    for each in days_of(course(*equity), CASH):
        assert each.lowest_unit_price <= each.last_unit_price <= each.highest_unit_price
        assert each.highest_unit_price <= each.peak_unit_price
