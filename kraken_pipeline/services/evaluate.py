"""Asking a strategy so that whatever goes wrong in it stays its own (STG-6)."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeVar

from kraken_pipeline.domain.errors import DataStaleError, StrategyFaultError

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
            said = f"{type(error).__name__}: {error}"
            raise StrategyFaultError(said[:LONGEST]) from error


def isolated(name: str, ask: Callable[[], T]) -> T:
    """Ask without any bound but this: what it raises is its fault, of whatever type it is."""
    with _Cell():
        return ask()
