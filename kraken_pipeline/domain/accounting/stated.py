"""What a person says that an arrival had cost (PF-8)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.accounting.booking import SWAPS
from kraken_pipeline.domain.accounting.causes import Explained
from kraken_pipeline.domain.errors import InvalidValueError


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedCost:
    """A statement; the last one about an entry counts.

    Raises:
        InvalidValueError: the cost is below zero.
    """

    entry_id: str
    cost: Decimal
    """In all, in base currency."""
    at: datetime
    by: str
    reason: str

    def __post_init__(self) -> None:
        if self.cost < 0:
            raise InvalidValueError(f"the cost {self.cost} of {self.entry_id} is below zero")


def require_arrival(explained: Explained) -> None:
    """Refuse an entry that brought nothing, or whose cost is known.

    Raises:
        InvalidValueError: it is one.
    """
    entry = explained.entry
    if entry.net <= 0:
        raise InvalidValueError(
            f"{entry.entry_id} brought nothing: {entry.net} {entry.asset}; give an arrival"
        )
    if explained.cause in SWAPS:
        raise InvalidValueError(
            f"{entry.entry_id} is of a {explained.cause}: it cost what was given for it"
        )
