"""Whether an order that rests may be changed, asked in the transaction that says so (OMS-12)."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Final

from sqlalchemy import Connection, bindparam, select

from kraken_pipeline.domain.changes import Change, opens_more, sells_more
from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.orders import ENDED, RESERVING, Event, Order
from kraken_pipeline.store import leases
from kraken_pipeline.store.halts import latched_halts
from kraken_pipeline.store.order_rows import ORDERS, in_chunks, orders_found
from kraken_pipeline.store.positions import all_positions
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.store.unproven import unproven_sales

_ORDERS: Final = execution_orders
_SALES: Final = Prepared(
    ORDERS.where(
        _ORDERS.c.pair == bindparam("pair"),
        _ORDERS.c.strategy_id == bindparam("strategy"),
        _ORDERS.c.timeframe == bindparam("timeframe"),
        _ORDERS.c.side == Side.SELL.value,
        (
            _ORDERS.c.status.in_(sorted(each.value for each in RESERVING))
            | (
                _ORDERS.c.status.in_(sorted(each.value for each in ENDED))
                & _ORDERS.c.settled_at.is_(None)
            )
        ),
    )
)
_BOOKED: Final = Prepared(
    select(fills.c.qty).where(
        fills.c.book == bindparam("book"),
        fills.c.kraken_order_id.in_(bindparam("ids", expanding=True)),
    )
)


def require_leave_to_change(
    connection: Connection, order: Order, event: Event, epoch: int | None
) -> None:
    """Let a change pass that no halt, no other sender and no missing coin stands against.

    Raises:
        LeaseLostError: the epoch is not the one in force (OMS-2).
        RefusedError: a halt is latched and it could buy more, or it would sell more than is held.
    """
    leases.require_in_force(connection, epoch, at=event.at)
    wanted = event.amendment
    if wanted is None:
        return
    if opens_more(order, wanted):
        require_no_halt(connection, [order])
    if sells_more(order, wanted):
        _require_held(connection, order, Change(order=order, wanted=wanted).open_qty)


def require_no_halt(connection: Connection, opening: Sequence[Order]) -> None:
    """Let orders that open pass where no halt bears on one of them (PAN-2).

    Raises:
        RefusedError: one does.
    """
    latched = latched_halts(connection) if opening else ()
    in_the_way = [
        str(each)
        for each in latched
        if any(
            each.scope.covers(pair=order.pair, asset=order.base or None, strategy=order.strategy_id)
            for order in opening
        )
    ]
    if in_the_way:
        raise RefusedError("; ".join(in_the_way))


def _require_held(connection: Connection, order: Order, open_qty: Decimal) -> None:
    """Refuse to sell more than the book holds, with all that it is selling already.

    What was sold and is not booked in it yet is not held any more, nor is what a person wrote off
    and was not looked for since.
    """
    of = {"pair": order.pair, "strategy": order.strategy_id, "timeframe": order.timeframe}
    sales = orders_found(connection, _SALES, of)
    ids = [each.kraken_order_id for each in sales if each.kraken_order_id]
    book = book_of(order.strategy_id, order.timeframe)
    with localcontext(EXACT):
        held = sum(
            (
                each.qty
                for each in all_positions(connection)
                if (each.book, each.pair) == (book, order.pair)
            ),
            ZERO,
        )
        unproven = {each.local_id for each in unproven_sales(connection)}
        selling = sum(
            (
                each.open_qty
                for each in sales
                if (each.state in RESERVING and each.local_id != order.local_id)
                or each.local_id in unproven
            ),
            ZERO,
        )
        booked = sum(
            (
                qty
                for some in in_chunks(ids)
                for [qty] in _BOOKED.rows(connection, {"book": book, "ids": some})
            ),
            ZERO,
        )
        unbooked = sum((each.filled_qty for each in sales), ZERO) - booked
        free = held - selling - max(unbooked, ZERO)
    if open_qty > free:
        raise RefusedError(f"AMEND_HELD: {order.local_id} would sell {open_qty}, {free} is free")
