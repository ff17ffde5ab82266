"""What somebody let an order of ours buy beyond its size: it is theirs, and goes to `manual`."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, and_, bindparam, select

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lots import MANUAL, book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING, Fact, Order
from kraken_pipeline.store import schema, transfers
from kraken_pipeline.store.order_rows import amendment_of, orders_where

_ORDERS: Final = schema.execution_orders
_TRANSFERS: Final = schema.book_transfers
_EVENTS: Final = schema.execution_order_events
_ENLARGED: Final = (
    select(_EVENTS.c.version, _EVENTS.c.filled_volume, _EVENTS.c.amendment)
    .where(_EVENTS.c.local_id == bindparam("of"), _EVENTS.c.fact == Fact.ENLARGED_SEEN.value)
    .order_by(_EVENTS.c.version)
)
_KNOWN: Final = select(_TRANSFERS.c.transfer_id).where(
    _TRANSFERS.c.transfer_id == bindparam("of_transfer")
)


def is_enlarged(connection: Connection, order: Order) -> bool:
    """Tell whether an order bought more than we ordered."""
    return bool(_enlargements(connection, order))


def hand_over(connection: Connection, order: Order, *, at: datetime) -> bool:
    """Give `manual` what an order bought beyond what we ordered, each unit once.

    While sales of its own may take it, it stays in the book; a stop follows what is left.

    Args:
        connection: in a transaction that writes.
        order: that has ended, and whose fills are booked.
        at: now.

    Returns:
        Whether nothing is left to give.
    """
    place = book_of(order.strategy_id, order.timeframe), order.pair
    for version, excess in _enlargements(connection, order):
        identity = "X" + digest([order.local_id, version])[:24]
        if connection.execute(_KNOWN, {"of_transfer": identity}).first() is not None:
            continue
        holding = transfers.position_at(connection, place)
        selling = _being_sold(connection, order)
        if selling and holding.qty < excess + selling:
            return False
        qty = Qty(min(excess, holding.qty))
        if not qty:
            continue
        reason = f"{order.local_id} was enlarged at the exchange"
        whole = transfers.transfer_of(connection, holding, MANUAL, at=at, reason=reason)
        is_all = qty == holding.qty
        cost = holding.cost if is_all else holding.cost * qty / holding.qty
        transfer = replace(whole, transfer_id=identity, qty=qty, cost=cost)
        transfers.keep(connection, holding, transfer, actor="books")
    return True


def _enlargements(connection: Connection, order: Order) -> list[tuple[int, Decimal]]:
    """Return by how much an order that buys was enlarged, by the version that it then had.

    What one that sells took beyond its size is gone: its book counts it as sold without a cost.
    """
    if order.side is not Side.BUY:
        return []
    found = []
    for row in connection.execute(_ENLARGED, {"of": order.local_id}).mappings():
        before = amendment_of(row["amendment"])
        if before is not None and before.qty is not None:
            found.append((row["version"], row["filled_volume"] - before.qty))
    return found


def _being_sold(connection: Connection, order: Order) -> Decimal:
    """Return what orders of the same book may still sell, but for its stops."""
    selling = and_(
        _ORDERS.c.pair == order.pair,
        _ORDERS.c.strategy_id == order.strategy_id,
        _ORDERS.c.timeframe == order.timeframe,
        _ORDERS.c.side == Side.SELL.value,
        _ORDERS.c.purpose != Purpose.PROTECT.value,
        _ORDERS.c.status.in_(sorted(each.value for each in RESERVING)),
    )
    return sum((each.open_qty for each in orders_where(connection, selling)), ZERO)
