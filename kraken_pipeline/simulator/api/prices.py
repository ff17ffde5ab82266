"""OHLC, Trades and Spread.

Source: kraken/rest.md §4.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, pairwise
from typing import Final

from kraken_pipeline.simulator import candles, house, wire
from kraken_pipeline.simulator.api import named
from kraken_pipeline.simulator.candles import DAY, MINUTE, Candle
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market, served
from kraken_pipeline.simulator.ohlc_rows import written
from kraken_pipeline.simulator.params import Params, invalid

INTERVALS: Final = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
MAX_TRADES: Final = 1000
LONGEST_LOOK_BACK: Final = 500
"""How many of the finest candles are looked through for the latest rows."""
STRIDE: Final = 500
"""How many of the finest candles are taken at once on the way through history."""
SPREAD_ROWS: Final = 200
_NANOSECONDS: Final = 10**9
_LARGEST_SECONDS: Final = 10**11
"""A `since` beyond this counts nanoseconds."""


def ohlc(exchange: Exchange, params: Params) -> str:
    """Answer OHLC."""
    key, pair = named.one_market(exchange.market.listing, params)
    interval = params.integer("interval", default=1)
    if interval not in INTERVALS:
        raise invalid()
    since = float(params.number("since")) if "since" in params else None
    now = exchange.clock.now().timestamp()
    found, last = served(exchange.market, pair, interval * MINUTE, since, now)
    return f'{{"{key}":{written(found, pair)},"last":{last}}}'


def trades(exchange: Exchange, params: Params) -> str:
    """Answer Trades: the prints that the candles are made of, the latest or those after `since`.

    `since` counts seconds or nanoseconds; 0 is the market's first trade, so that all of history can
    be walked by giving `last` back.
    """
    key, pair = named.one_market(exchange.market.listing, params)
    count = params.integer("count", default=MAX_TRADES)
    if not 1 <= count <= MAX_TRADES:
        raise invalid("count")
    at = exchange.clock.now().timestamp()
    last = int(at * _NANOSECONDS)
    if "since" in params:
        since = _since(params)
        rows = list(islice(_after(exchange.market, pair, float(since), at), count))
        last = int(since * _NANOSECONDS)
    else:
        rows = _latest(exchange.market, pair, at, count)
    if rows:
        last = int(Decimal(str(rows[-1][2])) * _NANOSECONDS)
    return wire.text({key: rows, "last": str(last)})


def _since(params: Params) -> Decimal:
    since = params.number("since")
    return since / _NANOSECONDS if since > _LARGEST_SECONDS else since


def _after(market: Market, pair: Pair, since: float, at: float) -> Iterator[list[object]]:
    recent = since > at - LONGEST_LOOK_BACK * MINUTE
    first = int(since) if recent else _first_day(market, pair, at)
    opened = int(at) + 1 if first is None else max(int(since), first)
    while opened <= at:
        seconds = market.finest_seconds(pair, opened)
        opened = opened // seconds * seconds
        stop = min(opened + STRIDE * seconds, int(at) // seconds * seconds + seconds)
        found = market.whole(pair, seconds, opened, stop)
        for time in found.time[found.count > 0]:
            candle = market.finest(pair, int(time))
            if candle is not None:
                yield from (row for row in _prints(pair, candle, at) if float(str(row[2])) > since)
        opened = stop


def _first_day(market: Market, pair: Pair, at: float) -> int | None:
    """Return when the day of the pair's first trade began, UNIX seconds; None before it."""
    days = market.whole(pair, DAY, 0, (int(at) // DAY + 1) * DAY)
    traded = days.time[days.count > 0]
    return int(traded[0]) if len(traded) else None


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
    key, pair = named.one_market(exchange.market.listing, params)
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
