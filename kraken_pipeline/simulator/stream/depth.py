"""A book in whole numbers: its best levels, what changed between two looks, its checksum; pure.

Source: kraken/ws_v2.md §4, book.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from zlib import crc32

from kraken_pipeline.simulator import house
from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream.frames import fixed

CHECKED: Final = 10
"""How many levels of each side the checksum covers, whatever the depth."""

Level = tuple[int, int]
"""A price in the pair's ticks, and how much stands there in its lots."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a book, each best first."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    def best(self, count: int) -> "Sides":
        """Return the best levels of each side."""
        return Sides(self.bids[:count], self.asks[:count])


def looked_at(pair: Pair, price: Decimal, minute: int, own: Sequence[Resting], count: int) -> Sides:
    """Return the best levels of a pair's book.

    Args:
        pair: the market.
        price: of the last trade, quote per base.
        minute: since the UNIX epoch: the house's orders are others every minute.
        own: the account's orders in this book.
        count: how many levels of each side.
    """
    bids = [order for order in own if order.side is Side.BUY]
    asks = [order for order in own if order.side is Side.SELL]
    highest = max((_ticks(pair, order) for order in bids), default=None)
    lowest = min((_ticks(pair, order) for order in asks), default=None)
    rungs = (house.side_rungs(pair, price, minute, side) for side in (Side.BUY, Side.SELL))
    house_bids, house_asks = (_levels(each, count) for each in rungs)
    # house orders that would trade with an account's stand back, as in `house.with_own`
    if lowest is not None:
        house_bids = {ticks: lots for ticks, lots in house_bids.items() if ticks < lowest}
    if highest is not None and house_asks and min(house_asks) <= highest:
        every = _levels(house.side_rungs(pair, price, minute, Side.SELL), house.LEVELS)
        house_asks = {ticks: lots for ticks, lots in every.items() if ticks > highest}
    return Sides(
        tuple(sorted(_joined(pair, house_bids, bids), reverse=True)[:count]),
        tuple(sorted(_joined(pair, house_asks, asks))[:count]),
    )


def _ticks(pair: Pair, order: Resting) -> int:
    return int(order.price / pair.tick)


def _levels(rungs: Iterable[Level], count: int) -> dict[int, int]:
    """Return the best levels of rungs, those of one price put together."""
    levels: dict[int, int] = {}
    for ticks, lots in rungs:
        if ticks not in levels and len(levels) == count:
            break
        levels[ticks] = levels.get(ticks, 0) + lots
    return levels


def _joined(pair: Pair, levels: dict[int, int], own: Iterable[Resting]) -> Iterable[Level]:
    for order in own:
        ticks = _ticks(pair, order)
        qty = order.qty if order.shown is None else order.shown
        levels[ticks] = levels.get(ticks, 0) + int(qty / pair.lot)
    return levels.items()


def changes(before: Sequence[Level], after: Sequence[Level], depth: int) -> list[Level]:
    """Return what turns the one side into the other for a client that keeps `depth` levels.

    What is gone comes first, with nothing left of it. A level that better ones push out of the
    depth is not told: the client cuts it off. So the side is right after every cut, whether a
    client cuts after each level or after the whole message.
    """
    was, now = dict(before), dict(after)
    told = [(ticks, lots) for ticks, lots in after if was.get(ticks) != lots]
    gone = [ticks for ticks, _ in before if ticks not in now]
    if len(after) == depth:
        worst, falls = after[-1][0], after[0][0] > after[-1][0]
        gone = [ticks for ticks in gone if (ticks > worst if falls else ticks < worst)]
    return [*((ticks, 0) for ticks in gone), *told]


def checksum(sides: Sides) -> int:
    """Return the CRC32 over the ten best asks and then bids.

    Whole numbers are what Kraken's rule makes of the texts: without point and leading zeros.
    """
    digits = (
        f"{ticks}{lots}" for side in (sides.asks, sides.bids) for ticks, lots in side[:CHECKED]
    )
    return crc32("".join(digits).encode())


def written(pair: Pair, levels: Iterable[Level]) -> str:
    """Return levels as JSON."""
    price, qty = pair.pair_decimals, pair.lot_decimals
    rows = (f'{{"price":{fixed(ticks, price)},"qty":{fixed(lots, qty)}}}' for ticks, lots in levels)
    return f"[{','.join(rows)}]"
