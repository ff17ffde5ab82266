"""Taking orders: matching them on arrival, changing them, and whether they can be paid for.

Source: kraken/rest.md §6. A post-only order that would trade is accepted and then canceled, the
first of the two forms on record; the rest of an order that may not rest is canceled, or the order
is closed if it has traded.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.accounts import OWNER, reserved
from kraken_pipeline.simulator.engine import (
    NOTHING,
    Book,
    Incoming,
    Outcome,
    Resting,
    Side,
    crosses,
    match,
)
from kraken_pipeline.simulator.events import (
    Event,
    Order,
    OrderAmended,
    OrderEnded,
    OrderFilled,
    OrderOpened,
)
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.order_rules import Wanted
from kraken_pipeline.simulator.params import RefusedError

POST_ONLY: Final = "Post only order"
UNFILLED: Final = {"IOC": "Immediate or cancel", "FOK": "Fill or kill"}


def place(exchange: Exchange, wanted: Wanted, now: datetime) -> Order:
    """Accept an order and match it.

    Raises:
        RefusedError: its cl_ord_id is that of an open order, or the funds do not suffice.
    """
    if wanted.cl_ord_id and exchange.by_cl_ord_id(wanted.cl_ord_id):
        raise RefusedError("EGeneral:Invalid arguments:cl_ord_id not unique")
    order = _order(
        wanted, identifier("O", *exchange.run_id(), exchange.account.events), exchange.stamp(now)
    )
    exchange.record(*_entered(exchange, order, now))
    return exchange.account.orders[order.id]


def amend(
    exchange: Exchange, order: Order, *, volume: Decimal, price: Decimal | None, post: bool
) -> str:
    """Change an open order in place and return the amend's id.

    An order that now crosses trades at once. One whose new total has traded already ends.

    Raises:
        RefusedError: it may only post and would trade, or the funds do not suffice.
    """
    now = exchange.advance()
    pair = exchange.account.pair_of(order)
    event = OrderAmended(
        at=exchange.stamp(now),
        order_id=order.id,
        amend_id=identifier("T", "amend", *exchange.run_id(), exchange.account.events),
        volume=volume,
        price=price,
        post=post,
    )
    if volume <= order.executed:
        exchange.record(event, exchange.ended(order, "closed", None))
        return event.amend_id
    book = _without(exchange.book(pair, now), order.id)
    outcome = match(
        _incoming(order, pair, volume - order.executed, price), book.against(order.side)
    )
    if outcome.matches and post:
        raise RefusedError(f"EOrder:{POST_ONLY}")
    fills = list(_fills(exchange, order, pair, outcome, now))
    left = _remainder(order, outcome.left, price) if outcome.left else None
    _check_funds(exchange, order, fills, now, left)
    stays = bool(outcome.left) and not outcome.met_itself
    exchange.record(event, *fills, *([] if stays else [_leaves(exchange, order, outcome)]))
    return event.amend_id


def _entered(exchange: Exchange, order: Order, now: datetime) -> list[Event]:
    """Return what happens when an order enters the book.

    Raises:
        RefusedError: the funds do not suffice.
    """
    pair = exchange.account.pair_of(order)
    against = exchange.book(pair, now).against(order.side)
    opened = OrderOpened(at=order.opened, order=order)
    if "post" in order.oflags and against and crosses(order.side, order.price, against[0].price):
        _check_funds(exchange, order, [], now, order)
        return [opened, exchange.ended(order, "canceled", POST_ONLY)]
    outcome = match(_incoming(order, pair, order.volume, order.price), against)
    if order.timeinforce == "FOK" and outcome.left:
        return [opened, exchange.ended(order, "canceled", UNFILLED["FOK"])]
    fills = list(_fills(exchange, order, pair, outcome, now))
    rests = order.price is not None and order.timeinforce in {"GTC", "GTD"}
    stays = bool(outcome.left) and rests and not outcome.met_itself
    left = _remainder(order, outcome.left, order.price) if rests and outcome.left else None
    _check_funds(exchange, order, fills, now, left)
    return [opened, *fills, *([] if stays else [_leaves(exchange, order, outcome)])]


def _leaves(exchange: Exchange, order: Order, outcome: Outcome) -> OrderEnded:
    if not outcome.left and outcome.matches:
        return exchange.ended(order, "closed", None)
    if outcome.met_itself:
        return exchange.ended(order, "canceled", "Self trade prevention")
    status = "closed" if outcome.matches else "canceled"
    return exchange.ended(order, status, UNFILLED.get(order.timeinforce, "No liquidity"))


def _fills(
    exchange: Exchange, order: Order, pair: Pair, outcome: Outcome, now: datetime
) -> Iterator[OrderFilled]:
    first: str | None = None
    for offset, found in enumerate(outcome.matches):
        fill = exchange.fill(
            order,
            pair,
            (found.resting.price, found.qty),
            now,
            maker=False,
            first=first,
            offset=offset,
        )
        first = first or fill.trade_id
        yield fill


def _check_funds(
    exchange: Exchange,
    order: Order,
    fills: Sequence[OrderFilled],
    now: datetime,
    left: Order | None,
) -> None:
    """Refuse an order that the account can't pay for: what has traded of it and what is left.

    Raises:
        RefusedError: the funds do not suffice.
    """
    pair = exchange.account.pair_of(order)
    rate = exchange.taker_rate(pair, now)
    buys = order.side is Side.BUY
    asset = pair.quote if buys else pair.base
    needed = reserved(left, pair, rate).get(asset.id, NOTHING) if left else NOTHING
    needed += sum((fill.cost if buys else fill.qty for fill in fills), NOTHING)
    if buys is not order.fee_in_base:
        needed += sum((fill.fee for fill in fills), NOTHING)
    if needed > exchange.account.free(asset, rate, without=order.id):
        raise RefusedError("EOrder:Insufficient funds")


def _order(wanted: Wanted, identity: str, at: datetime) -> Order:
    return Order(
        id=identity,
        pair=wanted.pair.key,
        side=wanted.side,
        ordertype=wanted.ordertype,
        price=wanted.price,
        volume=wanted.volume,
        in_quote=wanted.in_quote,
        oflags=wanted.oflags,
        timeinforce=wanted.timeinforce,
        expires=wanted.expires,
        cl_ord_id=wanted.cl_ord_id,
        userref=wanted.userref,
        opened=at,
    )


def _remainder(order: Order, left: Decimal, price: Decimal | None) -> Order:
    return Order(
        id=order.id,
        pair=order.pair,
        side=order.side,
        ordertype=order.ordertype,
        price=price,
        volume=left,
        oflags=order.oflags,
        opened=order.opened,
    )


def _incoming(order: Order, pair: Pair, volume: Decimal, price: Decimal | None) -> Incoming:
    return Incoming(
        owner=OWNER,
        side=order.side,
        qty=None if order.in_quote else volume,
        limit=price,
        budget=volume if order.in_quote else None,
        lot=pair.lot,
    )


def _without(book: Book, order_id: str) -> Book:
    def others(orders: Iterable[Resting]) -> tuple[Resting, ...]:
        return tuple(order for order in orders if order.id != order_id)

    return Book(bids=others(book.bids), asks=others(book.asks))
