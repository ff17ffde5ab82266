"""Halts: what stops opening until it is cleared, mostly by a person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HaltKind(StrEnum):
    """Why opening stopped. The value is the denial's code."""

    OPERATOR = "KILL_MANUAL"
    DRAWDOWN = "KILL_DRAWDOWN"
    DRIFT = "KILL_DRIFT"
    CONTRADICTION = "HALTED"
    """Books and exchange disagreed about an order."""
    GUARD = "GUARD_LOST"
    """The dead man's switch cannot be set. It clears by itself once it is set again (DMS-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A latched halt. It survives restarts and is cleared by a person, with a reason."""

    halt_id: int
    kind: HaltKind
    reason: str
    latched_at: datetime
    latched_by: str
