"""A price as it was used: kept once, so that the past is never priced in two ways (PF-6)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kraken_pipeline.domain.symbols import Asset


class PriceSource(StrEnum):
    """Where a price came from, the best first."""

    TRADE = "trade"
    """From the event itself: one of its legs is the base currency."""
    TICKER = "ticker"
    """Seen at the exchange within seconds of the event."""
    BAR = "bar"
    """Close of a certified bar within five minutes of the event."""
    STATED = "stated"
    """A person said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePoint:
    """What a unit of an asset was worth at an instant."""

    asset: Asset
    at: datetime
    price: Decimal
    """Base currency per unit."""
    source: PriceSource
    detail: str
    """The pairs that it goes through, the trade, or the person."""
