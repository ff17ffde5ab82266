"""Strategies: pure functions from closed bars to wishes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.strategies.base import Strategy
from kraken_pipeline.strategies.trend_core import TREND_CORE

STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {each.name: each for each in (TREND_CORE,)}
)
"""By type name. A new strategy is a module and one more name in the tuple."""


def strategy_named(name: str) -> Strategy:
    """Look a strategy up by its type.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in STRATEGIES:
        raise UnknownNameError(f"there is no strategy type {name!r}; use {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
