"""How often orders of a pair may be touched, and how many may be open; pure.

Every account has a counter per pair. A transaction adds to it, the more the younger the order that
it changes, and time takes from it. REST and WebSocket share it.

Where the documents are silent, this exchange does as follows: what is refused for the counter costs
nothing; a check (`validate`) costs nothing; canceling everything counts like a batch cancel but is
never refused; what the engine does by itself (the dead man's switch, expiry, the rest of an IOC, a
post-only order that would take, the child of a fill) costs nothing; the number of scheduled orders
is a figure of ours.

Source: kraken/rate_limits.md B.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.params import RefusedError

RATE_EXCEEDED: Final = "EOrder:Rate limit exceeded"
ORDERS_EXCEEDED: Final = "EOrder:Orders limit exceeded"
SCHEDULED_EXCEEDED: Final = "EOrder:Scheduled orders limit exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What an account of a verification level may do on one pair."""

    threshold: int
    """The most that its counter may show."""
    decay: Decimal
    """What it loses in a second."""
    open_orders: int
    scheduled: int
    """How many open orders may be waiting for their time."""


TIERS: Final[Mapping[str, Tier]] = MappingProxyType({
    "starter": Tier(threshold=60, decay=Decimal(1), open_orders=60, scheduled=15),
    "intermediate": Tier(threshold=125, decay=Decimal("2.34"), open_orders=80, scheduled=20),
    "pro": Tier(threshold=180, decay=Decimal("3.75"), open_orders=225, scheduled=50),
})  # fmt: skip

AGES: Final = (5, 10, 15, 45, 90, 300)
"""Until how many seconds of age a transaction costs what, in the columns below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a transaction adds to the counter."""

    fixed: Decimal
    """Charged even if the request turns out to be wrong."""
    by_age: tuple[int, ...] = ()
    """By the age of the order that it changes, in the columns of `AGES`; nothing after them."""

    def of_age(self, age: timedelta) -> int:
        """Return what it costs beside the fixed part to change an order of an age."""
        column = bisect_right(AGES, age.total_seconds())
        return self.by_age[column] if column < len(self.by_age) else 0


ADD: Final = Cost(fixed=Decimal(1))
AMEND: Final = Cost(fixed=Decimal(1), by_age=(3, 2, 1))
EDIT: Final = Cost(fixed=Decimal(1), by_age=(6, 5, 4, 2, 1))
CANCEL: Final = Cost(fixed=NOTHING, by_age=(8, 6, 5, 4, 2, 1))


def batch_cost(count: int) -> Decimal:
    """Return what adding so many orders in a batch costs."""
    return Decimal(count) / 2


class Counters:
    """The counters of one account, by pair."""

    def __init__(self, tier: Tier) -> None:
        """Begin with every counter at zero; `tier` may be changed later."""
        self.tier = tier
        self._shown: dict[str, tuple[Decimal, datetime]] = {}

    def value(self, pair: str, now: datetime) -> Decimal:
        """Return what a pair's counter shows."""
        value, at = self._shown.get(pair, (NOTHING, now))
        passed = max(now - at, timedelta()) // timedelta(microseconds=1)
        return max(value - self.tier.decay * Decimal(passed).scaleb(-6), NOTHING)

    def has_room(self, pair: str, cost: Decimal | int, now: datetime) -> bool:
        """Tell whether a transaction of that cost would be let through."""
        return self.value(pair, now) + cost <= self.tier.threshold

    def check(self, pair: str, cost: Decimal | int, now: datetime) -> None:
        """Refuse a transaction that would push the counter over its threshold.

        Raises:
            RefusedError: it would.
        """
        if not self.has_room(pair, cost, now):
            raise RefusedError(RATE_EXCEEDED)

    def charge(self, pair: str, cost: Decimal | int, now: datetime) -> None:
        """Add what a transaction costs."""
        self._shown[pair] = self.value(pair, now) + cost, now
