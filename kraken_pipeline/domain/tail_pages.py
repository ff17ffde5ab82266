"""Candles of a pair's tail as they came in, before they are stored."""

from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.bars import Candles


@dataclass(frozen=True, slots=True, kw_only=True)
class TailPage:
    """What the exchange told, or what was made of it."""

    candles: Candles
    made_of: str
    """The shorter timeframe; empty where the exchange told it."""
    at: datetime
    """When."""
