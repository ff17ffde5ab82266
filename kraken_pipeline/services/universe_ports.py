"""What the universe needs from outside besides `ports`. Adapters fit by shape."""

from collections.abc import Mapping
from typing import Protocol

from kraken_pipeline.domain.universe_filters import Nearby


class DepthStore(Protocol):
    """What the book of each pair held near its middle when it was last read."""

    def readings(self) -> Mapping[str, Nearby]:
        """Return the last reading of each pair, by our name."""
        ...

    def keep(self, readings: Mapping[str, Nearby]) -> None:
        """Keep readings over those of the same pairs."""
        ...
