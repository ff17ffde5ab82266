"""The market running on: resting orders fill, triggers fire, orders begin and expire.

Everything happens at its own moment, whenever it is asked for. While the whole exchange is under
maintenance nothing does; what became due meanwhile is done when it ends. Source: kraken/ws_v2.md
§3, "Maintenance behaviour".
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.simulator import flow, house, matching, triggers
from kraken_pipeline.simulator.candles import Candle
from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.events import (
    USER_REQUESTED,
    Event,
    OrderEnded,
    TimerSet,
    TriggerMoved,
)
from kraken_pipeline.simulator.floor import MICROSECOND, Floor
from kraken_pipeline.simulator.flow import Hit
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.triggers import Firing, Watch

_ANY_HIGH: Final = int(np.iinfo(np.int64).max)
_NO_LOW: Final = -1
MAINTENANCE: Final = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fired:
    at: datetime
    order_id: str
    last: Decimal


def run(floor: Floor, now: datetime) -> None:
    """Run the market up to now."""
    if floor.account.system == MAINTENANCE:
        floor.position = max(floor.position, now)
        return
    while (moment := _next_moment(floor, now)) is not None:
        floor.crowd.run_to(floor, moment)
        _do_due(floor, moment)
    floor.crowd.run_to(floor, now)


def _next_moment(floor: Floor, now: datetime) -> datetime | None:
    moments = [order.expires for order in floor.account.open.values()] + [floor.account.timer]
    moments += [_start_of(floor, order, now) for order in _scheduled(floor)]
    return min((at for at in moments if at is not None and at <= now), default=None)


def _scheduled(floor: Floor) -> list[Order]:
    """Return the orders whose time will come; none comes while their pair does not trade."""
    return [
        order
        for order in floor.account.open.values()
        if order.status == "pending" and floor.is_matching(floor.account.pair_of(order))
    ]


def _start_of(floor: Floor, order: Order, now: datetime) -> datetime | None:
    """Return when a scheduled order begins: at its time, or now if there was no market then."""
    if order.starts is None or order.starts > now:
        return order.starts
    pair = floor.account.pair_of(order)
    moments = (max(order.starts, floor.position), now)
    return next((at for at in moments if floor.market.is_open(pair, at.timestamp())), None)


def _do_due(floor: Floor, moment: datetime) -> None:
    due = [o for o in floor.account.open.values() if o.expires and o.expires <= moment]
    events: list[Event] = [floor.ended(order, "expired", None) for order in due]
    if floor.account.timer is not None and floor.account.timer <= moment:
        alive = [order for order in floor.account.open.values() if order not in due]
        events += [floor.ended(order, "canceled", USER_REQUESTED) for order in alive]
        events.append(TimerSet(at=floor.stamp(moment), trigger=None))
    if events:
        floor.record(*events)
    for order in _scheduled(floor):
        start = _start_of(floor, order, moment)
        if start is not None and start <= moment and order.id in floor.account.open:
            matching.start(floor, order, max(moment, floor.position))


class House:
    """The others of a market whose prices are a function of time: the house, and its flow."""

    def is_known(self, pair: Pair) -> bool:
        """Tell that it is: the house always quotes."""
        return True

    def ladder(self, pair: Pair, last: Decimal, at: datetime) -> Iterator[Resting]:
        """Return the house's ladder around the last price."""
        return house.ladder(pair, last, int(at.timestamp()) // 60)

    def run_to(self, floor: Floor, moment: datetime) -> None:
        """Run the market to a moment, from one firing or fill with consequences to the next."""
        known: dict[str, Firing | None] = {}
        while floor.position < moment:
            fired = _first_fired(floor, moment, known)
            stop = fired[0].at if fired else moment
            waited = [order.id for order, _ in waiting(floor)]
            came = _filled_until(floor, stop)
            # what a fill has just brought forth follows the price only from here on
            _follow(floor, waited, came)
            floor.position = came
            for each in fired if came == stop else ():
                order = floor.account.open.get(each.order_id)
                if order is not None and order.waits:
                    matching.fire(floor, order, each.last, stop)


HOUSE: Final = House()


def _first_fired(floor: Floor, moment: datetime, known: dict[str, Firing | None]) -> list[_Fired]:
    """Return the triggers that fire next, all in the same moment.

    Args:
        floor: where the orders are.
        moment: how far to look.
        known: when each order fires before that, None for never; what is missing is added.
    """
    start, end = floor.position.timestamp(), moment.timestamp()
    found = []
    for order, pair in waiting(floor):
        if order.id not in known:
            watch = triggers.watch_of(order, pair)
            path = _path(floor, watch, start, end)
            known[order.id] = triggers.watched(watch, path, start, end).firing
        firing = known[order.id]
        if firing is not None:
            at = min(max(_just_after(firing.at), floor.position + MICROSECOND), moment)
            found.append(_Fired(at=at, order_id=order.id, last=firing.last))
    first = min((each.at for each in found), default=None)
    return [each for each in found if each.at == first]


def _follow(floor: Floor, waited: Collection[str], stop: datetime) -> None:
    """Let the stops of trailing orders, by id, follow the market up to a moment."""
    start, end = floor.position.timestamp(), stop.timestamp()
    moved = []
    for order, pair in waiting(floor):
        watch = triggers.watch_of(order, pair)
        if watch.trail is None or order.id not in waited:
            continue
        seen = triggers.watched(watch, _path(floor, watch, start, end), start, end).watch
        if seen.peak is not None and seen.peak != watch.peak:
            at = floor.stamp(stop)
            moved.append(TriggerMoved(at=at, order_id=order.id, peak=seen.peak, stop=seen.stop))
    if moved:
        floor.record(*moved)


def waiting(floor: Floor) -> Iterator[tuple[Order, Pair]]:
    """Yield the orders that wait for their trigger where there is trading, with their pairs."""
    for order in floor.account.open.values():
        if order.status == "open" and order.waits:
            pair = floor.account.pair_of(order)
            if floor.is_matching(pair):
                yield order, pair


def _path(floor: Floor, watch: Watch, start: float, end: float) -> Iterable[Candle]:
    """Return the candles that matter to a watch: all of them to one that trails."""
    stop = int(watch.stop.scaleb(watch.pair.price_decimals))
    low, high = (_NO_LOW, stop) if watch.above else (stop, _ANY_HIGH)
    if watch.trail is not None:
        low = _ANY_HIGH
    return floor.market.reaching(watch.pair, start, end, low=low, high=high)


def _just_after(at: float) -> datetime:
    """Return the first moment at which a print of that time, UNIX seconds, has been made."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment if moment.timestamp() >= at else moment + MICROSECOND


def _filled_until(floor: Floor, stop: datetime) -> datetime:
    """Fill resting orders up to a moment; stop after a fill that brings forth another order.

    Returns:
        How far it came.
    """
    start, end = floor.position.timestamp(), stop.timestamp()
    resting = sorted(floor.account.resting().items())
    hits = [hit for key, orders in resting for hit in _hits(floor, key, orders, start, end)]
    bore: datetime | None = None
    for hit in sorted(hits, key=lambda each: each.at):
        at = min(max(_just_after(hit.at), floor.position), stop)
        if bore is not None and at > bore:
            break
        order = floor.account.open.get(hit.order.id)
        if order is not None:
            fill(floor, order, hit, at)
            bore = at if order.close else bore
    return stop if bore is None else bore


def _hits(floor: Floor, key: str, orders: list[Resting], start: float, end: float) -> Iterator[Hit]:
    pair = floor.market.listing.pair(key)
    if pair is None:
        raise LookupError(f"an open order is for {key}, which is not listed here")
    if not floor.is_matching(pair):
        return
    scale = pair.price_decimals
    buys = [int(o.price.scaleb(scale)) for o in orders if o.side is Side.BUY]
    sells = [int(o.price.scaleb(scale)) for o in orders if o.side is Side.SELL]
    low, high = max(buys, default=_NO_LOW), min(sells, default=_ANY_HIGH)
    reach = floor.market.reaching(pair, start, end, low=low, high=high)
    yield from flow.hits(pair, orders, reach, start, end)


def fill(floor: Floor, order: Order, hit: Hit, at: datetime) -> None:
    """Let a resting order trade at a moment, and end if that was all of it."""
    pair = floor.account.pair_of(order)
    traded = floor.fill(order, pair, (hit.order.price, hit.qty), at, maker=True, first=None)
    ends: list[OrderEnded] = []
    if hit.qty == order.left:
        ends.append(
            OrderEnded(at=floor.stamp(traded.at), order_id=order.id, status="closed", reason=None)
        )
    matching.happened(floor, order, [traded, *ends], at)
