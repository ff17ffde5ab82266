"""The orders that close what a fill opened; pure.

Source: kraken/rest.md §6: on the other side, one for each fill, `refid` names the parent. A
relative price is counted from the price at the time of the fill. The child keeps the parent's
userref, pays its fee in the quote, and stays until it is done or canceled.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_prices import limit_of, trigger_of
from kraken_pipeline.simulator.orders import Order


def child(parent: Order, fill: OrderFilled, pair: Pair, last: Decimal, at: datetime) -> Order:
    """Return the order that a fill brings forth.

    Args:
        parent: the order that traded; it has a conditional close.
        fill: what traded of it.
        pair: its pair.
        last: the price now, quote per base.
        at: when the child is opened.

    Raises:
        ValueError: the parent has no conditional close.
    """
    close = parent.close
    if close is None:
        raise ValueError(f"order {parent.id} has no conditional close")
    side = parent.side.other
    trigger, limit = trigger_of(close, side, pair, last), limit_of(close, side, pair, last)
    return Order(
        id=identifier("O", "close", fill.trade_id),
        pair=parent.pair,
        side=side,
        ordertype=close.ordertype,
        price=None if limit is None else max(limit, pair.tick),
        volume=fill.qty,
        oflags=("fciq",),
        userref=parent.userref,
        opened=at,
        trigger=trigger and replace(trigger, price=max(trigger.price, pair.tick)),
        stp=parent.stp,
        refid=parent.id,
    )
