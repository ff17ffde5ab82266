"""Why a ledger entry is there: exactly one cause for each (PF-2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kraken_pipeline.domain.ledger import LedgerEntry


class Cause(StrEnum):
    """What an event was."""

    FILL = "fill"
    """A trade; its fill is known, or said to be missing."""
    FLOW = "flow"
    """Came from outside, or left."""
    INTERNAL = "internal"
    """Between buckets of one economic asset: nothing came, nothing left."""
    REWARD = "reward"
    CONVERSION = "conversion"
    """One asset became another without a trade of the book: instant buys, dust sweeps."""
    FEE = "fee"
    """A fee, or a part of one that came back, by itself."""
    ADJUSTMENT = "adjustment"
    """The exchange corrected itself, or a person corrected our books."""
    UNKNOWN = "unknown"
    """Nobody can say. Nothing more of that asset is opened until a person has looked."""


class Lack(StrEnum):
    """What of an event is not there."""

    NOTHING = ""
    FILL = "fill"
    """The trade itself: the ledger tells of it first."""
    LEG = "leg"
    """The other end of a move between buckets: what it carries is in flight."""
    SIDE = "side"
    """What was given, or what was had for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An entry and its one cause."""

    entry: LedgerEntry
    cause: Cause
    event_id: str
    """What its event is called; entries of one event share it. Mostly the exchange's `refid`."""
    why: str
    """In a sentence, for a person: which rule says so, or what is missing."""
    lacks: Lack = Lack.NOTHING
    """What of its event has not come yet; what comes later completes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexplained:
    """An entry that nobody can explain, and since when that is known."""

    told: Explained
    found_at: datetime
