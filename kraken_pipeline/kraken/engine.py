"""The matching engine's counter of each pair, and the open orders that Kraken allows. Pure.

An order costs when it is added, and the more the younger it is when it is moved or canceled. Ages
are taken from the answers, so an order seems younger than it is, never older.

Source: NET-3; docs.kraken.com/api/docs/guides/spot-ratelimits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kraken_pipeline.kraken.limits import SLACK, Counter, Flight, Params, Tier

Ages = tuple[tuple[float, float], ...]
"""Pairs of an age in seconds and what an order costs that is younger, the youngest first."""

CANCEL_AGES: Final[Ages] = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
AMEND_AGES: Final[Ages] = ((5, 3), (10, 2), (15, 1))
EDIT_AGES: Final[Ages] = ((5, 6), (10, 5), (15, 4), (45, 2), (90, 1))
ADDS: Final = frozenset({"AddOrder", "AddOrderBatch"})
EXPECTED: Final = "?"
"""Ends the name of a call in the id of an order that it may have added. No real id has it."""
OLDEST_SECONDS: Final = 300.0
"""Whoever is older costs nothing any more, and may be gone without our knowing."""


@dataclass(slots=True)
class Known:
    """An order that may rest."""

    pair: str
    touched: float
    """When it was last added or amended, at the latest."""
    seen: float
    """When it was last known to be open."""
    cl_ord_id: str = ""

    def is_stale(self, now: float) -> bool:
        """Whether it costs nothing any more, and nobody has seen it for as long."""
        return now - max(self.touched, self.seen) > OLDEST_SECONDS


@dataclass(slots=True)
class Engine:
    """What the matching engine may be counting for one account."""

    pairs: dict[str, Counter] = field(default_factory=dict)
    orders: dict[str, Known] = field(default_factory=dict)
    """By Kraken's id."""
    leaving_none: dict[str, Flight] = field(default_factory=dict)
    """Calls on their way that cancel every order, by name."""

    def costs(self, method: str, params: Params, *, now: float) -> dict[str, float]:
        """Return what a call costs at the most, by pair. A call that costs nothing gives none."""
        cost = COSTS.get(method)
        return {} if cost is None else {k: v for k, v in cost(self, params, now).items() if k}

    def wait(self, costs: Mapping[str, float], tier: Tier, *, now: float) -> float:
        """Return the seconds until all of it may be added."""
        most, decay = tier.engine_most - SLACK, tier.engine_decay
        waits = [
            self.pairs.get(pair, Counter()).wait(cost, now=now, decay=decay, most=most)
            for pair, cost in costs.items()
        ]
        return max(waits, default=0.0)

    def room(self, pair: str, tier: Tier, *, now: float) -> int:
        """Return how many more orders may rest on a pair."""
        resting = sum(each.pair == pair for each in self.orders.values() if not each.is_stale(now))
        return tier.open_orders - resting

    def depart(self, method: str, costs: Mapping[str, float], name: str, flight: Flight) -> None:
        """Count a call from before it leaves."""
        for pair, cost in costs.items():
            self.pairs.setdefault(pair, Counter()).depart(name, replace(flight, cost=cost))
        if method == "CancelAll":
            self.leaving_none[name] = flight

    def expect(self, method: str, params: Params, name: str, *, now: float) -> None:
        """Take the orders that a call adds for open from before it leaves, under no id yet.

        Should nobody learn what became of the call, they stay, and cost what they would.
        """
        if method not in ADDS:
            return
        pair = _pair(params)
        many = len(members(params, "orders")) if method == "AddOrderBatch" else 1
        for number in range(many):
            self.orders[f"{name}{EXPECTED}{number}"] = Known(pair=pair, touched=now, seen=now)
        for cancel, flight in self.leaving_none.items():
            # it may arrive after these orders, and cancel them as well
            flights = self.pairs.setdefault(pair, Counter()).flights
            counted = flights.setdefault(cancel, replace(flight, cost=0))
            counted.cost += many * aged(CANCEL_AGES, 0)

    def settle(self, name: str, *, now: float, is_known: bool) -> None:
        """Forget what a call was expected to add, or doubt it, where nothing is known of it."""
        for key in [each for each in self.orders if each.startswith(f"{name}{EXPECTED}")]:
            if is_known:
                del self.orders[key]
            else:
                self.orders[key].touched = self.orders[key].seen = now

    def land(self, name: str, tier: Tier, *, now: float, counts: bool) -> None:
        """Let a call's cost fall from now on."""
        self.leaving_none.pop(name, None)
        for counter in self.pairs.values():
            counter.land(name, now=now, decay=tier.engine_decay, counts=counts)

    def add(self, costs: Mapping[str, float], tier: Tier, *, now: float) -> None:
        """Count what happened now."""
        for pair, cost in costs.items():
            self.pairs.setdefault(pair, Counter()).add(cost, now=now, decay=tier.engine_decay)

    def fill(self, pairs: Iterable[str], tier: Tier, *, now: float) -> None:
        """Believe the exchange that these pairs are full."""
        for pair in pairs:
            counter = self.pairs.setdefault(pair, Counter())
            counter.fill(tier.engine_most, now=now, decay=tier.engine_decay)

    def sweep(self, tier: Tier, *, now: float, alive: Callable[[int], bool]) -> None:
        """Forget what can cost nothing any more."""
        for pair, counter in list(self.pairs.items()):
            for name in counter.flights:
                # it may arrive only now, and its order be just born
                self.settle(name, now=now, is_known=False)
            counter.sweep(now=now, decay=tier.engine_decay, alive=alive)
            if counter.standing(now, tier.engine_decay) <= 0:
                del self.pairs[pair]
        for name in [key for key, each in self.leaving_none.items() if not alive(each.pid)]:
            del self.leaving_none[name]
        for kraken_order_id in [key for key, each in self.orders.items() if each.is_stale(now)]:
            del self.orders[kraken_order_id]

    def named(self, params: Params) -> str | None:
        """Return Kraken's id of the order that a call names in either way; None if unknown."""
        kraken_order_id = str(params.get("txid", "") or params.get("order_id", ""))
        if kraken_order_id in self.orders:
            return kraken_order_id
        ours = str(params.get("cl_ord_id", ""))
        found = (key for key, each in self.orders.items() if ours and each.cl_ord_id == ours)
        return next(found, None)


def aged(ages: Ages, age: float) -> float:
    """Return the part of a cost that depends on an order's age in seconds."""
    return next((cost for younger_than, cost in ages if age < younger_than), 0)


def members(params: Params, field_name: str) -> list[object]:
    """Return a list that a call carries, as JSON or as the numbered fields of a form."""
    carried = params.get(field_name)
    if isinstance(carried, list | tuple):
        return list(carried)
    numbered = {
        key.partition("]")[0]: value
        for key, value in params.items()
        if key.startswith(f"{field_name}[")
    }
    return list(numbered.values())


def _pair(params: Params) -> str:
    return str(params.get("pair", ""))


def _add(engine: Engine, params: Params, now: float) -> dict[str, float]:
    return {_pair(params): 1}


def _add_batch(engine: Engine, params: Params, now: float) -> dict[str, float]:
    return {_pair(params): len(members(params, "orders")) / 2}


def _moved(ages: Ages) -> Callable[[Engine, Params, float], dict[str, float]]:
    def cost(engine: Engine, params: Params, now: float) -> dict[str, float]:
        return _of_one(engine, params, now, ages, fixed=1)

    return cost


def _cancel(engine: Engine, params: Params, now: float) -> dict[str, float]:
    return _of_one(engine, params, now, CANCEL_AGES, fixed=0)


def _of_one(
    engine: Engine, params: Params, now: float, ages: Ages, *, fixed: float
) -> dict[str, float]:
    named = engine.named(params)
    if named is None:
        # not an order of ours within the last minutes, or somebody else's: it may be just born
        return {_pair(params): fixed + aged(ages, 0)}
    order = engine.orders[named]
    return {order.pair: fixed + aged(ages, now - order.touched)}


def _cancel_batch(engine: Engine, params: Params, now: float) -> dict[str, float]:
    named = [*members(params, "orders"), *members(params, "cl_ord_ids")]
    found = {engine.named({"txid": each, "cl_ord_id": each}) for each in named} - {None}
    return _of_all(engine, (each for each in found if each), now)


def _cancel_all(engine: Engine, params: Params, now: float) -> dict[str, float]:
    return _of_all(engine, engine.orders, now)


def _of_all(engine: Engine, ids: Iterable[str], now: float) -> dict[str, float]:
    costs: dict[str, float] = {}
    for order in (engine.orders[each] for each in ids):
        costs[order.pair] = costs.get(order.pair, 0) + aged(CANCEL_AGES, now - order.touched)
    return costs


COSTS: Final[Mapping[str, Callable[[Engine, Params, float], dict[str, float]]]] = {
    "AddOrder": _add,
    "AddOrderBatch": _add_batch,
    "AmendOrder": _moved(AMEND_AGES),
    "EditOrder": _moved(EDIT_AGES),
    "CancelOrder": _cancel,
    "CancelOrderBatch": _cancel_batch,
    # nothing is written of what this costs; as if each order were canceled by itself is the most
    "CancelAll": _cancel_all,
}
