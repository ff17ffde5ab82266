"""OHLC, Depth, Trades and Spread.

Source: kraken/rest.md §4.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, pairwise
from typing import Final

from kraken_pipeline.simulator import candles, house, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.candles import MINUTE, Candle
from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market, served
from kraken_pipeline.simulator.ohlc_rows import written
from kraken_pipeline.simulator.params import Params, invalid

INTERVALS: Final = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
MAX_LEVELS: Final = 500
MAX_TRADES: Final = 1000
LONGEST_LOOK_BACK: Final = 500
"""How many of the finest candles Trades looks through for its rows."""
SPREAD_ROWS: Final = 200
_NANOSECONDS: Final = 10**9
_LARGEST_SECONDS: Final = 10**11
"""A `since` beyond this counts nanoseconds."""


def ohlc(exchange: Exchange, params: Params) -> str:
    """Answer OHLC."""
    key, pair = named.one_pair(exchange.market.listing, params)
    interval = params.integer("interval", default=1)
    if interval not in INTERVALS:
        raise invalid()
    since = float(params.number("since")) if "since" in params else None
    now = exchange.clock.now().timestamp()
    found, last = served(exchange.market, pair, interval * MINUTE, since, now)
    return f'{{"{key}":{written(found, pair)},"last":{last}}}'


def depth(exchange: Exchange, params: Params) -> str:
    """Answer Depth: the house's orders and the account's, put together by price."""
    key, pair = named.one_pair(exchange.market.listing, params)
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


def _levels(orders: tuple[Resting, ...]) -> Iterator[tuple[Decimal, Decimal]]:
    levels: dict[Decimal, Decimal] = {}
    for order in orders:
        levels[order.price] = levels.get(order.price, Decimal(0)) + order.qty
    yield from levels.items()


def trades(exchange: Exchange, params: Params) -> str:
    """Answer Trades: the prints that the candles are made of, the last 1000 or those after `since`.

    It looks back a few hundred of the finest candles, not to the market's first trade.
    """
    key, pair = named.one_pair(exchange.market.listing, params)
    count = params.integer("count", default=MAX_TRADES)
    if not 1 <= count <= MAX_TRADES:
        raise invalid("count")
    at = exchange.clock.now().timestamp()
    if "since" in params:
        rows = list(islice(_after(exchange.market, pair, _since(params), at), count))
    else:
        rows = _latest(exchange.market, pair, at, count)
    last = int(Decimal(str(rows[-1][2])) * _NANOSECONDS) if rows else int(at * _NANOSECONDS)
    return wire.text({key: rows, "last": str(last)})


def _since(params: Params) -> float:
    since = params.number("since")
    return float(since / _NANOSECONDS if since > _LARGEST_SECONDS else since)


def _after(market: Market, pair: Pair, since: float, at: float) -> Iterator[list[object]]:
    seconds = market.finest_seconds(pair, at)
    start = max(since, at - LONGEST_LOOK_BACK * seconds)
    for opened in range(int(start) // seconds * seconds, int(at) + 1, seconds):
        candle = market.finest(pair, opened)
        if candle is not None:
            yield from (row for row in _prints(pair, candle, at) if float(str(row[2])) > since)


def _latest(market: Market, pair: Pair, at: float, count: int) -> list[list[object]]:
    seconds = market.finest_seconds(pair, at)
    rows: list[list[object]] = []
    opened = int(at) // seconds * seconds
    for _ in range(LONGEST_LOOK_BACK):
        candle = market.finest(pair, opened)
        if candle is None or len(rows) >= count:
            break
        rows = [*_prints(pair, candle, at), *rows]
        opened -= seconds
    return rows[-count:]


def _prints(pair: Pair, candle: Candle, at: float) -> Iterator[list[object]]:
    numbers = range(candles.prints_until(candle, at))
    prices = [candle.open, *(candles.print_price(candle, number) for number in numbers)]
    for number, (before, price) in zip(numbers, pairwise(prices), strict=True):
        yield [
            wire.quote(pair, price),
            wire.volume(pair, candles.print_volume(candle, number)),
            round(candles.print_time(candle, number), 7),
            "b" if price >= before else "s",
            "m" if number % 3 else "l",
            "",
            candle.time // MINUTE * 10_000 - 236_678_400_000 + number,
        ]


def spread(exchange: Exchange, params: Params) -> str:
    """Answer Spread: the best bid and ask at each print lately."""
    key, pair = named.one_pair(exchange.market.listing, params)
    now = exchange.clock.now()
    since = params.integer("since", default=0)
    rows = []
    for row in _latest(exchange.market, pair, now.timestamp(), SPREAD_ROWS):
        at = int(float(str(row[2])))
        bid, ask = house.best(pair, Decimal(str(row[0])), at // MINUTE)
        if at >= since:
            quotes = [wire.fixed(each.price, wire.quote_decimals(pair)) for each in (bid, ask)]
            rows.append([at, *quotes])
    return wire.text({key: rows, "last": int(now.timestamp())})
