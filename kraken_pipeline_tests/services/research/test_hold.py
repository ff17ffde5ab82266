from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.services.research.hold import ends_of_days, held
from kraken_pipeline_tests.services.research.runs import daily

NONE = np.nan


def test_the_same_amount_of_each_is_bought_once_for_a_fee() -> None:
    closes = np.array([[10.0, 100.0], [20.0, 100.0], [5.0, 50.0]])

    assert held(closes, 0.01).tolist() == pytest.approx([0.99, 1.485, 0.495])


def test_what_is_listed_later_is_not_bought() -> None:
    assert held(np.array([[10.0, NONE], [11.0, 1.0], [12.0, 9.0]]), 0).tolist() == pytest.approx(
        [1.0, 1.1, 1.2]
    )


def test_what_stops_trading_keeps_its_last_price() -> None:
    assert held(np.array([[10.0], [15.0], [NONE], [NONE]]), 0).tolist() == [1.0, 1.5, 1.5, 1.5]


@pytest.mark.parametrize("closes", [np.empty((0, 2)), np.full((3, 2), NONE)])
def test_without_a_price_at_first_nothing_is_held(closes: np.ndarray) -> None:
    assert held(closes, 0).tolist() == []


def test_a_day_ends_with_the_bar_that_closes_at_midnight() -> None:
    bars = replace(daily(1, 2, NONE, 4), frame=TIMEFRAMES["4h"])
    hours = bars.opened_at[0] + 3600 * np.array([20, 24, 40, 44])

    days, closes = ends_of_days(replace(bars, opened_at=hours))

    assert days == [date(2023, 12, 31), date(2024, 1, 1)]
    assert closes.tolist() == [[1.0], [4.0]]


def test_a_day_without_a_price_at_its_end_ends_with_the_last_there_was() -> None:
    days, closes = ends_of_days(daily(1, NONE, 3))

    assert days == [date(2023, 12, 31), date(2024, 1, 1), date(2024, 1, 2)]
    assert closes.tolist() == [[1.0], [1.0], [3.0]]
