"""Depth, GroupedBook and Level3: the book by price, by steps of prices, and by order.

Source: kraken/rest.md §4; the fields of GroupedBook and Level3 are those of Kraken's OpenAPI file.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import islice
from typing import Final

from kraken_pipeline.simulator import wire
from kraken_pipeline.simulator.accounts import OWNER
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.candles import MINUTE
from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.params import Params, invalid

MAX_LEVELS: Final = 500
GROUPED_DEPTHS: Final = frozenset({10, 25, 100, 250, 1000})
GROUPINGS: Final = frozenset({1, 5, 10, 25, 50, 100, 250, 500, 1000})
_NANOSECONDS: Final = 10**9


def depth(exchange: Exchange, params: Params) -> str:
    """Answer Depth: the house's orders and the account's, put together by price."""
    key, pair = named.one_market(exchange.market.listing, params)
    count = params.integer("count", default=100)
    if not 1 <= count <= MAX_LEVELS:
        raise invalid("count")
    now = exchange.advance()
    book = exchange.book(pair, now)
    minute = int(now.timestamp()) // MINUTE * MINUTE
    sides = {
        name: [
            [wire.fixed(price, wire.quote_decimals(pair)), wire.fixed(qty, 3), minute]
            for price, qty in islice(_levels(orders), count)
        ]
        for name, orders in (("asks", book.asks), ("bids", book.bids))
    }
    return wire.text({key: sides})


def _levels(
    orders: Iterable[Resting], step: Decimal | None = None
) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield prices and how much stands at each, best first; at steps of prices if one is given.

    A price between two steps counts for the worse one: asks are rounded up, bids down.
    """
    levels: dict[Decimal, Decimal] = {}
    for order in orders:
        price = order.price
        if step is not None:
            towards = ROUND_CEILING if order.side is Side.SELL else ROUND_FLOOR
            price = (price / step).to_integral_value(towards) * step
        levels[price] = levels.get(price, Decimal(0)) + order.qty
    yield from levels.items()


def grouped_book(exchange: Exchange, params: Params) -> str:
    """Answer GroupedBook: the book in steps of so many ticks."""
    key, pair = named.one_pair(exchange.market.listing, params)
    count = params.integer("depth", default=10)
    grouping = params.integer("grouping", default=1)
    if count not in GROUPED_DEPTHS:
        raise invalid("depth")
    if grouping not in GROUPINGS:
        raise invalid("grouping")
    book = exchange.book(pair, exchange.advance())
    sides = {
        name: [
            {
                "price": wire.fixed(price, wire.quote_decimals(pair)),
                "qty": wire.fixed(qty, wire.VOLUME_DECIMALS),
            }
            for price, qty in islice(_levels(orders, pair.tick * grouping), count)
        ]
        for name, orders in (("bids", book.bids), ("asks", book.asks))
    }
    return wire.text({"pair": key, "grouping": grouping} | sides)


def level3(exchange: Exchange, params: Params) -> str:
    """Answer Level3: every order that is seen in the book, 0 for all of them."""
    key, pair = named.one_pair(exchange.market.listing, params)
    count = params.integer("depth", default=100)
    if count < 0:
        raise invalid("depth")
    now = exchange.advance()
    book, minute = exchange.book(pair, now), int(now.timestamp()) // MINUTE * MINUTE
    sides = {
        name: [_seen(exchange, pair, order, minute) for order in islice(orders, count or None)]
        for name, orders in (("bids", book.bids), ("asks", book.asks))
    }
    return wire.text({"pair": key} | sides)


def _seen(exchange: Exchange, pair: Pair, order: Resting, minute: int) -> dict[str, object]:
    own = exchange.account.open.get(order.id) if order.owner == OWNER else None
    since = int(own.opened.timestamp() * _NANOSECONDS) if own else minute * _NANOSECONDS
    return {
        "price": wire.fixed(order.price, wire.quote_decimals(pair)),
        "qty": wire.fixed(order.qty, wire.VOLUME_DECIMALS),
        "order_id": order.id if own else identifier("O", order.id, pair.key, minute),
        "timestamp": since,
    }
