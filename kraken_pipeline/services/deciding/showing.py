"""What a configured strategy is shown of itself and of the universe, made once for many closes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from kraken_pipeline.domain.ids import (
    Written,
    written,
)
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.strategies.base import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A strategy as the configuration runs it."""

    strategy_id: str
    strategy: Strategy
    timeframes: tuple[str, ...]
    parameters: Mapping[str, object]
    userref: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a universe and parameters come to, as strategies and records see them."""

    pairs: tuple[str, ...]
    tradable: frozenset[str]
    parameters: Mapping[str, str]
    """As they are recorded."""
    named: Mapping[str, Written]
    """As they stand in the name of all that was seen."""


class Showing:
    """Remembers what strategies are shown again and again: it changes with the universe only."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[str, tuple[Universe, Mapping[str, object], Shown]] = {}

    def of(self, configured: Configured, universe: Universe) -> Shown:
        """Return what a strategy is shown of a universe; made anew where either is another one."""
        known = self._known.get(configured.strategy_id)
        if known is None or known[0] is not universe or known[1] is not configured.parameters:
            shown = _shown(configured.parameters, universe)
            known = self._known[configured.strategy_id] = universe, configured.parameters, shown
        return known[2]


def _shown(parameters: Mapping[str, object], universe: Universe) -> Shown:
    pairs = tuple(each.name for each in universe.managed)
    tradable = frozenset(universe.names)
    return Shown(
        pairs=pairs,
        tradable=tradable,
        parameters={name: json.dumps(each, default=str) for name, each in parameters.items()},
        named={
            "pairs": written(pairs),
            "tradable": written(tradable),
            "parameters": written({name: str(each) for name, each in parameters.items()}),
            "universe": written(universe.version),
        },
    )
