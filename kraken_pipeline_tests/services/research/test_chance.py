import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research import chance
from kraken_pipeline.services.research.chance import Worse, filled_worse, redrawn, reordered

RETURNS = np.array([0.1, -0.05, 0.02, -0.1, 0.07])
FAIR = Worse(cost=0.0, missed=0.0, invested=np.ones(5))
SHARES = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=20)


@given(SHARES)
def test_another_order_ends_where_the_trades_ended(returns: list[float]) -> None:
    found = reordered(np.array(returns), seed=1, draws=20)

    assert found is not None
    end = np.prod(1 + np.array(returns)) - 1
    assert list(found.grown.values()) == pytest.approx([end] * 5, abs=1e-9)


@given(SHARES)
def test_no_order_falls_less_than_its_worst_trade_or_more_than_all_losses(
    returns: list[float],
) -> None:
    found = reordered(np.array(returns), seed=1, draws=20)

    assert found is not None
    losses = [each for each in returns if each < 0]
    assert found.fallen[5] >= -min(returns, default=0.0) - 1e-9 or not losses
    assert found.fallen[95] <= 1 - np.prod([1 + each for each in losses]) + 1e-9


@given(SHARES)
def test_percentiles_rise(returns: list[float]) -> None:
    found = redrawn(np.array(returns), seed=1, draws=50)

    assert found is not None
    assert list(found.grown.values()) == sorted(found.grown.values())
    assert list(found.fallen.values()) == sorted(found.fallen.values())


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    assert redrawn(RETURNS, seed=7) == redrawn(RETURNS, seed=7)
    assert redrawn(RETURNS, seed=7) != redrawn(RETURNS, seed=8)


def test_how_much_is_held_in_memory_does_not_change_what_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = redrawn(RETURNS, seed=7, draws=100)
    monkeypatch.setattr(chance, "AT_ONCE", 50)

    assert redrawn(RETURNS, seed=7, draws=100) == at_once


def test_fair_fills_change_nothing() -> None:
    found = filled_worse(RETURNS, FAIR, seed=1)

    assert found is not None
    assert found.grown[5] == pytest.approx(found.grown[95])
    assert found.grown[50] == pytest.approx(np.prod(1 + RETURNS) - 1)


@given(SHARES, st.floats(0, 0.05), st.integers(0, 9))
def test_worse_fills_never_earn_more(returns: list[float], cost: float, seed: int) -> None:
    worse = Worse(cost=cost, missed=0.0, invested=np.ones(len(returns)))
    found = filled_worse(np.array(returns), worse, seed=seed, draws=20)

    assert found is not None
    assert found.grown[95] <= np.prod(1 + np.array(returns)) - 1 + 1e-9


def test_a_missed_trade_earns_and_loses_nothing() -> None:
    found = filled_worse(RETURNS, Worse(cost=0, missed=1, invested=np.ones(5)), seed=1)

    assert found is not None
    assert set(found.grown.values()) == {0.0}
    assert found.losing == 0.0


def test_of_no_trades_nothing_is_said() -> None:
    assert reordered(np.array([]), seed=1) is None


@pytest.mark.parametrize("wrong", [-1.0, -2.0, np.nan])
def test_a_return_that_loses_more_than_all_is_refused(wrong: float) -> None:
    with pytest.raises(InvalidValueError, match="a return is a share above -1"):
        redrawn(np.array([0.1, wrong]), seed=1)
