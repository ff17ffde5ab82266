"""Versions of the universe, and what its pairs are judged and renamed by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.renames import Conversion
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.domain.universe_filters import Nearby


class UniverseReading(Protocol):
    """Versions of the universe."""

    def latest(self) -> Universe | None:
        """Return the version in force."""
        ...

    def refresh(self, *, at: datetime | None = None, version: str | None = None) -> Refresh | None:
        """Return the newest refresh, or the newest until an instant, or of a version."""
        ...


class UniverseStore(UniverseReading, Protocol):
    """Versions of the universe; never changed, only added to."""

    def keep(self, refresh: Refresh) -> None:
        """Keep a refresh, and its version; one that is there stays, with when it was last seen."""
        ...


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
