"""How often may be asked over REST: a counter per key, and one per caller for public calls.

Orders cost nothing here; the matching engine counts them.

Source: kraken/rate_limits.md A and D. The size of public bursts is not published; Kraken calls one
request a second safe, and a few at once are known to pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Limits(StrEnum):
    """Which of the REST limits hold."""

    NONE = "none"
    PRIVATE = "private"
    ALL = "all"


class Tier(StrEnum):
    """How far the account is verified; it sets what the account may do."""

    STARTER = "starter"
    INTERMEDIATE = "intermediate"
    PRO = "pro"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a counter allows."""

    most: float
    """Calls, as counted."""
    decay: float
    """Of the count, per second."""


BUDGETS: Final[Mapping[Tier, Budget]] = MappingProxyType(
    {
        Tier.STARTER: Budget(15, 0.33),
        Tier.INTERMEDIATE: Budget(20, 0.5),
        Tier.PRO: Budget(20, 1.0),
    }
)
PUBLIC: Final = Budget(5, 1.0)
PUBLIC_PAIR: Final = Budget(2, 1.0)
PER_PAIR: Final = frozenset({"Trades", "OHLC"})
"""Public methods that are counted per pair as well."""
LONGEST_SECONDS: Final = 900.0
"""How long calls made in vain can keep a caller out."""
_FREE: Final = frozenset(
    {"AddOrder", "AddOrderBatch", "AmendOrder", "EditOrder", "CancelOrder", "CancelOrderBatch"}
    | {"CancelAll", "CancelAllOrdersAfter"}
)
_HISTORY: Final = frozenset(
    {"Ledgers", "QueryLedgers", "TradesHistory", "QueryTrades", "ClosedOrders"}
)
_CALLERS: Final = 10_000
"""Public counters that are kept; beyond that the oldest are forgotten."""


def cost(method: str) -> int:
    """Return what a private call counts."""
    if method in _FREE:
        return 0
    return 2 if method in _HISTORY else 1


class Counter:
    """A count that calls raise and time lowers."""

    def __init__(self, budget: Budget, now: datetime) -> None:
        self._budget: Final = budget
        self._count = 0.0
        self._at = now

    def count(self, now: datetime) -> float:
        """Return the count as it stands."""
        elapsed = max(0.0, (now - self._at).total_seconds())
        return max(0.0, self._count - elapsed * self._budget.decay)

    def spend(self, calls: int, now: datetime) -> bool:
        """Count a call and tell whether it may pass.

        What may not pass counts too, so whoever keeps asking stays out, though never longer than
        `LONGEST_SECONDS` after the last call. What counts nothing always passes.
        """
        if calls == 0:
            return True
        after = self.count(now) + calls
        self._count = min(after, self._budget.most + LONGEST_SECONDS * self._budget.decay)
        self._at = now
        return after <= self._budget.most


class PublicCounters:
    """The counters of public calls: per caller, and per caller and pair."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, str, str], Counter] = {}

    def spend(self, host: str, method: str, pair: str, now: datetime) -> bool:
        """Count a call and tell whether it may pass.

        Args:
            host: the caller's address.
            method: of the call.
            pair: that it asks for, as the listing has it.
            now: the exchange's time.
        """
        passes = self._counter((host, "", ""), PUBLIC, now).spend(1, now)
        if method in PER_PAIR:
            passes &= self._counter((host, method, pair), PUBLIC_PAIR, now).spend(1, now)
        return passes

    def _counter(self, whose: tuple[str, str, str], budget: Budget, now: datetime) -> Counter:
        found = self._counters.get(whose)
        if found is None:
            if len(self._counters) >= _CALLERS:
                del self._counters[next(iter(self._counters))]
            found = self._counters[whose] = Counter(budget, now)
        return found
