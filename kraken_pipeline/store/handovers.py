"""What somebody let an order of ours buy beyond its size: it is theirs, and goes to `manual`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, and_, bindparam, select

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.lots import MANUAL, Fill, book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import RESERVING, Fact, Order
from kraken_pipeline.store import schema, transfers
from kraken_pipeline.store.order_rows import amendment_of, in_chunks, orders_where
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.books import book_transfers
from kraken_pipeline.store.schema.orders import execution_order_events, execution_orders

_ORDERS: Final = execution_orders
_TRANSFERS: Final = book_transfers
_FILLS: Final = schema.books.fills
_EVENTS: Final = execution_order_events
_TERMS: Final = Prepared(
    select(_EVENTS.c.fact, _EVENTS.c.amendment)
    .where(
        _EVENTS.c.local_id == bindparam("of"),
        _EVENTS.c.fact.in_([Fact.ENLARGED_SEEN.value, Fact.AMENDED.value]),
    )
    .order_by(_EVENTS.c.version)
)
"""What an order was before each change of it, oldest first."""
_BOOKED: Final = Prepared(select(_FILLS.c.qty).where(_FILLS.c.kraken_order_id == bindparam("of")))
_GIVEN: Final = Prepared(select(_TRANSFERS.c.qty).where(_TRANSFERS.c.reason == bindparam("why")))


def excess(connection: Connection, order: Order) -> Decimal:
    """Return what an order bought beyond what we ordered and `manual` was not given yet; base.

    What one that sells took beyond its size is gone: its book counts it as sold without a cost.
    """
    if order.side is not Side.BUY or order.kraken_order_id is None:
        return ZERO
    booked = _sum(_BOOKED, connection, {"of": order.kraken_order_id})
    beyond = booked - _ours(connection, order)
    return beyond - _sum(_GIVEN, connection, {"why": _reason(order)}) if beyond > 0 else ZERO


def hand_over_new(connection: Connection, fills: Sequence[Fill]) -> None:
    """Give `manual` its share of fills that were just booked, be the order open or not.

    Whoever looks at the book next finds what is its own: an exit, or a stop, for all of it would
    sell the person's (F-MON-9).
    """
    bought = [each for each in fills if each.side is Side.BUY and each.book != MANUAL]
    for some in in_chunks(sorted({each.kraken_order_id for each in bought})):
        for order in orders_where(connection, _ORDERS.c.kraken_order_id.in_(some)):
            hand_over(connection, order, at=max(each.at for each in bought))


def hand_over(connection: Connection, order: Order, *, at: datetime) -> bool:
    """Give `manual` what an order bought beyond what we ordered, each unit once.

    While sales of its own may take it, it stays in the book; a stop follows what is left.

    Args:
        connection: in a transaction that writes.
        order: whose fills are booked.
        at: now.

    Returns:
        Whether nothing is left to give.
    """
    beyond = excess(connection, order)
    if beyond <= 0:
        return True
    place = book_of(order.strategy_id, order.timeframe), order.pair
    holding = transfers.position_at(connection, place)
    selling = _being_sold(connection, order)
    if selling and holding.qty < beyond + selling:
        return False
    qty = Qty(min(beyond, holding.qty))
    if not qty:
        return True
    whole = transfers.transfer_of(connection, holding, MANUAL, at=at, reason=_reason(order))
    given = _sum(_GIVEN, connection, {"why": _reason(order)})
    identity = "X" + digest([order.local_id, given + qty])[:24]
    cost = holding.cost if qty == holding.qty else holding.cost * qty / holding.qty
    transfer = replace(whole, transfer_id=identity, qty=qty, cost=cost)
    transfers.keep(connection, holding, transfer, actor="books")
    return True


def _ours(connection: Connection, order: Order) -> Decimal:
    """Return what we ordered; of an order that was changed and still counts, the most of it."""
    changes = [
        (fact, before.qty)
        for fact, kept in _TERMS.rows(connection, {"of": order.local_id})
        if (before := amendment_of(kept)) is not None and before.qty is not None
    ]
    enlarged = [qty for fact, qty in changes if fact == Fact.ENLARGED_SEEN.value]
    if enlarged:
        return enlarged[0]
    # what filled before a change of ours took effect was ordered too
    asked = None if order.amending is None else order.amending.qty
    return max([order.qty, asked or order.qty, *(qty for _, qty in changes)])


def _reason(order: Order) -> str:
    return f"{order.local_id} was enlarged at the exchange"


def _sum(wanted: Prepared, connection: Connection, values: Mapping[str, str]) -> Decimal:
    return sum((qty for [qty] in wanted.rows(connection, values)), ZERO)


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
