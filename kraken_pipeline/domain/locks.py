"""A lock: for a while nothing is opened on a pair, or on any, because of what happened (RSK-7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class LockKind(StrEnum):
    """What locks. The names stand in configurations and journals: none is ever renamed."""

    COOLDOWN = "cooldown"
    STOP_LOSS_GUARD = "stop_loss_guard"
    MAX_DRAWDOWN = "max_drawdown"
    LOW_PROFIT_PAIR = "low_profit_pair"
    LOSS_STREAK = "loss_streak"
    REJECT_STREAK = "reject_streak"
    SLIPPAGE_GUARD = "slippage_guard"
    VOLATILITY_SPIKE = "volatility_spike"


CODES: Final[Mapping[LockKind, str]] = MappingProxyType(
    {
        LockKind.COOLDOWN: "COOLDOWN",
        LockKind.STOP_LOSS_GUARD: "STOP_GUARD",
        LockKind.MAX_DRAWDOWN: "MAX_DRAWDOWN_PROTECTION",
        LockKind.LOW_PROFIT_PAIR: "LOW_PROFIT_PAIR",
        LockKind.LOSS_STREAK: "LOSS_STREAK",
        LockKind.REJECT_STREAK: "REJECT_STREAK",
        LockKind.SLIPPAGE_GUARD: "SLIPPAGE_GUARD",
        LockKind.VOLATILITY_SPIKE: "VOLATILITY",
    }
)
"""What a buy is denied with (RSK-5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One lock, from what caused it until its time is over or a person clears it."""

    lock_id: str
    """Derived from the protection and what caused it: the same cause never locks twice."""
    kind: LockKind
    pair: str
    """Our name of it; empty for every pair."""
    since: datetime
    """When what caused it happened."""
    until: datetime
    reason: str
    """What was compared, for a person."""

    def __str__(self) -> str:
        return f"{self.kind.value} of {self.pair or 'all pairs'} until {self.until:%F %H:%M}"


def locks_over(locks: Iterable[Lock], pair: str, now: datetime) -> tuple[Lock, ...]:
    """Return the locks that keep a pair from being opened at an instant."""
    return tuple(each for each in locks if each.pair in {"", pair} and now < each.until)


def locked_until(locks: Iterable[Lock], kind: LockKind) -> datetime | None:
    """Return when the last of the locks of a kind ends; None where there is none."""
    return max((each.until for each in locks if each.kind is kind), default=None)
