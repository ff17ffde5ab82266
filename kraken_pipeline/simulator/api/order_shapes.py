"""Orders as the answers show them: in words, and field by field.

Source: kraken/rest.md §5, "descr.order grammar" and the recorded orders.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator import price_syntax, wire
from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.events import OrderAmended
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import KINDS, Closing, Order

TRADED_AS: Final = {"stopped": "stop", "touched": "touched"}
"""How the trade of an order whose trigger fired begins to say so."""


def order_text(order: Order, pair: Pair) -> str:
    """Return an order in words: `buy 0.00200000 ETHUSDT @ limit 4065.54`."""
    volume = wire.fixed(order.volume, pair.cost_decimals if order.in_quote else pair.lot_decimals)
    return f"{order.side} {volume} {pair.altname} @ {_terms(order.ordertype, _prices(order, pair))}"


def close_text(close: Closing, pair: Pair) -> str:
    """Return a conditional close in words: `close position @ limit 22000.0`."""
    given = (close.price, close.price2 if KINDS[close.ordertype].fired else "")
    shown = [price_syntax.shown(each, pair.pair_decimals) for each in given if each]
    return f"close position @ {_terms(close.ordertype, [*shown, '0', '0'])}"


def described(order: Order, pair: Pair) -> dict[str, str]:
    """Return what AddOrder says of an order that was accepted."""
    words = {"order": order_text(order, pair)}
    return words | {"close": close_text(order.close, pair)} if order.close else words


def _terms(ordertype: str, prices: list[str]) -> str:
    kind = KINDS[ordertype]
    if not kind.fired:
        return f"limit {prices[0]}" if kind.limited else kind.words
    limit = f" -> limit {prices[1]}" if kind.limited else ""
    return f"{kind.words} {prices[0]}{limit}"


def _prices(order: Order, pair: Pair) -> list[str]:
    """Return `price` and `price2` as they are shown: 0 for one that the type has not."""
    trigger, limit = order.trigger, "0"
    if order.price is not None:
        limit = wire.fixed(order.price, pair.pair_decimals)
    if trigger is None:
        return [limit, "0"]
    if trigger.trail is None:
        return [wire.fixed(trigger.price, pair.pair_decimals), limit if order.kind.limited else "0"]
    offset = trigger.offset
    return [
        price_syntax.spelled(trigger.trail, pair.pair_decimals),
        price_syntax.spelled(offset, pair.pair_decimals) if offset else "0",
    ]


def order(account: Account, order: Order, *, with_trades: bool) -> dict[str, object]:
    """Return an order as OpenOrders, ClosedOrders and QueryOrders show it."""
    pair = account.pair_of(order)
    decimals = wire.cost_decimals(pair)
    average = order.cost / order.executed if order.executed else NOTHING
    shown: dict[str, object] = {"refid": order.refid, "userref": order.userref}
    if order.cl_ord_id:
        shown["cl_ord_id"] = order.cl_ord_id
    shown |= {
        "status": order.status,
        "opentm": wire.seconds(order.opened),
        "starttm": wire.seconds(order.starts) if order.starts else 0,
        "expiretm": wire.seconds(order.expires) if order.expires else 0,
        "descr": _description(order, pair),
        "vol": wire.fixed(order.executed if order.in_quote else order.volume, pair.lot_decimals),
        "vol_exec": wire.fixed(order.executed, pair.lot_decimals),
        "cost": wire.fixed(order.cost, decimals),
        "fee": wire.fixed(order.fee, decimals),
        "price": wire.fixed(average.quantize(_step(decimals), rounding=ROUND_HALF_UP), decimals),
        "stopprice": wire.fixed(order.trigger.price if order.trigger else NOTHING, decimals),
        "limitprice": wire.fixed(_limit_after_firing(order), decimals),
        "misc": _misc(order),
        "oflags": ",".join(order.oflags),
    }
    if order.trigger is not None:
        shown["trigger"] = order.trigger.reference
    if order.ended is not None:
        shown |= {"closetm": wire.seconds(order.ended), "reason": order.reason}
    if with_trades and order.trades:
        shown["trades"] = list(order.trades)
    return shown


def _description(order: Order, pair: Pair) -> dict[str, str]:
    price, price2 = _prices(order, pair)
    return {
        "pair": pair.altname,
        "aclass": "forex",
        "type": str(order.side),
        "ordertype": order.ordertype,
        "price": price,
        "price2": price2,
        "leverage": "none",
        "order": order_text(order, pair),
        "close": close_text(order.close, pair) if order.close else "",
    }


def _limit_after_firing(order: Order) -> Decimal:
    fired = order.trigger is not None and not order.waits
    return order.price if fired and order.price is not None else NOTHING


def _misc(order: Order) -> str:
    partial = order.executed > NOTHING and (order.status == "open" or order.left > NOTHING)
    fired = order.kind.fired if order.trigger and not order.waits else ""
    words = [fired, "partial" if partial and not order.in_quote else ""]
    return ",".join(word for word in [*words, "amended" if order.amended else ""] if word)


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def traded_as(order: Order) -> str:
    """Return the order's type as its trades show it: `limit`, `stop limit`, `touched market`."""
    ends_as = "limit" if order.kind.limited else "market"
    return f"{TRADED_AS[order.kind.fired]} {ends_as}" if order.kind.fired else ends_as


def amends(account: Account, order: Order) -> list[dict[str, object]]:
    """Return what an order was and what it was changed to, first to last."""
    return list(_amend_rows(account, order))


def _amend_rows(account: Account, order: Order) -> Iterator[dict[str, object]]:
    pair = account.pair_of(order)
    first = account.before_amends.get(order.id, order)
    original = OrderAmended(
        at=first.opened,
        order_id=order.id,
        amend_id=identifier("T", "original", order.id),
        volume=first.volume,
        price=first.price,
        post="post" in first.oflags,
        display=first.display,
        trigger=first.trigger,
    )
    yield _amend_row(original, pair) | {"amend_type": "original"}
    for event in account.amends.get(order.id, []):
        yield _amend_row(event, pair) | {"amend_type": "user", "reason": event.reason}


def _amend_row(event: OrderAmended, pair: Pair) -> dict[str, object]:
    left = max(event.volume - event.executed, NOTHING)
    row: dict[str, object] = {
        "amend_id": event.amend_id,
        "amend_type": "",
        "order_qty": wire.fixed(event.volume, pair.lot_decimals),
        "remaining_qty": wire.fixed(left, pair.lot_decimals),
        "post_only": event.post,
        "timestamp": int(event.at.timestamp() * 1000),
    }
    if event.display is not None:
        row["display_qty"] = wire.fixed(event.display, pair.lot_decimals)
    if event.price is not None:
        row["limit_price"] = wire.fixed(event.price, pair.pair_decimals)
    if event.trigger is not None:
        row["trigger_price"] = wire.fixed(event.trigger.price, pair.pair_decimals)
    return row
