"""Every strategy that can be run: the built-in ones, and what other packages bring.

A package brings one by an entry point of the group `kraken_pipeline.strategies`, which bears the
strategy's name and loads to its `Strategy`. Its code is only loaded when the strategy is asked for.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError, PipelineError, UnknownNameError
from kraken_pipeline.settings.nearest import nearest
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Strategy

GROUP: Final = "kraken_pipeline.strategies"
BUILT_IN: Final = "built in"
ALIKE: Final = 0.6
"""From here on a name may be a slip of the pen."""
BROKEN: Final = (
    ImportError,
    SyntaxError,
    NameError,
    AttributeError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    OSError,
    PipelineError,
)
"""What loading a package's code raises where something is wrong with it."""


class Kinds:
    """The strategies by the `type` that the configuration names."""

    def __init__(self, found: Sequence[EntryPoint]) -> None:
        """Take what other packages bring.

        Raises:
            ConfigurationError: two bring the same name, or one brings that of a built-in.
        """
        self._brought: dict[str, EntryPoint] = {}
        for each in found:
            if each.name in STRATEGIES:
                raise ConfigurationError(_clash(each.name, f"this package ({BUILT_IN})", each))
            if each.name in self._brought:
                other = brought_by(self._brought[each.name])
                raise ConfigurationError(_clash(each.name, other, each))
            self._brought[each.name] = each

    @property
    def names(self) -> Mapping[str, str]:
        """Return every name, to whoever brings it."""
        built_in = dict.fromkeys(STRATEGIES, BUILT_IN)
        return built_in | {name: brought_by(each) for name, each in self._brought.items()}

    def named(self, kind: str) -> Strategy:
        """Return a strategy, loaded.

        Raises:
            UnknownNameError: there is none of that name; the message names those that there are.
            ConfigurationError: the package that brings it is broken; the message names it.
        """
        if kind in STRATEGIES:
            return STRATEGIES[kind]
        if kind not in self._brought:
            near = nearest(kind, self.names, at_least=ALIKE)
            meant = f"did you mean {' or '.join(near)}?" if near else ""
            known = f"use one of {', '.join(self.names)}"
            raise UnknownNameError(f"there is no strategy {kind!r}; {meant or known}")
        return _loaded(self._brought[kind])


@cache
def kinds() -> Kinds:
    """Return what is installed here; that does not change while a process lives.

    Raises:
        ConfigurationError: two packages bring a strategy of the same name.
    """
    return Kinds(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def brought_by(entry: EntryPoint) -> str:
    """Return name and version of the distribution that an entry point stands in."""
    return "an unnamed package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"


def _loaded(entry: EntryPoint) -> Strategy:
    of = f"the strategy {entry.name!r} of {brought_by(entry)}, {entry.value},"
    try:
        found = entry.load()
    except BROKEN as fault:
        raise ConfigurationError(
            f"{of} cannot be loaded: {type(fault).__name__}: {fault}. "
            "Mend or uninstall that package, or take the strategy out of strategies.enabled"
        ) from fault
    if not isinstance(found, Strategy):
        raise ConfigurationError(
            f"{of} is a {type(found).__name__}: its entry point must name a Strategy"
        )
    if found.name != entry.name:
        raise ConfigurationError(
            f"{of} calls itself {found.name!r}: entry point and Strategy must have one name"
        )
    return found


def _clash(name: str, other: str, entry: EntryPoint) -> str:
    return (
        f"the strategy {name!r} is brought by {other} and by {brought_by(entry)}: uninstall one of "
        f"them, or have its author give it another name in the group {GROUP}"
    )
