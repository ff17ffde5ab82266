"""Which strategies of a pipeline may open nothing at their stage, where its orders go (STG-7)."""

from collections.abc import Callable

from kraken_pipeline.wiring.lifecycle import barring_of
from kraken_pipeline.wiring.modes import Destination, destination
from kraken_pipeline.wiring.parts import Parts


def spends(parts: Parts) -> bool:
    """Tell whether orders cost real money: not on paper, and not where Kraken only checks them."""
    return not parts.edge.rehearses and destination(parts.loaded) is Destination.KRAKEN


def barring(parts: Parts) -> Callable[[str], str]:
    """Return what says why a strategy may open nothing at its stage."""
    return barring_of(parts.loaded.settings, parts.loaded.data_dir, spends=spends(parts))
