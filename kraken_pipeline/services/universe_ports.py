"""What the universe needs from outside besides `ports`. Adapters fit by shape."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.halts import Halt, HaltKind, Scope
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.renames import Conversion
from kraken_pipeline.domain.universe_filters import Nearby


class DepthStore(Protocol):
    """What the book of each pair held near its middle when it was last read."""

    def readings(self) -> Mapping[str, Nearby]:
        """Return the last reading of each pair, by our name."""
        ...

    def keep(self, readings: Mapping[str, Nearby]) -> None:
        """Keep readings over those of the same pairs."""
        ...


class ConversionStore(Protocol):
    """What a new name made of holdings; never changed, only added to."""

    def conversions(self) -> tuple[Conversion, ...]:
        """Return every conversion, oldest first."""
        ...

    def convert(self, wanted: Sequence[tuple[Position, Conversion]]) -> None:
        """Carry holdings over, all or none, with the positions that follow from it.

        Raises:
            ConflictError: a holding changed since it was read.
        """
        ...


class StatusHalts(Protocol):
    """Halts of pairs that the exchange restricts: many at once, when all of it changes."""

    def latched(self) -> tuple[Halt, ...]:
        """Return what stops opening now."""
        ...

    def switch(
        self,
        kind: HaltKind,
        *,
        on: Mapping[Scope, str],
        off: Mapping[Scope, str],
        at: datetime,
        by: str,
    ) -> None:
        """Latch and clear halts of one kind in one transaction, so that none opens in between."""
        ...
