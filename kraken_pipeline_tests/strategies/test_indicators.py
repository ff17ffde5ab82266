"""Indicators: worth what a pocket calculator says, and nothing where bars are missing."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.strategies.indicators import (
    average_true_range,
    lag_one_autocorrelation,
    mean,
    returns,
    true_range,
    volatility,
)
from kraken_pipeline_tests.strategies.markets import column, walk

PRICES = st.lists(st.floats(0.01, 1e6), min_size=4, max_size=40)


def test_a_mean_is_the_sum_over_the_count() -> None:
    assert mean(column(1, 2, 6)).tolist() == [3]


def test_a_true_range_reaches_to_the_close_before() -> None:
    high, low, close = column(10, 12, 9), column(8, 11, 7), column(9, 11, 8)

    # 12-11=1 against 12-9=3; 9-7=2 against 11-7=4
    assert true_range(high, low, close).ravel().tolist() == [3, 4]
    assert average_true_range(high, low, close).tolist() == [3.5]


def test_returns_are_shares_of_the_close_before() -> None:
    assert returns(column(100, 110, 99)).ravel().tolist() == pytest.approx([0.1, -0.1])


def test_volatility_is_the_sample_deviation() -> None:
    # mean 0, squares 1+1+4+4 = 10 over 3
    assert volatility(column(1, -1, 2, -2)).tolist() == pytest.approx([(10 / 3) ** 0.5])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [((1, -1, 1, -1, 1), -1.0), ((1, 2, 3, 4), 1.0), ((1, 2, 1, 2, 3), 0.0)],
)
def test_autocorrelation_says_whether_a_change_undoes_the_one_before(
    changes: tuple[float, ...], expected: float
) -> None:
    assert lag_one_autocorrelation(column(*changes)).tolist() == pytest.approx([expected])


def test_where_nothing_varies_nothing_is_correlated() -> None:
    assert np.isnan(lag_one_autocorrelation(column(0, 0, 0, 0))).all()


@given(PRICES)
def test_mean_and_volatility_are_those_of_the_standard_library(prices: list[float]) -> None:
    window = column(*prices)

    assert mean(window)[0] == pytest.approx(statistics.fmean(prices))
    assert volatility(window)[0] == pytest.approx(statistics.stdev(prices), abs=1e-6)


@given(seed=st.integers(0, 10_000), rows=st.integers(4, 60))
def test_autocorrelation_is_that_of_the_standard_library(seed: int, rows: int) -> None:
    changes = returns(walk(rows, 1, seed=seed))

    told = statistics.correlation(changes[1:, 0].tolist(), changes[:-1, 0].tolist())

    assert lag_one_autocorrelation(changes)[0] == pytest.approx(told)


@given(seed=st.integers(0, 10_000), rows=st.integers(3, 40), data=st.data())
def test_one_missing_bar_leaves_its_pair_without_a_value_and_no_other(
    seed: int, rows: int, data: st.DataObject
) -> None:
    window = walk(rows, 3, seed=seed)
    window[data.draw(st.integers(0, rows - 1)), 1] = np.nan

    for values in (mean(window), average_true_range(window, window, window), volatility(window)):
        assert np.isnan(values).tolist() == [False, True, False]


@given(seed=st.integers(0, 10_000), rows=st.integers(3, 60), pairs=st.integers(1, 9))
def test_what_a_pair_gets_does_not_depend_on_the_pairs_beside_it(
    seed: int, rows: int, pairs: int
) -> None:
    window = walk(rows, pairs, seed=seed)
    alone = window[:, :1].copy()

    for indicator in (mean, volatility, lag_one_autocorrelation):
        assert np.array_equal(indicator(window)[:1], indicator(alone), equal_nan=True)
