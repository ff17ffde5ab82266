"""Asking a strategy so that whatever goes wrong in it stays its own (STG-6)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Protocol, TypeVar

from kraken_pipeline.domain.errors import DataStaleError, StrategyFaultError
from kraken_pipeline.strategies.base import Snapshot, Strategy, Wishes
from kraken_pipeline.strategies.slips import slip_in_all

LONGEST = 300
"""Characters of a fault that are kept: a strategy may raise a whole data frame."""
T = TypeVar("T")


class Evaluate(Protocol):
    """Asks a strategy within whatever bounds there are."""

    def __call__(self, name: str, ask: Callable[[], T]) -> T:
        """Return what it says.

        Args:
            name: of strategy and timeframe, such as `trend_core@1h`.
            ask: asks it.

        Raises:
            StrategyFaultError: it raised, or went past a bound.
            DataStaleError: it skips the close.
        """
        ...


class _Cell:
    """Turns whatever is raised inside, but for a skip, into the strategy's own fault.

    What is no `Exception`, as when the process is told to end, goes its way.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(
            error, DataStaleError | StrategyFaultError
        ):
            said = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise StrategyFaultError(said[:LONGEST]) from error


def isolated(name: str, ask: Callable[[], T]) -> T:
    """Ask without any bound but this: what it raises is its fault, of whatever type it is."""
    with _Cell():
        return ask()


def bounded(strategy: Strategy, evaluate: Evaluate, *, name: str, most: int) -> Strategy:
    """Return a strategy that is asked within bounds, as often as it likes: while it is tried.

    Args:
        strategy: what is asked.
        evaluate: within which bounds.
        name: of strategy and timeframe.
        most: faults in a row after which it is not asked any more, so that one that hangs ends.
    """
    faults: list[str] = []

    def decide(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        def ask() -> Wishes:
            said = strategy.decide(shown, state)
            if slip := slip_in_all(said):
                raise StrategyFaultError(slip)
            return said

        if len(faults) >= most:
            raise StrategyFaultError(faults[-1])
        try:
            said = evaluate(name, ask)
        except StrategyFaultError as fault:
            faults.append(str(fault))
            raise
        faults.clear()
        return said

    return replace(strategy, decide=decide)
