"""Asking a strategy: whatever it raises is its own fault, but for a skip and an end."""

import pytest

from kraken_pipeline.domain.errors import DataStaleError, StrategyFaultError
from kraken_pipeline.services.deciding.evaluate import LONGEST, isolated


class TheirsError(Exception):
    """An error of somebody else's package."""


def raising(error: BaseException) -> None:
    def ask() -> None:
        raise error

    isolated("mine@1h", ask)


def test_what_a_strategy_says_is_handed_on() -> None:
    assert isolated("mine@1h", lambda: 5) == 5


@pytest.mark.parametrize("error", [TheirsError("x"), MemoryError("x"), RecursionError("x")])
def test_stg_6_an_error_of_any_type_is_a_fault_of_the_strategy(error: Exception) -> None:
    with pytest.raises(StrategyFaultError, match=f"{type(error).__name__}: x"):
        raising(error)


def test_a_fault_is_kept_short() -> None:
    with pytest.raises(StrategyFaultError) as caught:
        raising(TheirsError("x" * 10_000))

    assert len(str(caught.value)) == LONGEST


@pytest.mark.parametrize("error", [DataStaleError("no spread"), KeyboardInterrupt()])
def test_a_skip_and_the_end_of_the_process_go_their_way(error: BaseException) -> None:
    with pytest.raises(type(error)):
        raising(error)
