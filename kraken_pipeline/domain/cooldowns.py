"""A pause for a pair whose order was refused for want of funds (OMS-17)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """Until when nothing opens on a pair, and why."""

    pair: str
    until: datetime
    reason: str
