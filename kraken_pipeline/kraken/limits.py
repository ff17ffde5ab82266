"""How often one may ask: Kraken's tiers, what each call costs, and the counter of a key. Pure.

Kraken tells nobody how its counters stand, so they are modelled, and always from above: what is on
its way is counted whole and does not fall until its answer is here.

Source: NET-3; docs.kraken.com/api/docs/guides/spot-rest-ratelimits and spot-ratelimits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final

Params = Mapping[str, object]
"""What a call asks, without its nonce."""


class Lane(IntEnum):
    """Who goes first: the higher lane always does."""

    READ = 0
    ORDER = 1
    GUARD = 2
    """What only takes risk away. It waits for no counter and for no reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """How much Kraken allows to an account, by how well it knows the holder."""

    rest_most: int
    """Where the counter of a key may stand at the most."""
    rest_decay: float
    """By how much it falls in a second."""
    engine_most: int
    """Where the matching engine's counter of a pair may stand at the most."""
    engine_decay: float
    open_orders: int
    """Of one pair."""


TIERS: Final[Mapping[str, Tier]] = MappingProxyType(
    {
        "starter": Tier(
            rest_most=15, rest_decay=0.33, engine_most=60, engine_decay=1.0, open_orders=60
        ),
        "intermediate": Tier(
            rest_most=20, rest_decay=0.5, engine_most=125, engine_decay=2.34, open_orders=80
        ),
        "pro": Tier(
            rest_most=20, rest_decay=1.0, engine_most=180, engine_decay=3.75, open_orders=225
        ),
    }
)

LANES: Final[Mapping[str, Lane]] = MappingProxyType(
    {
        "CancelOrder": Lane.GUARD,
        "CancelOrderBatch": Lane.GUARD,
        "CancelAll": Lane.GUARD,
        "CancelAllOrdersAfter": Lane.GUARD,
        "AddOrder": Lane.ORDER,
        "AddOrderBatch": Lane.ORDER,
        "AmendOrder": Lane.ORDER,
        "EditOrder": Lane.ORDER,
    }
)
"""Every method that is no read. Kraken counts them in its matching engine, not against the key."""

HISTORY_COST: Final = 2
HISTORY: Final = frozenset(
    {"Ledgers", "QueryLedgers", "TradesHistory", "QueryTrades", "ClosedOrders"}
)

RECONCILE: Final = (
    "Balance",
    "TradesHistory",
    "Ledgers",
    "Balance",
    "OpenOrders",
    "QueryOrders",
)
"""The calls of one look at the whole account."""
SLACK: Final = 1
"""Points that stay unused: should the counter fall in whole steps, it lags by one."""
QUIET_SECONDS: Final = 5.0
"""No read after a refusal for asking too often: each further one prolongs it."""
LONGEST_FLIGHT_SECONDS: Final = 600.0
"""After so long a call whose end nobody wrote down has ended, although a process of that number
runs. No call waits for its turn and its answer for nearly as long."""

NOBODY: Final = 0
"""The process of a flight whose own died."""
ORPHAN_SECONDS: Final = 10.0
"""For so long what a dead process sent may be on its way: it is counted, and does not fall."""


def lane_of(method: str) -> Lane:
    """Return the lane of a private method."""
    return LANES.get(method, Lane.READ)


def rest_cost(method: str) -> int:
    """Return what a call adds to the counter of its key."""
    if method in LANES:
        return 0
    return HISTORY_COST if method in HISTORY else 1


HEADROOM: Final = sum(rest_cost(each) for each in RECONCILE)


def headroom(method: str, params: Params) -> int:
    """Return how much must stay free beside a call: later pages leave room for a reconcile.

    Only they come in any number, and can wait. Source: NET-3, U-RAT-4.
    """
    is_later_page = method in HISTORY and str(params.get("ofs", "0")) != "0"
    return HEADROOM if is_later_page else 0


@dataclass(slots=True)
class Flight:
    """A call that is on its way."""

    cost: float
    since: float
    """When it was allowed to leave."""
    pid: int
    """Of the process that sends it."""


@dataclass(slots=True)
class Counter:
    """What Kraken may be counting, at the most."""

    level: float = 0
    at: float = 0
    """When `level` was right."""
    flights: dict[str, Flight] = field(default_factory=dict)
    """What `level` does not count yet, by name."""

    def standing(self, now: float, decay: float) -> float:
        """Return where it stands at the most, in seconds of any clock that only goes ahead."""
        on_their_way = sum(each.cost for each in self.flights.values())
        return self._fallen(now, decay) + on_their_way

    def wait(self, cost: float, *, now: float, decay: float, most: float) -> float:
        """Return the seconds until `cost` more may be added; zero if it may be at once.

        Of what is on its way nobody knows when it begins to fall; it is taken to begin now.
        """
        above = self.standing(now, decay) + cost - most
        return max(0.0, above / decay)

    def depart(self, name: str, flight: Flight) -> None:
        """Count a call from before it leaves."""
        self.flights[name] = flight

    def land(self, name: str, *, now: float, decay: float, counts: bool = True) -> None:
        """Let a call's cost fall from now on, as Kraken cannot have counted it later than now.

        Args:
            name: of the flight; one that is not known any more was landed by another process.
            now: seconds.
            decay: by how much the counter falls in a second.
            counts: false where the call never left.
        """
        flight = self.flights.pop(name, None)
        if flight is not None and counts:
            self.add(flight.cost, now=now, decay=decay)

    def add(self, cost: float, *, now: float, decay: float) -> None:
        """Count what happened now."""
        self.level, self.at = self._fallen(now, decay) + cost, now

    def fill(self, most: float, *, now: float, decay: float) -> None:
        """Believe the exchange that it is full."""
        self.level, self.at = max(most, self._fallen(now, decay)), now

    def correct(self, level: float, *, now: float) -> None:
        """Believe a figure of the exchange's own."""
        self.level, self.at = level, now

    def sweep(self, *, now: float, decay: float, alive: Callable[[int], bool]) -> None:
        """Land what nobody will: a process died, or forgot."""
        for name in self.lost(now):
            self.land(name, now=now, decay=decay)
        for each in self.flights.values():
            if each.pid != NOBODY and not alive(each.pid):
                each.pid, each.since = NOBODY, now

    def lost(self, now: float) -> list[str]:
        """Return the calls of which nobody will say how they ended, once they surely have."""
        return [
            name
            for name, each in self.flights.items()
            if now - each.since > (ORPHAN_SECONDS if each.pid == NOBODY else LONGEST_FLIGHT_SECONDS)
        ]

    def _fallen(self, now: float, decay: float) -> float:
        return max(0.0, self.level - decay * max(0.0, now - self.at))
