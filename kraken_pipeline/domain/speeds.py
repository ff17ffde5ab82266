"""How fast a history was brought in the last time, as it was measured (HIS-9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Work(StrEnum):
    """What was done."""

    IMPORT = "import"
    """Candles read from files, compared and stored."""
    CALLS = "calls"
    """Calls to the exchange for candles and trades, with storing what they told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How much was done in how long."""

    at: datetime
    """When it ended."""
    done: int
    """Candles, or calls."""
    seconds: float
    """Above zero, of wall time."""
    fewest: float | None = None
    """Seconds that the exchange's limit allows at the least; None where there is no limit."""

    @property
    def a_second(self) -> float:
        """How much was done in a second."""
        return self.done / self.seconds

    @property
    def share(self) -> float | None:
        """Which share of the rate it was that the limit allows, 1 at best; None without a limit."""
        return None if self.fewest is None else self.fewest / self.seconds


Speeds = Mapping[Work, Speed]
