"""The orders that the simulator itself keeps in the book: a ladder around the last price.

They are a function of the pair, its price and the minute. A ladder that was taken stands again at
once: the crowd does not run out. Large markets are tight and deep, small ones wide and thin.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import noise
from kraken_pipeline.simulator.engine import HOUSE, Book, Resting, Side, book
from kraken_pipeline.simulator.listing import Pair

LEVELS: Final = 60
"""Levels on each side."""
_JITTER: Final = 64


def spread_bps(pair: Pair) -> float:
    """Return how far the best bid and ask stand apart, in basis points of the price."""
    return float(min(max(9000 / pair.daily_usd**0.5, 0.05), 90.0))


def ladder(pair: Pair, price: Decimal, minute: int, *, levels: int = LEVELS) -> Iterator[Resting]:
    """Yield the house's orders, best first on each side.

    Args:
        pair: the market.
        price: of the last trade, quote per base.
        minute: minutes since the UNIX epoch; the ladder is another every minute.
        levels: how many on each side.
    """
    ticks = max(int(price / pair.tick), 2)
    spread = max(round(ticks * spread_bps(pair) / 10_000), 1)
    bid = max(ticks - (spread + 1) // 2, 1)
    step = max(ticks * (0.6 + spread_bps(pair) / 3) / 10_000, 1.0)
    seed = noise.key(pair.key, minute)
    usd_price = pair.base_usd(price)
    best_qty = min(max(pair.daily_usd / 20_000, 60.0), 60_000.0) / usd_price
    for side, best in ((Side.BUY, bid), (Side.SELL, bid + spread)):
        for level in range(levels):
            shuffle = (seed >> (level % _JITTER)) % 1021 / 1021
            away = int(step * (level + level * level / 25 + 0.4 * shuffle * (level > 0)))
            at = best - away if side is Side.BUY else best + away
            if at < 1:
                break
            wants = best_qty * (0.4 + shuffle) * (1 + level / 3)
            qty = Decimal(f"{wants:.{pair.lot_decimals}f}")
            yield Resting(
                id=f"{HOUSE}-{side}-{level}",
                owner=HOUSE,
                side=side,
                price=at * pair.tick,
                qty=max(qty, pair.ordermin),
                rank=level,
            )


def best(pair: Pair, price: Decimal, minute: int) -> tuple[Resting, Resting]:
    """Return the house's best bid and ask; see `ladder`."""
    bid, ask = (
        next(order for order in ladder(pair, price, minute, levels=1) if order.side is side)
        for side in (Side.BUY, Side.SELL)
    )
    return bid, ask


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
