"""One trade of the mirrored market meets our orders."""

from kraken_pipeline.simulator import matching, running, triggers
from kraken_pipeline.simulator.engine import NOTHING, priority
from kraken_pipeline.simulator.events import TriggerMoved
from kraken_pipeline.simulator.floor import Floor
from kraken_pipeline.simulator.flow import Hit
from kraken_pipeline.simulator.mirror.queues import Queues
from kraken_pipeline.simulator.mirror.tape import Trade
from kraken_pipeline.simulator.orders import Order


def meet(floor: Floor, trade: Trade, queues: Queues) -> None:
    """Fill what rests in its way, then fire what waits for its price.

    An order that was not there yet when the trade was made has no part in it.
    """
    if not floor.is_matching(trade.pair):
        return
    waiting = [order for order, pair in running.waiting(floor) if pair is trade.pair]
    _fill(floor, trade, queues)
    for order in waiting:
        if order.id in floor.account.open and _was_there(order, trade):
            _watch(floor, order, trade)


def _was_there(order: Order, trade: Trade) -> bool:
    fired = order.trigger.fired_at if order.trigger is not None else None
    return all(at is None or at < trade.at for at in (order.opened, order.starts, fired))


def _fill(floor: Floor, trade: Trade, queues: Queues) -> None:
    left = trade.qty
    for resting in sorted(floor.account.resting().get(trade.pair.key, ()), key=priority):
        order = floor.account.open.get(resting.id)
        if order is None or not _was_there(order, trade):
            continue
        qty = queues.reached(resting, trade.price, left)
        # a trade may be finer than our lots
        qty -= qty % trade.pair.lot
        if qty > NOTHING:
            left -= qty
            hit = Hit(at=trade.at.timestamp(), order=resting, qty=qty)
            running.fill(floor, order, hit, floor.position)


def _watch(floor: Floor, order: Order, trade: Trade) -> None:
    watch = triggers.watch_of(order, trade.pair)
    if triggers.reached(watch, trade.price):
        matching.fire(floor, order, trade.price, floor.position)
        return
    seen = triggers.followed(watch, trade.price)
    if seen.peak is not None and seen.peak != watch.peak:
        at = floor.stamp(floor.position)
        floor.record(TriggerMoved(at=at, order_id=order.id, peak=seen.peak, stop=seen.stop))
