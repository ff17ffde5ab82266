"""Stops as the share of the price that a wish names."""

import numpy as np
import pytest

from kraken_pipeline.strategies.stops import no_stop, stop_at, stop_of_ranges


def test_a_stop_below_the_close_is_the_share_that_is_lost_there() -> None:
    assert stop_at(95.0, close=100.0) == pytest.approx(0.05)


def test_a_stop_of_ranges_is_so_many_ranges_away_for_every_pair() -> None:
    found = stop_of_ranges(np.array([2.0, 1.0]), multiple=1.5, close=np.array([100.0, 10.0]))

    assert found.tolist() == pytest.approx([0.03, 0.15])


@pytest.mark.parametrize("distance", [0.0, 1.0, -0.1, float("nan")])
def test_what_no_order_could_have_is_no_stop(distance: float) -> None:
    assert no_stop(distance).startswith("no stop: ")


def test_a_share_of_the_price_is_a_stop() -> None:
    assert no_stop(0.05) == ""
