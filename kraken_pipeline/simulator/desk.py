"""The doors to the engine: what REST and WebSocket pass their requests through.

Each takes the parameters under their REST names, runs every check in Kraken's order and counts the
transaction, so both protocols keep the same rules: `accept` then `place` for a new order,
`accept_batch` then `place` for each of a batch, `cancel`, `cancel_batch`, `cancel_all` and
`set_timer`; `changes` has the doors for amends and edits. All suppose that the exchange was
advanced to `now`.

Source: kraken/rest.md §6, kraken/rate_limits.md B.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import engine_limits, known_orders, matching
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_rules import Wanted, mode_problem, wanted
from kraken_pipeline.simulator.order_terms import check_deadline
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

LARGEST_BATCH: Final = 15
SMALLEST_BATCH: Final = 2
MOST_CANCELS: Final = 50
LONGEST_TIMER: Final = 86_400
UNAVAILABLE: Final = "EService:Unavailable"


def accept(exchange: Exchange, params: Params, now: datetime) -> Wanted:
    """Read and count one order that a caller wants; with `validate` it is only read.

    Raises:
        RefusedError: why it can't be placed.
    """
    pair = _pair(exchange, params)
    if not params.flag("validate"):
        _count(exchange, pair, engine_limits.ADD.fixed, now)
    order = _read(exchange, params, pair, now)
    check_deadline(params, now)
    return order


def accept_batch(exchange: Exchange, params: Params, now: datetime) -> list[Wanted]:
    """Read and count a batch of orders: one that is wrong refuses all.

    Raises:
        RefusedError: why none can be placed.
    """
    pair = _pair(exchange, params)
    listed = params.raw("orders")
    if not isinstance(listed, list) or not SMALLEST_BATCH <= len(listed) <= LARGEST_BATCH:
        raise invalid("orders")
    if not all(isinstance(item, dict) for item in listed):
        raise invalid("orders")
    if not params.flag("validate"):
        _count(exchange, pair, engine_limits.batch_cost(len(listed)), now)
    orders = [_read(exchange, Params(item), pair, now) for item in listed]
    check_deadline(params, now)
    return orders


def place(exchange: Exchange, wanted: Wanted, now: datetime) -> Order:
    """Take an accepted order into the book and return it as it stands then.

    Raises:
        RefusedError: its cl_ord_id is that of an open order, there are too many, or the funds do
            not suffice.
    """
    if wanted.cl_ord_id and exchange.by_cl_ord_id(wanted.cl_ord_id):
        raise RefusedError("EGeneral:Invalid arguments:cl_ord_id not unique")
    _require_room(exchange, wanted)
    order = wanted.order(new_id(exchange), exchange.stamp(now))
    matching.admit(exchange, order, now)
    return exchange.account.orders[order.id]


def new_id(exchange: Exchange) -> str:
    """Return the id of the next order."""
    return identifier("O", *exchange.run_id(), exchange.account.events)


def cancel(exchange: Exchange, params: Params, now: datetime) -> list[Order]:
    """Cancel the orders that a call names and return them as they were.

    Raises:
        RefusedError: none is open, the counter does not allow it, or the engine is off.
    """
    require_engine(exchange)
    orders = known_orders.named(exchange.account, params)
    _count_cancels(exchange, orders, now)
    exchange.cancel(orders)
    return orders


def cancel_batch(exchange: Exchange, params: Params, now: datetime) -> list[Order]:
    """Cancel a list of orders, passing over what is not open, and return them as they were.

    Raises:
        RefusedError: the list is wrong, the counter is over its threshold, or the engine is off.
    """
    require_engine(exchange)
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
            found |= {order.id: order for order in known_orders.named(exchange.account, each)}
        except RefusedError:
            continue
    orders = list(found.values())
    _count_cancels(exchange, orders, now, batch=True)
    exchange.cancel(orders)
    return orders


def cancel_all(exchange: Exchange, now: datetime) -> list[Order]:
    """Cancel every open order and return them as they were.

    Raises:
        RefusedError: the engine is off.
    """
    require_engine(exchange)
    orders = list(exchange.account.open.values())
    for pair, cost in _cancel_costs(exchange, orders, now).items():
        exchange.counters.charge(pair, cost, now)
    exchange.cancel(orders)
    return orders


def set_timer(exchange: Exchange, params: Params, now: datetime) -> datetime | None:
    """Set the account's dead man's switch and return when it fires; 0 turns it off.

    Raises:
        RefusedError: the timeout is wrong, or the engine is off.
    """
    require_engine(exchange)
    timeout = params.integer("timeout")
    if not 0 <= timeout < LONGEST_TIMER:
        raise invalid("timeout")
    trigger = now + timedelta(seconds=timeout) if timeout else None
    exchange.set_timer(trigger)
    return trigger


def require_engine(exchange: Exchange) -> None:
    """Refuse whatever the engine would have to do while it is off.

    Raises:
        RefusedError: the exchange is under maintenance.
    """
    if exchange.account.system == "maintenance":
        raise RefusedError(UNAVAILABLE)


def age_of(exchange: Exchange, order: Order, now: datetime) -> timedelta:
    """Return how long ago an order was placed or last amended."""
    amends = exchange.account.amends.get(order.id)
    return now - (amends[-1].at if amends else order.opened)


def _count(exchange: Exchange, pair: Pair, cost: Decimal, now: datetime) -> None:
    exchange.counters.check(pair.key, cost, now)
    exchange.counters.charge(pair.key, cost, now)


def _count_cancels(
    exchange: Exchange, orders: list[Order], now: datetime, *, batch: bool = False
) -> None:
    """Count cancels: several at once may push the counter over its threshold, a single may not.

    Raises:
        RefusedError: the counter does not allow it.
    """
    costs = _cancel_costs(exchange, orders, now)
    for pair, cost in costs.items():
        alone = not batch and len(orders) == 1
        exchange.counters.check(pair, cost if alone else 0, now)
    for pair, cost in costs.items():
        exchange.counters.charge(pair, cost, now)


def _cancel_costs(exchange: Exchange, orders: Iterable[Order], now: datetime) -> dict[str, int]:
    costs: dict[str, int] = {}
    for order in orders:
        cost = engine_limits.CANCEL.of_age(age_of(exchange, order, now))
        costs[order.pair] = costs.get(order.pair, 0) + cost
    return costs


def _require_room(exchange: Exchange, wanted: Wanted) -> None:
    tier = exchange.counters.tier
    same = [o for o in exchange.account.open.values() if o.pair == wanted.pair.key]
    if len(same) >= tier.open_orders:
        raise RefusedError(engine_limits.ORDERS_EXCEEDED)
    if wanted.starts and sum(o.status == "pending" for o in same) >= tier.scheduled:
        raise RefusedError(engine_limits.SCHEDULED_EXCEEDED)


def _pair(exchange: Exchange, params: Params) -> Pair:
    require_engine(exchange)
    if "pair" not in params:
        raise invalid("pair")
    pair = exchange.market.listing.pair(params.text("pair"))
    if pair is None:
        raise RefusedError("EQuery:Unknown asset pair")
    return pair


def _read(exchange: Exchange, params: Params, pair: Pair, now: datetime) -> Wanted:
    problem = mode_problem(
        exchange.mode(pair, now),
        params.text("ordertype"),
        post_only="post" in params.names("oflags"),
    )
    if problem is not None:
        raise RefusedError(problem)
    return wanted(params, pair, exchange.last(pair, now), now)


def _identity(item: object) -> object:
    """Return the id of a batch's item: plain, or in an object."""
    if isinstance(item, dict):
        return item.get("txid") or item.get("userref")
    return item
