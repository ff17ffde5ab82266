"""INV-6: no order is taken that could put a pair over its cap, whatever of it fills.

Told from the exchange's own orders and fills alone. What is held counts at no more than it was
worth when the order was approved: prices may have moved since, and approvals are not renewed.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.events import Event, OrderOpened
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline_tests.simulation.checks import require

BASE: Final = "USD"
AGE: Final = timedelta(seconds=90)
"""How old an approval may be when its order arrives."""
LOOKS: Final = 10
"""Prices within that time that are looked at."""
ROOM_FOR_A_WALK: Final = Decimal("0.98")
"""Between two of them the price may have been a little lower still."""
NOTHING: Final = Decimal(0)


def require_within_cap(
    exchange: Exchange, events: Sequence[Event], *, cap: Decimal, uncounted: Collection[str]
) -> None:
    """Check each buy of ours in the very moment in which the exchange takes it.

    Args:
        exchange: that takes it.
        events: what just happened there.
        cap: of a pair, in base currency.
        uncounted: our client ids of buys that a person declared absent, and of sales of what was
            bought by hand.

    Raises:
        BrokenError: its pair could go over the cap.
    """
    for event in events:
        order = event.order if isinstance(event, OrderOpened) else None
        if order is None or not order.cl_ord_id or order.side is not Side.BUY:
            continue
        pair = exchange.account.pair_of(order)
        if not pair.altname.endswith(BASE):
            continue
        ours = [
            each
            for each in exchange.account.orders.values()
            if each.cl_ord_id and each.pair == order.pair and each.cl_ord_id not in uncounted
        ]
        worst = _open_cost(exchange, ours) + _held(ours) * _lowest(exchange, pair)
        said = f"{pair.altname}: {order.id} could bring it to {worst}, the cap is {cap}"
        require(worst <= cap, "INV-6", said)


def _open_cost(exchange: Exchange, ours: Sequence[Order]) -> Decimal:
    """Return what open buys of ours may still cost at their limits, before fees."""
    opened = (each for each in ours if each.side is Side.BUY and each.id in exchange.account.open)
    return sum((each.left * (each.price or NOTHING) for each in opened), NOTHING)


def _held(ours: Sequence[Order]) -> Decimal:
    """Return what orders of ours bought and did not sell again."""
    signed = (each.executed if each.side is Side.BUY else -each.executed for each in ours)
    return max(sum(signed, NOTHING), NOTHING)


def _lowest(exchange: Exchange, pair: Pair) -> Decimal:
    now = exchange.clock.now()
    looks = (now - AGE * look / LOOKS for look in range(LOOKS + 1))
    return min(exchange.last(pair, at) for at in looks) * ROOM_FOR_A_WALK
