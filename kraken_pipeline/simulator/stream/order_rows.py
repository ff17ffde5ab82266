"""Orders and trades as the executions channel shows them.

Source: kraken/ws_v2.md §5, executions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.events import OrderFilled
from kraken_pipeline.simulator.listing import Pair, display_name
from kraken_pipeline.simulator.orders import Distance, Order, Trigger
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.wire import cost_decimals, fixed, quote_decimals

Row = Mapping[str, str]
"""Fields as JSON, by name."""

LIQUIDITY: Final = MappingProxyType({True: "m", False: "t"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What had traded of an order at a moment."""

    qty: Decimal = NOTHING
    """Base."""
    cost: Decimal = NOTHING
    """Quote."""
    fee_usd: Decimal = NOTHING

    def with_fill(self, order: Order, fill: OrderFilled) -> "Done":
        """Return what has traded after another fill."""
        return replace(
            self,
            qty=self.qty + fill.qty,
            cost=self.cost + fill.cost,
            fee_usd=self.fee_usd + fee_usd(order, fill),
        )


def fee_usd(order: Order, fill: OrderFilled) -> Decimal:
    """Return about what the fee of a fill is worth, USD."""
    in_quote = fill.fee * fill.price if order.fee_in_base else fill.fee
    return in_quote * fill.usd / fill.cost if fill.cost else NOTHING


def identity(order: Order) -> dict[str, str]:
    """Return the name that the caller gave: a client id, or else a number."""
    if order.cl_ord_id:
        return {"cl_ord_id": frames.text(order.cl_ord_id)}
    return {"order_userref": str(order.userref)}


def rounded(value: Decimal, decimals: int) -> str:
    """Return a number with so many decimals, a half away from zero."""
    return fixed(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP), decimals)


def sums(pair: Pair, done: Done) -> dict[str, str]:
    """Return what has traded, its average price and its fees."""
    average = done.cost / done.qty if done.qty else NOTHING
    return {
        "cum_qty": fixed(done.qty, pair.lot_decimals),
        "cum_cost": rounded(done.cost, cost_decimals(pair)),
        "fee_usd_equiv": rounded(done.fee_usd, cost_decimals(pair)),
        "avg_price": rounded(average, quote_decimals(pair)),
    }


def order_row(order: Order, pair: Pair, done: Done, at: datetime, kind: str, status: str) -> Row:
    """Return all that is known of an order."""
    fields = {
        "order_id": frames.text(order.id),
        "symbol": frames.text(pair.display),
        **_wanted(order, pair),
        **sums(pair, done),
        "time_in_force": frames.text(order.timeinforce),
        "exec_type": frames.text(kind),
        "side": frames.text(order.side.value),
        "order_type": frames.text(order.ordertype),
        **identity(order),
        **_prices(order, pair),
        **_conditions(order, pair),
        "order_status": frames.text(status),
        "fee_ccy_pref": frames.text("fcib" if order.fee_in_base else "fciq"),
        "timestamp": frames.micros(at),
    }
    if not done.qty:
        del fields["cum_qty"], fields["avg_price"]
    return fields


def _wanted(order: Order, pair: Pair) -> dict[str, str]:
    if order.in_quote:
        return {"cash_order_qty": rounded(order.volume, cost_decimals(pair))}
    qty = {"order_qty": fixed(order.volume, pair.lot_decimals)}
    if order.display is None:
        return qty
    return qty | {
        "display_qty": fixed(order.display, pair.lot_decimals),
        "display_qty_remain": fixed(order.shown, pair.lot_decimals),
    }


def _prices(order: Order, pair: Pair) -> dict[str, str]:
    decimals, found = pair.pair_decimals, {}
    offset = order.trigger.offset if order.trigger else None
    if offset is not None and order.waits:
        found["limit_price_type"] = frames.text("pct" if offset.percent else "quote")
        found["limit_price"] = f"{offset.amount:f}"
    elif order.price is not None:
        found["limit_price_type"] = frames.text("static")
        found["limit_price"] = fixed(order.price, decimals)
    if order.trigger is None:
        return found | {"stop_price": fixed(NOTHING, decimals)}
    return found | {
        "triggers": triggers(order.trigger, pair),
        "stop_price": fixed(order.trigger.price, decimals),
        "trigger": frames.text(order.trigger.reference),
    }


def triggers(trigger: Trigger, pair: Pair) -> str:
    """Return what an order waits for, or waited for, as JSON."""
    decimals = pair.pair_decimals
    price, kind = _trigger_price(trigger, decimals)
    fields = {"price": price, "price_type": frames.text(kind)}
    if trigger.trail is not None:
        fields["actual_price"] = fixed(trigger.price, decimals)
        fields["peak_price"] = fixed(trigger.peak or trigger.price, decimals)
    if trigger.last is not None:
        fields["last_price"] = fixed(trigger.last, decimals)
    fields["reference"] = frames.text(trigger.reference)
    fields["status"] = frames.text("untriggered" if trigger.fired_at is None else "triggered")
    if trigger.fired_at is not None:
        fields["timestamp"] = frames.micros(trigger.fired_at)
    return frames.members(fields)


def _trigger_price(trigger: Trigger, decimals: int) -> tuple[str, str]:
    trail: Distance | None = trigger.trail
    if trail is None:
        return fixed(trigger.price, decimals), "static"
    return (f"{trail.amount:f}", "pct") if trail.percent else (f"{trail.amount:f}", "quote")


def _conditions(order: Order, pair: Pair) -> dict[str, str]:
    found: dict[str, str] = {}
    if order.close is not None:
        found["contingent"] = _contingent(order)
    if order.starts is not None:
        found["effective_time"] = frames.micros(order.starts)
    if order.expires is not None:
        found["expire_time"] = frames.micros(order.expires)
    if "post" in order.oflags:
        found["post_only"] = "true"
    if order.amended:
        found["amended"] = "true"
    if order.refid is not None:
        found["ord_ref_id"] = frames.text(order.refid)
    return found


def _contingent(order: Order) -> str:
    if order.close is None:
        return "{}"
    prices = {"limit_price": order.close.price}
    if order.close.ordertype != "limit":
        prices = {"trigger_price": order.close.price, "limit_price": order.close.price2}
    fields = {"order_type": frames.text(order.close.ordertype)}
    for name, spelled in prices.items():
        if spelled:
            amount, kind = _spelled(spelled)
            fields |= {name: amount, f"{name}_type": frames.text(kind)}
    return frames.members(fields)


def _spelled(price: str) -> tuple[str, str]:
    """Return a price as it was asked for as a number, and of what type it is."""
    kind = "pct" if price.endswith("%") else "quote" if price[0] in "+-#" else "static"
    return f"{Decimal(price.rstrip('%').lstrip('#')):f}", kind


def trade_row(order: Order, pair: Pair, fill: OrderFilled) -> dict[str, str]:
    """Return a fill, without what it adds up to."""
    asset = pair.base if order.fee_in_base else pair.quote
    decimals = pair.base.decimals if order.fee_in_base else cost_decimals(pair)
    fee = {"asset": frames.text(display_name(asset.altname)), "qty": rounded(fill.fee, decimals)}
    return {
        "order_id": frames.text(order.id),
        **identity(order),
        "exec_id": frames.text(fill.trade_id),
        "exec_type": frames.text("trade"),
        "trade_id": str(fill.number),
        "symbol": frames.text(pair.display),
        "side": frames.text(order.side.value),
        "last_qty": fixed(fill.qty, pair.lot_decimals),
        "last_price": fixed(fill.price, pair.pair_decimals),
        "liquidity_ind": frames.text(LIQUIDITY[fill.maker]),
        "cost": rounded(fill.cost, cost_decimals(pair)),
        "order_status": frames.text("filled"),
        "order_type": frames.text(order.ordertype),
        "timestamp": frames.micros(fill.at),
        "fee_usd_equiv": rounded(fee_usd(order, fill), cost_decimals(pair)),
        "fees": f"[{frames.members(fee)}]",
    }
