"""Placing, changing and canceling orders.

Source: kraken/rest.md §6.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import desk, ids, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.api.shapes import order_text
from kraken_pipeline.simulator.events import Order
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_rules import Wanted, check_deadline, wanted
from kraken_pipeline.simulator.params import Params, RefusedError, invalid, number

LARGEST_BATCH: Final = 15
SMALLEST_BATCH: Final = 2
MOST_CANCELS: Final = 50
LONGEST_TIMER: Final = 86_400
UNKNOWN: Final = "EOrder:Unknown order"
NEVER_ISSUED: Final = "EOrder:Invalid order"


def add_order(exchange: Exchange, params: Params) -> str:
    """Answer AddOrder; with `validate` the order is only read."""
    now = exchange.advance()
    pair = _pair(exchange, params)
    order = _wanted(exchange, params, pair, now)
    check_deadline(params, now)
    if params.flag("validate"):
        return wire.text({"descr": {"order": _words(order)}})
    placed = desk.place(exchange, order, now)
    return wire.text({"txid": [placed.id], "descr": {"order": order_text(placed, pair)}})


def add_order_batch(exchange: Exchange, params: Params) -> str:
    """Answer AddOrderBatch: one wrong argument refuses all, the engine refuses one by one."""
    now = exchange.advance()
    pair = _pair(exchange, params)
    listed = params.raw("orders")
    if not isinstance(listed, list) or not SMALLEST_BATCH <= len(listed) <= LARGEST_BATCH:
        raise invalid("orders")
    if not all(isinstance(item, dict) for item in listed):
        raise invalid("orders")
    orders = [_wanted(exchange, Params(item), pair, now) for item in listed]
    check_deadline(params, now)
    if params.flag("validate"):
        return wire.text({"orders": [{"descr": {"order": _words(order)}} for order in orders]})
    return wire.text({"orders": [_placed(exchange, order, now) for order in orders]})


def _placed(exchange: Exchange, order: Wanted, now: datetime) -> dict[str, object]:
    try:
        placed = desk.place(exchange, order, now)
    except RefusedError as refusal:
        return {"error": refusal.text}
    return {"txid": placed.id, "descr": {"order": order_text(placed, order.pair)}}


def _pair(exchange: Exchange, params: Params) -> Pair:
    if "pair" not in params:
        raise invalid("pair")
    return named.found(exchange.market.listing, params.text("pair"))


def _wanted(exchange: Exchange, params: Params, pair: Pair, now: datetime) -> Wanted:
    status = exchange.status(pair, now)
    if status == "cancel_only":
        raise RefusedError("EService:Market in cancel_only mode")
    return wanted(params, pair, exchange.last(pair, now), now)


def _words(order: Wanted) -> str:
    pair = order.pair
    decimals = pair.cost_decimals if order.in_quote else pair.lot_decimals
    at = "market" if order.price is None else f"limit {order.price:.{pair.pair_decimals}f}"
    return f"{order.side} {wire.fixed(order.volume, decimals)} {pair.altname} @ {at}"


def amend_order(exchange: Exchange, params: Params) -> str:
    """Answer AmendOrder: a new total volume, a new limit, or both."""
    now = exchange.advance()
    [order] = _named_order(exchange, params)[:1]
    check_deadline(params, now)
    pair = exchange.account.pair_of(order)
    volume = params.number("order_qty") if "order_qty" in params else order.volume
    price = _amended_price(params, order, pair)
    if volume <= 0 or volume % pair.lot:
        raise invalid("order_qty")
    if order.executed < volume < pair.ordermin:
        raise RefusedError("EGeneral:Invalid arguments:volume minimum not met")
    post = params.flag("post_only") or "post" in order.oflags
    return wire.text(
        {"amend_id": desk.amend(exchange, order, volume=volume, price=price, post=post)}
    )


def _amended_price(params: Params, order: Order, pair: Pair) -> Decimal | None:
    if "limit_price" not in params:
        return order.price
    price = number(params.text("limit_price"), "limit_price")
    if price <= 0:
        raise invalid("limit_price")
    if price % pair.tick:
        raise RefusedError("EOrder:Tick size check failed")
    return price


def cancel_order(exchange: Exchange, params: Params) -> str:
    """Answer CancelOrder, by id, userref or cl_ord_id."""
    exchange.advance()
    return wire.text({"count": exchange.cancel(_named_order(exchange, params))})


def cancel_all(exchange: Exchange, params: Params) -> str:
    """Answer CancelAll."""
    exchange.advance()
    return wire.text({"count": exchange.cancel(list(exchange.account.open.values()))})


def cancel_order_batch(exchange: Exchange, params: Params) -> str:
    """Answer CancelOrderBatch: what is not open is passed over."""
    exchange.advance()
    listed = params.raw("orders") or []
    clients = params.raw("cl_ord_ids") or []
    if not isinstance(listed, list) or not isinstance(clients, list):
        raise invalid("orders")
    if not 0 < len(listed) + len(clients) <= MOST_CANCELS:
        raise invalid("orders")
    asked = [Params({"txid": _identity(item)}) for item in listed]
    asked += [Params({"cl_ord_id": item}) for item in clients]
    found: dict[str, Order] = {}
    for each in asked:
        try:
            found |= {order.id: order for order in _named_order(exchange, each)}
        except RefusedError:
            continue
    return wire.text({"count": exchange.cancel(found.values())})


def _identity(item: object) -> object:
    """Return the id of a batch's item: plain, or in an object."""
    if isinstance(item, dict):
        return item.get("txid") or item.get("userref")
    return item


def cancel_all_orders_after(exchange: Exchange, params: Params) -> str:
    """Answer CancelAllOrdersAfter: the account's dead man's switch; 0 turns it off."""
    now = exchange.advance()
    timeout = params.integer("timeout")
    if not 0 <= timeout < LONGEST_TIMER:
        raise invalid("timeout")
    trigger = now + timedelta(seconds=timeout) if timeout else None
    exchange.set_timer(trigger)
    shown = wire.iso_seconds(trigger) if trigger else "0"
    return wire.text({"currentTime": wire.iso_seconds(now), "triggerTime": shown})


def _named_order(exchange: Exchange, params: Params) -> list[Order]:
    """Return the open orders that a call means.

    Raises:
        RefusedError: none is open; an id that never was is told from one that has ended.
    """
    account = exchange.account
    if "cl_ord_id" in params:
        known = [o for o in account.orders.values() if o.cl_ord_id == params.text("cl_ord_id")]
    elif "txid" not in params:
        raise invalid("txid")
    elif ids.SHAPE.fullmatch(params.text("txid")):
        known = (
            [account.orders[params.text("txid")]] if params.text("txid") in account.orders else []
        )
    else:
        userref = _userref(params.text("txid"))
        known = [order for order in account.orders.values() if order.userref == userref]
    if not known:
        raise RefusedError(NEVER_ISSUED)
    alive = [order for order in known if order.id in account.open]
    if not alive:
        raise RefusedError(UNKNOWN)
    return alive


def _userref(text: str) -> int:
    try:
        return int(text)
    except ValueError as wrong:
        raise RefusedError(NEVER_ISSUED) from wrong
