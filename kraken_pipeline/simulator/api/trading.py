"""Placing, changing and canceling orders.

Source: kraken/rest.md §6.
"""

from datetime import datetime

from kraken_pipeline.simulator import changes, desk, known_orders, wire
from kraken_pipeline.simulator.api import order_shapes
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.order_rules import Wanted
from kraken_pipeline.simulator.params import Params, RefusedError, invalid


def add_order(exchange: Exchange, params: Params) -> str:
    """Answer AddOrder; with `validate` the order is only read."""
    now = exchange.advance()
    wanted = desk.accept(exchange, params, now)
    if params.flag("validate"):
        return wire.text({"descr": _read(wanted, now)})
    placed = desk.place(exchange, wanted, now)
    return wire.text({"txid": [placed.id], "descr": _read(wanted, now)})


def add_order_batch(exchange: Exchange, params: Params) -> str:
    """Answer AddOrderBatch: one wrong argument refuses all, the engine refuses one by one."""
    now = exchange.advance()
    batch = desk.accept_batch(exchange, params, now)
    if params.flag("validate"):
        return wire.text({"orders": [{"descr": _read(wanted, now)} for wanted in batch]})
    return wire.text({"orders": [_placed(exchange, wanted, now) for wanted in batch]})


def _placed(exchange: Exchange, wanted: Wanted, now: datetime) -> dict[str, object]:
    try:
        placed = desk.place(exchange, wanted, now)
    except RefusedError as refusal:
        return {"error": refusal.text}
    return {"txid": placed.id, "descr": _read(wanted, now)}


def _read(wanted: Wanted, now: datetime) -> dict[str, str]:
    return order_shapes.described(wanted.order("", now), wanted.pair)


def amend_order(exchange: Exchange, params: Params) -> str:
    """Answer AmendOrder: an order changed in place."""
    now = exchange.advance()
    return wire.text({"amend_id": changes.amend(exchange, params, now).amend_id})


def order_amends(exchange: Exchange, params: Params) -> str:
    """Answer OrderAmends: what an order was, and each of its amends."""
    exchange.advance()
    if "order_id" not in params:
        raise invalid("order_id")
    order = exchange.account.orders.get(params.text("order_id"))
    if order is None:
        raise RefusedError(known_orders.NEVER_ISSUED)
    rows = order_shapes.amends(exchange.account, order)
    return wire.text({"amends": rows, "count": len(rows)})


def edit_order(exchange: Exchange, params: Params) -> str:
    """Answer EditOrder: an order replaced by another one."""
    now = exchange.advance()
    edited = changes.edit(exchange, params, now)
    before, after = edited.before, edited.after
    pair = exchange.account.pair_of(before)
    shown: dict[str, object] = {"status": "ok"}
    if not params.flag("validate"):
        shown |= {"txid": after.id, "originaltxid": before.id}
    shown["newuserref"] = after.userref
    if before.userref:
        shown["olduserref"] = before.userref
    described = order_shapes.described(after, pair)
    shown |= {"volume": wire.fixed(after.volume, pair.lot_decimals)}
    for name in ("price", "price2"):
        if name in params:
            shown[name] = params.text(name)
    cancelled = 0 if params.flag("validate") else 1
    return wire.text(shown | {"orders_cancelled": cancelled, "descr": described})


def cancel_order(exchange: Exchange, params: Params) -> str:
    """Answer CancelOrder, by id, userref or cl_ord_id."""
    now = exchange.advance()
    return wire.text({"count": len(desk.cancel(exchange, params, now))})


def cancel_all(exchange: Exchange, params: Params) -> str:
    """Answer CancelAll."""
    now = exchange.advance()
    return wire.text({"count": len(desk.cancel_all(exchange, now))})


def cancel_order_batch(exchange: Exchange, params: Params) -> str:
    """Answer CancelOrderBatch: what is not open is passed over."""
    now = exchange.advance()
    return wire.text({"count": len(desk.cancel_batch(exchange, params, now))})


def cancel_all_orders_after(exchange: Exchange, params: Params) -> str:
    """Answer CancelAllOrdersAfter: the account's dead man's switch; 0 turns it off."""
    now = exchange.advance()
    trigger = desk.set_timer(exchange, params, now)
    shown = wire.iso_seconds(trigger) if trigger else "0"
    return wire.text({"currentTime": wire.iso_seconds(now), "triggerTime": shown})
