"""Where our resting orders stand: how much must trade at their price before it is their turn."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.engine import NOTHING, Resting, Side

Standing = Callable[[Resting], Decimal | None]
"""Says how much others want at an order's price, base; None where the book does not reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One order's place."""

    price: Decimal
    """At which it holds: an order that moves begins anew, at the end."""
    ahead: Decimal | None
    """Base that stands before it; None while the book does not reach that far."""


class Queues:
    """The places of all orders by id."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        """Take up where the last run ended."""
        self.places: Final = dict(places)

    def look(self, orders: Iterable[Resting], standing: Standing) -> None:
        """Give every order a place, and move up those before which somebody left."""
        known = {order.id: order for order in orders}
        for order_id in [each for each in self.places if each not in known]:
            del self.places[order_id]
        for order in known.values():
            now, before = standing(order), self.places.get(order.id)
            if before is None or before.price != order.price:
                self.places[order.id] = Place(price=order.price, ahead=now)
            elif now is not None and (before.ahead is None or now < before.ahead):
                self.places[order.id] = replace(before, ahead=now)

    def reached(self, order: Resting, price: Decimal, qty: Decimal) -> Decimal:
        """Return how much of a trade is an order's, base, and let the queue before it move up.

        A trade through the order's price is its own from the first unit on; one at its price only
        after what stands before it.

        Args:
            order: as it rests.
            price: of the trade, quote per base.
            qty: of the trade, less what better orders of ours got of it, base.
        """
        through = price < order.price if order.side is Side.BUY else price > order.price
        if through:
            return min(qty, order.qty)
        place = self.places.get(order.id)
        if price != order.price or place is None or place.ahead is None:
            return NOTHING
        self.places[order.id] = replace(place, ahead=max(place.ahead - qty, NOTHING))
        # what an iceberg does not show stands behind everybody at its price
        shown = order.qty if order.shown is None else order.shown
        return max(min(qty - place.ahead, shown, order.qty), NOTHING)
