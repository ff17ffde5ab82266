import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.cli.report.scales import Ratios, Scale, padded, padded_ratios, round_values

VALUES = st.floats(-1e12, 1e12, allow_nan=False).filter(lambda each: not each or abs(each) > 1e-9)


@given(st.tuples(VALUES, VALUES).map(sorted))
def test_every_value_is_drawn_between_the_edges(bounds: list[float]) -> None:
    low, high = padded(*bounds)
    scale = Scale(low=low, high=high, at_low=170, at_high=8)

    assert all(8 <= scale(each) <= 170 for each in bounds)


@given(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**9)))
def test_a_few_lines_stand_at_round_values_within_the_bounds(bounds: tuple[int, int]) -> None:
    low, span = bounds
    found = round_values(low, low + span)

    assert len(found) in range(1, 7)
    assert all(low - span * 1e-6 <= each <= low + span * (1 + 1e-6) for each in found)


def test_a_single_value_is_drawn_in_the_middle() -> None:
    assert Scale(low=3, high=3, at_low=8, at_high=632)(3) == 320
    assert round_values(3, 3) == [3]


@given(st.floats(1e-6, 1e9), st.floats(5, 1e9))
def test_of_ratios_equal_ones_are_equally_far_apart_and_a_few_lines_are_drawn(
    least: float, times: float
) -> None:
    low, high = padded_ratios(least, least * times)
    up = Ratios(low=low, high=high, at_low=170, at_high=8)
    middle = least * times**0.5

    assert 8 <= up(least * times) < up(middle) < up(least) <= 170
    assert up(least) - up(middle) == pytest.approx(up(middle) - up(least * times))
    assert 2 <= len(up.lines()) <= 12
    assert all(low <= each <= high for each in up.lines())
