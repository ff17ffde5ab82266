"""The doors for changing an open order: in place, or by another one.

Source: kraken/rest.md §6, AmendOrder and EditOrder. Where its words for a refusal are not on
record, the argument that does not suit the order is named.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.simulator import engine_limits, known_orders, matching, price_syntax
from kraken_pipeline.simulator.desk import age_of, new_id, require_engine
from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.events import Event, OrderAmended
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_prices import limit_of, trigger_of
from kraken_pipeline.simulator.order_rules import display_fits, mode_problem, refuse_unsound
from kraken_pipeline.simulator.order_terms import check_deadline, userref
from kraken_pipeline.simulator.orders import Closing, Distance, Order, Trigger, stop_of
from kraken_pipeline.simulator.params import Params, RefusedError, invalid
from kraken_pipeline.simulator.triggers import reached, watch_of

AMENDABLE = ("order_qty", "display_qty", "limit_price", "trigger_price", "post_only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What came of an edit."""

    before: Order
    """As it was when it was replaced."""
    after: Order
    """The order in its place as it stands, or as it would be, if it was only validated."""


def amend(exchange: Exchange, params: Params, now: datetime) -> OrderAmended:
    """Change an open order in place and return what was changed.

    An order that now crosses trades at once. One whose new total has traded already ends.

    Raises:
        RefusedError: why it can't be changed so.
    """
    require_engine(exchange)
    order = known_orders.named(exchange.account, params)[0]
    penalty = _counted(exchange, order, engine_limits.AMEND, now)
    pair = exchange.account.pair_of(order)
    changed = _changed(exchange, params, order, pair, now)
    check_deadline(params, now)
    event = OrderAmended(
        at=exchange.stamp(now),
        order_id=order.id,
        amend_id=identifier("T", "amend", *exchange.run_id(), exchange.account.events),
        volume=changed.volume,
        price=changed.price,
        post="post" in changed.oflags,
        display=changed.display,
        trigger=changed.trigger,
        executed=order.executed,
    )
    follow_up = _after_amend(exchange, changed, now)
    exchange.counters.charge(pair.key, penalty, now)
    matching.happened(exchange, changed, [event, *follow_up], now)
    return event


def edit(exchange: Exchange, params: Params, now: datetime) -> Edited:
    """Cancel an order and place another one for it; with `validate` nothing is done.

    Raises:
        RefusedError: why it can't be edited so; the order stays as it is.
    """
    require_engine(exchange)
    before = known_orders.named(exchange.account, params)[0]
    check_only = params.flag("validate")
    pair = exchange.account.pair_of(before)
    named_pair = exchange.market.listing.pair(params.text("pair"))
    if named_pair is None:
        raise RefusedError("EQuery:Unknown asset pair") if "pair" in params else invalid("pair")
    penalty = 0 if check_only else _counted(exchange, before, engine_limits.EDIT, now)
    if named_pair is not pair:
        raise invalid("pair")
    _require_editable(before)
    after = _replacement(exchange, params, before, pair, now)
    check_deadline(params, now)
    if check_only:
        return Edited(before=before, after=after)
    replaced = exchange.ended(before, "canceled", "Order replaced")
    after = replace(after, id=new_id(exchange), opened=exchange.stamp(now))
    matching.admit(exchange, after, now, replaced)
    exchange.counters.charge(pair.key, penalty, now)
    return Edited(before=before, after=exchange.account.orders[after.id])


def _counted(exchange: Exchange, order: Order, cost: engine_limits.Cost, now: datetime) -> int:
    """Count the fixed part of a change and return the part to be counted if it is made.

    Raises:
        RefusedError: both together would push the counter over its threshold.
    """
    penalty = cost.of_age(age_of(exchange, order, now))
    exchange.counters.check(order.pair, cost.fixed + penalty, now)
    exchange.counters.charge(order.pair, cost.fixed, now)
    return penalty


def _changed(exchange: Exchange, params: Params, order: Order, pair: Pair, now: datetime) -> Order:
    """Return an order as an amend wants it.

    Raises:
        RefusedError: why it can't be so.
    """
    if not any(name in params for name in AMENDABLE):
        raise invalid()
    last = exchange.last(pair, now)
    changed = replace(
        order,
        volume=_amended_volume(params, order, pair),
        display=_amended_display(params, order),
        price=_amended_limit(params, order, pair, last),
        trigger=_amended_trigger(params, order, pair, last),
        oflags=_amended_flags(params, order),
    )
    if not display_fits(pair, changed.volume, changed.display):
        raise invalid("display_qty")
    problem = mode_problem(
        exchange.mode(pair, now), order.ordertype, post_only="post" in changed.oflags
    )
    if problem is not None:
        raise RefusedError(problem)
    return changed


def _amended_volume(params: Params, order: Order, pair: Pair) -> Decimal:
    if "order_qty" not in params:
        return order.volume
    volume = params.number("order_qty")
    if volume <= 0 or price_syntax.decimals(volume) > pair.lot_decimals or order.in_quote:
        raise invalid("order_qty")
    if order.executed < volume < pair.ordermin:
        raise RefusedError("EGeneral:Invalid arguments:volume minimum not met")
    return volume


def _amended_display(params: Params, order: Order) -> Decimal | None:
    if "display_qty" not in params:
        return order.display
    if order.display is None:
        raise invalid("display_qty")
    return params.number("display_qty")


def _amended_limit(params: Params, order: Order, pair: Pair, last: Decimal) -> Decimal | None:
    """Return the new limit; that of a trailing order is a distance until its trigger fires."""
    text = params.text("limit_price")
    if not text or _keeps_distance(order):
        return order.price
    if order.price is None:
        raise RefusedError("EOrder:Invalid limit price")
    lower = order.side.value == "buy"
    price = price_syntax.price(text, "limit_price", last, pair.tick, lower=lower)
    return _sound(price, pair, "limit_price")


def _keeps_distance(order: Order) -> bool:
    return order.waits and order.trigger is not None and order.trigger.offset is not None


def _amended_trigger(params: Params, order: Order, pair: Pair, last: Decimal) -> Trigger | None:
    trigger, text = order.trigger, params.text("trigger_price")
    if trigger is not None and _keeps_distance(order) and "limit_price" in params:
        offset = price_syntax.distance(params.text("limit_price"), "limit_price")
        trigger = replace(trigger, offset=offset)
    if not text:
        return trigger
    if trigger is None or not order.waits:
        raise invalid("trigger_price")
    if trigger.trail is None:
        price = price_syntax.price(
            text, "trigger_price", last, pair.tick, lower=not order.fires_above
        )
        return replace(trigger, price=_sound(price, pair, "trigger_price"))
    trail = price_syntax.distance(text, "trigger_price")
    if trail.amount <= 0:
        raise invalid("trigger_price")
    stop = stop_of(trail, trigger.peak or last, pair.tick, above=order.fires_above)
    return replace(trigger, trail=trail, price=_sound(stop, pair, "trigger_price"))


def _amended_flags(params: Params, order: Order) -> tuple[str, ...]:
    if not params.flag("post_only") or "post" in order.oflags:
        return order.oflags
    if order.ordertype != "limit":
        raise invalid("post_only")
    return (*order.oflags, "post")


def _sound(price: Decimal, pair: Pair, name: str) -> Decimal:
    if price <= 0:
        raise invalid(name)
    if price % pair.tick:
        raise RefusedError("EOrder:Tick size check failed")
    return price


def _after_amend(exchange: Exchange, changed: Order, now: datetime) -> list[Event]:
    """Return what happens to an order right after it was amended.

    Raises:
        RefusedError: it may only post and would trade, or the funds do not suffice.
    """
    if changed.volume <= changed.executed:
        return [exchange.ended(changed, "closed", None)]
    pair = exchange.account.pair_of(changed)
    fires = changed.waits and reached(watch_of(changed, pair), exchange.last(pair, now))
    if changed.status == "pending" or (changed.waits and not fires):
        matching.check_funds(exchange, changed, [], now, left=changed.left)
        return []
    if fires:
        return matching.fired(exchange, changed, exchange.last(pair, now), now)
    if "post" in changed.oflags and matching.would_take(exchange, changed, now):
        raise RefusedError(f"EOrder:{matching.POST_ONLY}")
    return matching.taken(exchange, changed, now)


def _require_editable(order: Order) -> None:
    """Refuse what an edit can't replace: orders whose trigger fired, with a close, with an own id.

    Raises:
        RefusedError: it can't.
    """
    if order.trigger is not None and not order.waits:
        raise invalid("ordertype")
    if order.close is not None:
        raise invalid("close")
    if order.cl_ord_id is not None:
        raise invalid("cl_ord_id")


def _replacement(
    exchange: Exchange, params: Params, before: Order, pair: Pair, now: datetime
) -> Order:
    """Return the order that is to replace another: what has traded of that is taken off.

    Raises:
        RefusedError: why it can't be.
    """
    flags = params.names("oflags")
    if not {"post"}.issuperset(flags) or (flags and before.ordertype != "limit"):
        raise invalid("oflags")
    post = "post" in before.oflags or bool(flags)
    problem = mode_problem(exchange.mode(pair, now), before.ordertype, post_only=post)
    if problem is not None:
        raise RefusedError(problem)
    volume = params.number("volume") if "volume" in params else before.volume
    if volume <= before.executed or price_syntax.decimals(volume) > pair.lot_decimals:
        raise invalid("volume")
    display = params.number("displayvol") if "displayvol" in params else before.display
    if (before.display is None) is not (display is None):
        raise invalid("displayvol")
    after = _repriced(params, before, pair, exchange.last(pair, now))
    after = replace(
        after,
        volume=volume - before.executed,
        display=display,
        oflags=tuple(dict.fromkeys([*flags, *before.oflags])),
        userref=userref(params) if "userref" in params else before.userref,
        executed=NOTHING,
        cost=NOTHING,
        fee=NOTHING,
        trades=(),
        amended=False,
        replaces=before.id,
    )
    refuse_unsound(after, pair, exchange.last(pair, now))
    return after


def _repriced(params: Params, before: Order, pair: Pair, last: Decimal) -> Order:
    """Return an order with the prices that an edit gives, and its own where it gives none."""
    if "price" not in params and "price2" not in params:
        return before
    trigger = before.trigger
    if trigger is None:
        own, own2 = str(before.price), ""
    elif trigger.trail is None:
        own, own2 = str(trigger.price), str(before.price)
    else:
        own, own2 = _signed(trigger.trail), _signed(trigger.offset)
    spelled = Closing(
        ordertype=before.ordertype,
        price=params.text("price") or own,
        price2=params.text("price2") or own2,
    )
    reference = trigger.reference if trigger else "last"
    return replace(
        before,
        price=limit_of(spelled, before.side, pair, last),
        trigger=trigger_of(spelled, before.side, pair, last, reference),
    )


def _signed(distance: Distance | None) -> str:
    if distance is None:
        return ""
    return f"{distance.amount:+f}{'%' if distance.percent else ''}"
