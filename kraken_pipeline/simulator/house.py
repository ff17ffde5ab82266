"""The orders that the simulator itself keeps in the book: a ladder around the last price.

They are a function of the pair, its price and the minute. A ladder that was taken stands again at
once: the crowd does not run out. Large markets are tight and deep, small ones wide and thin.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np

from kraken_pipeline.simulator import noise
from kraken_pipeline.simulator.candles import Ints
from kraken_pipeline.simulator.engine import HOUSE, Book, Resting, Side, book
from kraken_pipeline.simulator.listing import Listing, Pair, Rows
from kraken_pipeline.simulator.noise import Floats

LEVELS: Final = 60
"""Levels on each side."""
_JITTER: Final = 64


def spread_bps(pair: Pair) -> float:
    """Return how far the best bid and ask stand apart, in basis points of the price."""
    return float(min(max(9000 / pair.daily_usd**0.5, 0.05), 90.0))


def best_usd(pair: Pair) -> float:
    """Return about how much the best orders want, USD."""
    return min(max(pair.daily_usd / 20_000, 60.0), 60_000.0)


def ladder(pair: Pair, price: Decimal, minute: int, *, levels: int = LEVELS) -> Iterator[Resting]:
    """Yield the house's orders, best first on each side.

    Args:
        pair: the market.
        price: of the last trade, quote per base.
        minute: minutes since the UNIX epoch; the ladder is another every minute.
        levels: how many on each side.
    """
    for side in (Side.BUY, Side.SELL):
        rungs = islice(side_rungs(pair, price, minute, side), levels)
        for level, (ticks, lots) in enumerate(rungs):
            yield Resting(
                id=f"{HOUSE}-{side}-{level}",
                owner=HOUSE,
                side=side,
                price=ticks * pair.tick,
                qty=lots * pair.lot,
                rank=level,
            )


def side_rungs(pair: Pair, price: Decimal, minute: int, side: Side) -> Iterator[tuple[int, int]]:
    """Yield one side of the ladder as price in ticks and volume in lots, best first.

    Several rungs may have one price. For the rest see `ladder`.
    """
    ticks = max(int(price / pair.tick), 2)
    spread = max(round(ticks * spread_bps(pair) / 10_000), 1)
    bid = max(ticks - (spread + 1) // 2, 1)
    step = max(ticks * (0.6 + spread_bps(pair) / 3) / 10_000, 1.0)
    seed = noise.key(pair.key, minute)
    best_qty = best_usd(pair) / pair.base_usd(price)
    best, sign = (bid, -1) if side is Side.BUY else (bid + spread, 1)
    least, decimals = int(pair.ordermin / pair.lot), pair.lot_decimals
    for level in range(LEVELS):
        shuffle = (seed >> (level % _JITTER)) % 1021 / 1021
        away = int(step * (level + level * level / 25 + 0.4 * shuffle * (level > 0)))
        at = best + sign * away
        if at < 1:
            return
        wants = best_qty * (0.4 + shuffle) * (1 + level / 3)
        yield at, max(int(f"{wants:.{decimals}f}".replace(".", "")), least)


def best(pair: Pair, price: Decimal, minute: int) -> tuple[Resting, Resting]:
    """Return the house's best bid and ask; see `ladder`."""
    bid, ask = (
        next(order for order in ladder(pair, price, minute, levels=1) if order.side is side)
        for side in (Side.BUY, Side.SELL)
    )
    return bid, ask


def tops(listing: Listing, rows: Rows, close: Ints, minute: int) -> tuple[Ints, Ints, Ints]:
    """Return the best bid and ask of pairs, in whole units, and how much either wants at least.

    It is what `best` says of one pair, cut to whole units of the base, of which there is one.

    Args:
        listing: of the market.
        rows: which of its pairs.
        close: their last prices in whole units, a row a pair.
        minute: minutes since the UNIX epoch.
    """
    crowd = _crowd(listing)
    tick, places = crowd.tick[rows], crowd.lot_decimals[rows]
    ticks = np.maximum(close // tick, 2)
    spread = np.rint(ticks * crowd.spread_bps[rows] / 10_000).astype(np.int64)
    spread = np.maximum(spread, 1)
    bid = np.maximum(ticks - (spread + 1) // 2, 1)
    usd_price = close / crowd.one[rows] * crowd.quote_usd[rows]
    wants = crowd.best_usd[rows] / usd_price * (0.4 + _shuffles(listing, minute)[rows])
    whole = np.floor(wants)
    # in the pair's decimals it may be the next whole unit
    whole += whole + 1 - wants <= 0.5 / 10.0**places
    least = crowd.least[rows]
    return bid * tick, (bid + spread) * tick, np.maximum(whole.astype(np.int64), least)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crowd:
    """What the ladders of all pairs depend on, a row a pair."""

    tick: Ints
    """In the units of the market's prices."""
    one: Floats
    """How many of those units are one."""
    lot_decimals: Ints
    spread_bps: Floats
    best_usd: Floats
    """How much the best orders want, before it is shuffled, USD."""
    quote_usd: Floats
    least: Ints
    """The smallest order in whole units of the base, at least one."""


@lru_cache(maxsize=4)
def _crowd(listing: Listing) -> _Crowd:
    pairs = listing.pairs

    def column(values: Iterable[float]) -> Floats:
        return np.array([*values], dtype=np.float64)[:, None]

    def whole(values: Iterable[int]) -> Ints:
        return np.array([*values], dtype=np.int64)[:, None]

    return _Crowd(
        tick=whole(10 ** (pair.price_decimals - pair.pair_decimals) for pair in pairs),
        one=column(10.0**pair.price_decimals for pair in pairs),
        lot_decimals=whole(pair.lot_decimals for pair in pairs),
        spread_bps=column(spread_bps(pair) for pair in pairs),
        best_usd=column(best_usd(pair) for pair in pairs),
        quote_usd=column(pair.quote_usd for pair in pairs),
        least=whole(max(int(pair.ordermin), 1) for pair in pairs),
    )


@lru_cache(maxsize=4)
def _shuffles(listing: Listing, minute: int) -> Floats:
    """Return the first shuffle of each ladder."""
    return np.array([[noise.key(p.key, minute) % 1021 / 1021] for p in listing.pairs])


def with_own(house: Iterable[Resting], own: Iterable[Resting]) -> Book:
    """Return the book of the house's and the accounts' orders.

    House orders that would trade with an account's stand back: what trades with those is decided by
    the flow of the market, not by the ladder.
    """
    orders = list(own)
    bid = max((order.price for order in orders if order.side is Side.BUY), default=None)
    ask = min((order.price for order in orders if order.side is Side.SELL), default=None)
    for order in house:
        if order.side is Side.SELL and bid is not None and order.price <= bid:
            continue
        if order.side is Side.BUY and ask is not None and order.price >= ask:
            continue
        orders.append(order)
    return book(orders)


def queue_ahead(pair: Pair, price: Decimal) -> Decimal:
    """Return how much stands before an order at its own price, base."""
    return (pair.daily_base(price) / 50_000).quantize(pair.lot)
