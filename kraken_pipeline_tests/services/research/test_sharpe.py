from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.sharpe import Sample, chance_above, deflated, luck, sample

YEAR = sqrt(250)
PAPER = Sample(count=1250, ratio=2.5 / YEAR, skew=-3.0, kurtosis=10.0)
"""Bailey and López de Prado (2014), "A numerical example": five years of days, 2.5 a year."""


def test_the_example_of_the_paper_comes_out() -> None:
    assert luck(100, 1 / 2 / 250) == pytest.approx(0.1132, abs=5e-5)
    assert chance_above(PAPER, luck(100, 1 / 2 / 250)) == pytest.approx(0.9004, abs=5e-5)


def test_fewer_trials_leave_more_of_it_as_in_the_paper() -> None:
    assert chance_above(PAPER, luck(46, 1 / 2 / 250)) == pytest.approx(0.9505, abs=5e-5)


def test_normal_returns_bear_more_trials_as_in_the_paper() -> None:
    normal = Sample(count=1250, ratio=2.5 / YEAR, skew=0.0, kurtosis=3.0)

    assert chance_above(normal, luck(88, 1 / 2 / 250)) == pytest.approx(0.9505, abs=5e-4)


def test_skew_and_kurtosis_are_those_of_the_definition() -> None:
    known = sample(np.array([0.0, 0.0, 0.0, 1.0]))

    assert known is not None
    assert known.ratio == pytest.approx(0.5)
    assert known.skew == pytest.approx(2 / sqrt(3))
    assert known.kurtosis == pytest.approx(7 / 3)


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.1, 0.1, 0.1, 0.1]])
def test_of_too_few_or_of_equal_returns_nothing_is_said(returns: list[float]) -> None:
    assert sample(np.array(returns)) is None


def test_one_trial_needs_no_luck() -> None:
    assert luck(1, 0.5) == 0.0
    assert deflated(PAPER, [PAPER.ratio]).luck == 0.0


def test_what_was_never_tried_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="trials is 0"):
        deflated(PAPER, [])


@given(trials=st.integers(2, 10_000), more=st.integers(1, 10_000))
def test_more_trials_never_make_a_ratio_more_believable(trials: int, more: int) -> None:
    assert luck(trials + more, 0.01) > luck(trials, 0.01)
    assert chance_above(PAPER, luck(trials + more, 0.01)) <= chance_above(PAPER, luck(trials, 0.01))


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=50), st.floats(-1, 1))
def test_a_chance_is_between_none_and_all(returns: list[float], bar: float) -> None:
    known = sample(np.array(returns))

    assert known is None or 0 <= chance_above(known, bar) <= 1
