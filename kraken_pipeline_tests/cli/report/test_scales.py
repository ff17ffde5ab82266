from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.cli.report.scales import Scale, padded, round_values

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
