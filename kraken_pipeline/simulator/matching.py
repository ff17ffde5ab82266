"""Orders on their way into the book: new ones, scheduled ones, and those whose trigger fires.

Source: kraken/rest.md §6. A post-only order that would trade is accepted and then canceled, the
first of the two forms on record; the rest of an order that may not rest is canceled, or the order
is closed if it has traded. A fill of an order with a conditional close brings forth one order of
its own.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import closing
from kraken_pipeline.simulator.accounts import OWNER, reserved
from kraken_pipeline.simulator.engine import (
    NOTHING,
    Incoming,
    Outcome,
    Side,
    crosses,
    match,
    priority,
)
from kraken_pipeline.simulator.events import (
    Event,
    OrderEnded,
    OrderFilled,
    OrderOpened,
    OrderStarted,
    OrderTriggered,
    TriggerMoved,
)
from kraken_pipeline.simulator.floor import Floor
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order, stop_of
from kraken_pipeline.simulator.params import RefusedError
from kraken_pipeline.simulator.triggers import reached, watch_of

POST_ONLY: Final = "Post only order"
SELF_TRADE: Final = "Self trade prevention"
NO_FUNDS: Final = "Insufficient funds"
NO_LIQUIDITY: Final = "No liquidity"
UNFILLED: Final = {"IOC": "Immediate or cancel", "FOK": "Fill or kill"}
RESTING: Final = frozenset({"GTC", "GTD"})


def admit(floor: Floor, order: Order, now: datetime, *before: Event) -> None:
    """Take a new order, in one step with what happened before it.

    Raises:
        RefusedError: the funds do not suffice; nothing has happened.
    """
    opened = OrderOpened(at=order.opened, order=order)
    happened(floor, order, [*before, opened, *_first(floor, order, now)], now)


def fire(floor: Floor, order: Order, last: Decimal, now: datetime) -> None:
    """Let a trigger fire: the order goes to the book, or ends if it can't be paid for."""
    triggered, active = _triggered(floor, order, last)
    try:
        follow_up = taken(floor, active, now)
    except RefusedError:
        follow_up = [floor.ended(active, "canceled", NO_FUNDS)]
    happened(floor, active, [triggered, *follow_up], now)


def fired(floor: Floor, order: Order, last: Decimal, now: datetime) -> list[Event]:
    """Return what happens when the trigger of an order fires that is about to change.

    Raises:
        RefusedError: the funds do not suffice.
    """
    triggered, active = _triggered(floor, order, last)
    return [triggered, *taken(floor, active, now)]


def start(floor: Floor, order: Order, now: datetime) -> None:
    """Begin a scheduled order whose time has come."""
    begun, events = _begun(floor, replace(order, status="open"), now)
    happened(floor, begun, [*events, *_first_or_ended(floor, begun, now)], now)


def happened(floor: Floor, order: Order, events: Sequence[Event], now: datetime) -> None:
    """Write down what happened to an order, and take the children of its fills."""
    children = []
    if order.close is not None:
        pair = floor.account.pair_of(order)
        children = [
            closing.child(order, fill, pair, floor.last(pair, now), floor.stamp(now))
            for fill in events
            if isinstance(fill, OrderFilled)
        ]
    floor.record(*events, *(OrderOpened(at=each.opened, order=each) for each in children))
    for child in children:
        follow_up = _first_or_ended(floor, child, now)
        if follow_up:
            floor.record(*follow_up)


def reopen(floor: Floor, pair: Pair, now: datetime) -> None:
    """Let orders that rested while their pair did not trade meet a market that has moved on."""
    own = floor.account.resting().get(pair.key, [])
    for each in sorted(own, key=priority):
        order = floor.account.open[each.id]
        events = taken(floor, order, now, apart_from=[other.id for other in own])
        if events:
            happened(floor, order, events, now)


def taken(
    floor: Floor, order: Order, now: datetime, *, apart_from: Collection[str] = ()
) -> list[Event]:
    """Return what happens when an order meets the book.

    Args:
        floor: where the book is.
        order: as it is to be.
        now: the exchange's time.
        apart_from: orders of the account, by id, that it does not meet.

    Raises:
        RefusedError: the funds do not suffice.
    """
    pair = floor.account.pair_of(order)
    against = floor.book(pair, now, without={*_own(order), *apart_from}).against(order.side)
    outcome = match(_incoming(order, pair), against)
    if order.timeinforce == "FOK" and outcome.left:
        return [floor.ended(order, "canceled", UNFILLED["FOK"])]
    fills = list(_fills(floor, order, pair, outcome, now))
    rests = order.price is not None and order.timeinforce in RESTING
    check_funds(floor, order, fills, now, left=outcome.left if rests else None)
    gone = [floor.account.open[each] for each in outcome.gone]
    ends: list[Event] = [floor.ended(each, "canceled", SELF_TRADE) for each in gone]
    if not rests or not outcome.left or outcome.met_itself:
        ends.append(_leaves(floor, order, outcome))
    return [*fills, *ends]


def would_take(floor: Floor, order: Order, now: datetime) -> bool:
    """Tell whether an order would trade at once."""
    pair = floor.account.pair_of(order)
    against = floor.book(pair, now, without=_own(order)).against(order.side)
    return bool(against) and crosses(order.side, order.price, against[0].price)


def check_funds(
    floor: Floor,
    order: Order,
    fills: Sequence[OrderFilled],
    now: datetime,
    *,
    left: Decimal | None,
) -> None:
    """Refuse an order that the account can't pay for: what has traded of it and what is left.

    Args:
        floor: where the account is.
        order: as it is to be.
        fills: what trades of it at once.
        now: the exchange's time.
        left: how much of it waits or rests afterwards, in the unit of its volume.

    Raises:
        RefusedError: the funds do not suffice.
    """
    pair = floor.account.pair_of(order)
    rates = floor.taker_rates(now)
    buys = order.side is Side.BUY
    asset = pair.quote if buys else pair.base
    needed = NOTHING
    if left:
        rest = replace(order, volume=left, executed=NOTHING, cost=NOTHING)
        needed = reserved(rest, pair, rates(pair)).get(asset.id, NOTHING)
    needed += sum((fill.cost if buys else fill.qty for fill in fills), NOTHING)
    if buys is not order.fee_in_base:
        needed += sum((fill.fee for fill in fills), NOTHING)
    if needed > floor.account.free(asset, rates, without=_own(order)):
        raise RefusedError(f"EOrder:{NO_FUNDS}")


def _first(floor: Floor, order: Order, now: datetime) -> list[Event]:
    """Return what happens to an order right after it was opened.

    Raises:
        RefusedError: the funds do not suffice.
    """
    pair = floor.account.pair_of(order)
    if order.status == "pending":
        check_funds(floor, order, [], now, left=order.left)
        return []
    if order.waits:
        last = floor.last(pair, now)
        if not reached(watch_of(order, pair), last):
            check_funds(floor, order, [], now, left=order.left)
            return []
        return fired(floor, order, last, now)
    if "post" in order.oflags and would_take(floor, order, now):
        check_funds(floor, order, [], now, left=order.left)
        return [floor.ended(order, "canceled", POST_ONLY)]
    return taken(floor, order, now)


def _first_or_ended(floor: Floor, order: Order, now: datetime) -> list[Event]:
    try:
        return _first(floor, order, now)
    except RefusedError:
        return [floor.ended(order, "canceled", NO_FUNDS)]


def _begun(floor: Floor, order: Order, now: datetime) -> tuple[Order, list[Event]]:
    """Return a scheduled order as it begins: a trailing one follows the price only from now on."""
    events: list[Event] = [OrderStarted(at=floor.stamp(now), order_id=order.id)]
    trigger, pair = order.trigger, floor.account.pair_of(order)
    if trigger is None or trigger.trail is None:
        return order, events
    peak = floor.last(pair, now)
    stop = stop_of(trigger.trail, peak, pair.tick, above=order.fires_above)
    events.append(TriggerMoved(at=floor.stamp(now), order_id=order.id, peak=peak, stop=stop))
    return replace(order, trigger=replace(trigger, peak=peak, price=stop)), events


def _triggered(floor: Floor, order: Order, last: Decimal) -> tuple[OrderTriggered, Order]:
    """Return that a trigger fires, and the order as it is then."""
    trigger, price = order.trigger, order.price
    if trigger is None:
        raise ValueError(f"order {order.id} has no trigger that could fire")
    if trigger.offset is not None:
        tick = floor.account.pair_of(order).tick
        price = max(trigger.offset.from_(trigger.price, tick), tick)
    event = OrderTriggered(
        at=floor.stamp(floor.position), order_id=order.id, last=last, price=price
    )
    return event, replace(
        order, price=price, trigger=replace(trigger, fired_at=event.at, last=last)
    )


def _leaves(floor: Floor, order: Order, outcome: Outcome) -> OrderEnded:
    if not outcome.left and outcome.matches:
        return floor.ended(order, "closed", None)
    if outcome.met_itself:
        return floor.ended(order, "canceled", SELF_TRADE)
    status = "closed" if outcome.matches else "canceled"
    return floor.ended(order, status, UNFILLED.get(order.timeinforce, NO_LIQUIDITY))


def _fills(
    floor: Floor, order: Order, pair: Pair, outcome: Outcome, now: datetime
) -> Iterator[OrderFilled]:
    first: str | None = None
    for offset, found in enumerate(outcome.matches):
        traded = (found.resting.price, found.qty)
        fill = floor.fill(order, pair, traded, now, maker=False, first=first, offset=offset)
        first = first or fill.trade_id
        yield fill


def _incoming(order: Order, pair: Pair) -> Incoming:
    return Incoming(
        owner=OWNER,
        side=order.side,
        qty=None if order.in_quote else order.left,
        limit=order.price,
        budget=order.left if order.in_quote else None,
        lot=pair.lot,
        stp=order.stp,
    )


def _own(order: Order) -> tuple[str | None, ...]:
    """Return the ids of what an order takes the place of: itself as it was, or the edited one."""
    return order.id, order.replaces
