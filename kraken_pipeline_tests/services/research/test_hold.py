import numpy as np
import pytest

from kraken_pipeline.services.research.hold import held

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
