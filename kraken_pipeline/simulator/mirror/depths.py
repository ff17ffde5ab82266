"""The mirrored books: as they were told last, less what our own orders took out of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.engine import HOUSE, NOTHING, Resting, Side
from kraken_pipeline.simulator.listing import Pair

STALE: Final = timedelta(seconds=10)
"""A book that is older fills nothing."""
LEVELS: Final = 500
"""Of each side that are asked for: as many as there may be."""
SIDES: Final[Mapping[Side, str]] = {Side.BUY: "bids", Side.SELL: "asks"}


@dataclass(slots=True)
class Depth:
    """One pair's book."""

    at: datetime
    """When it came."""
    levels: Mapping[Side, dict[Decimal, Decimal]]
    """Base at each price of each side, best first."""
    taken: dict[tuple[Side, Decimal], Decimal] = field(default_factory=dict)
    """What our orders took since, base: it is not there twice."""

    def ahead(self, side: Side, price: Decimal) -> Decimal | None:
        """Return how much stands at a price; None if that is beyond what is told."""
        levels = self.levels[side]
        if price in levels:
            return levels[price]
        worst = next(reversed(levels), None)
        if worst is None or len(levels) < LEVELS:
            return NOTHING
        told = price > worst if side is Side.BUY else price < worst
        return NOTHING if told else None

    def ladder(self, side: Side) -> Iterator[Resting]:
        """Yield the orders of a side, one a price, best first."""
        for rank, (price, qty) in enumerate(self.levels[side].items()):
            left = qty - self.taken.get((side, price), NOTHING)
            if left > NOTHING:
                yield Resting(
                    id=f"{HOUSE}-{side}-{rank}",
                    owner=HOUSE,
                    side=side,
                    price=price,
                    qty=left,
                    rank=rank,
                )


def depth_of(result: object, pair: Pair, at: datetime) -> Depth | None:
    """Return the book in the result of Depth; None if it is in no form that is known."""
    try:
        sides = next(iter(result.values())) if isinstance(result, dict) else {}
        levels = {side: _levels(sides[name], pair) for side, name in SIDES.items()}
    except (KeyError, TypeError, ValueError, ArithmeticError, StopIteration):
        return None
    return Depth(at=at, levels=levels)


def _levels(rows: Sequence[Sequence[str]], pair: Pair) -> dict[Decimal, Decimal]:
    return {
        Decimal(price).quantize(pair.tick): Decimal(qty).quantize(pair.lot)
        for price, qty, *_ in rows
    }
