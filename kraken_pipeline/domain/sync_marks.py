"""How far a long list of the exchange's was read (PF-1, PF-4)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncMark:
    """A list that is being read, page by page; what came is kept until all of it is there."""

    since: datetime | None
    """Its frozen beginning; None for the first day of the account."""
    end: str
    """Its frozen end, in the exchange's words."""
    skip: int
    """Where the next page begins: so many rows from the end on."""
    counted: int
    """How many rows it has, as the exchange last said."""
    is_whole: bool
    """Whether every page is kept; then its rows only wait to be booked."""
    kept_at: datetime
    """When a page was last kept."""
