"""How the market's own trading fills orders that rest in the book; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from typing import Final

from kraken_pipeline.simulator import candles, house
from kraken_pipeline.simulator.candles import Candle, Leg
from kraken_pipeline.simulator.engine import NOTHING, Resting, Side, priority
from kraken_pipeline.simulator.listing import Pair

SHARE: Final = Decimal("0.25")
"""How much of what trades through a price an order of ours gets at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A resting order met the market."""

    at: float
    """UNIX seconds."""
    order: Resting
    qty: Decimal
    """Base."""


def hits(
    pair: Pair, orders: Sequence[Resting], flow: Iterable[Candle], start: float, end: float
) -> Iterator[Hit]:
    """Yield the fills of resting orders while the market runs from `start` to `end`.

    Both are UNIX seconds. A price that trades through an order's fills it, with a share of the
    volume at most, so a large order fills in parts. A price that only touches it fills what the
    queue ahead leaves.
    """
    left = {order.id: order.qty for order in orders}
    ranked = sorted(orders, key=priority)
    for candle in flow:
        for leg in candles.legs(candle, start, end):
            yield from _leg_hits(pair, [replace(o, qty=left[o.id]) for o in ranked], leg, left)


def _leg_hits(
    pair: Pair, orders: Iterable[Resting], leg: Leg, left: dict[str, Decimal]
) -> Iterator[Hit]:
    low = pair.price(min(leg.price_from, leg.price_to))
    high = pair.price(max(leg.price_from, leg.price_to))
    available = (pair.volume(leg.volume) * SHARE).quantize(pair.lot, rounding=ROUND_DOWN)
    for order in orders:
        extreme = low if order.side is Side.BUY else high
        reached = extreme <= order.price if order.side is Side.BUY else extreme >= order.price
        if order.qty <= NOTHING or not reached:
            continue
        queue = house.queue_ahead(pair, order.price) if extreme == order.price else NOTHING
        # what an iceberg does not show stands behind everybody at its price
        wants = order.shown if extreme == order.price and order.shown else order.qty
        qty = min(wants, order.qty, available - queue)
        if qty <= NOTHING:
            continue
        available -= qty
        left[order.id] -= qty
        yield Hit(at=_moment(pair, order.price, leg), order=order, qty=qty)


def _moment(pair: Pair, price: Decimal, leg: Leg) -> float:
    """Return when a leg reaches a price: at once if it begins beyond it."""
    begins, ends = pair.price(leg.price_from), pair.price(leg.price_to)
    if begins == ends:
        return leg.end
    way = float((price - begins) / (ends - begins))
    return leg.start + (leg.end - leg.start) * min(max(way, 0.0), 1.0)
