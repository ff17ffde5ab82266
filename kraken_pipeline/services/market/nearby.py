"""How much the books of pairs hold near their middle, read within what the exchange allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import (
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import Depth, Level
from kraken_pipeline.domain.money import BPS, ZERO
from kraken_pipeline.domain.universe_filters import Nearby
from kraken_pipeline.services.ports.exchange import Clock, Market
from kraken_pipeline.services.ports.universe import DepthStore

FRESH: Final = timedelta(hours=1)
"""A book that was read within this is not read again."""
LASTS: Final = timedelta(hours=6)
"""A reading older than this says nothing any more."""
MOST_READ: Final = 120
"""Books that one refresh reads: two minutes of what the public side allows at one a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyDesk:
    """What reading books needs."""

    market: Market
    depths: DepthStore
    clock: Clock


def nearby_of(
    desk: NearbyDesk, pairs: Sequence[Pair], *, within_bps: int, notional: Mapping[str, Decimal]
) -> dict[str, Nearby]:
    """Return what the book of each pair holds, as far as that is known.

    Those that were never read come first, then those that trade most. Where the exchange does not
    answer any more, what was read before is all there is.

    Args:
        desk: what it works with.
        pairs: whose books are wanted.
        within_bps: how far from the middle, in basis points of it.
        notional: of 24 h, by our name; it only orders the calls.
    """
    at = desk.clock()
    kept = {
        name: each
        for name, each in desk.depths.readings().items()
        if each.within_bps == within_bps and at - each.read_at <= LASTS
    }
    due = [each for each in pairs if each.name not in kept or at - kept[each.name].read_at >= FRESH]
    due.sort(key=lambda each: (each.name in kept, -notional.get(each.name, ZERO), each.name))
    news = _read(desk, due[:MOST_READ], within_bps)
    desk.depths.keep(news)
    return {each.name: (kept | news)[each.name] for each in pairs if each.name in kept | news}


def near_middle(depth: Depth, *, within_bps: int, read_at: datetime) -> Nearby | None:
    """Return what a book holds near its middle; None where a side is empty or the two cross.

    Args:
        depth: the book, the best price of each side first.
        within_bps: how far from the middle, in basis points of it.
        read_at: when.
    """
    if not depth.bids or not depth.asks or depth.bids[0].price > depth.asks[0].price:
        return None
    middle = (depth.bids[0].price + depth.asks[0].price) / 2
    reach = middle * within_bps * BPS
    return Nearby(
        within_bps=within_bps,
        bids=_worth(depth.bids, low=middle - reach, high=middle),
        asks=_worth(depth.asks, low=middle, high=middle + reach),
        read_at=read_at,
    )


def _worth(levels: Sequence[Level], *, low: Decimal, high: Decimal) -> Decimal:
    return sum((each.price * each.qty for each in levels if low <= each.price <= high), ZERO)


def _read(desk: NearbyDesk, pairs: Sequence[Pair], within_bps: int) -> dict[str, Nearby]:
    found: dict[str, Nearby] = {}
    for pair in pairs:
        try:
            depth = desk.market.depth(pair)
        except UnexpectedReplyError:
            # this pair's answer cannot be read; the next one's may
            continue
        except (RateLimitedError, UnreachableError):
            break
        seen = near_middle(depth, within_bps=within_bps, read_at=desk.clock())
        if seen is not None:
            found[pair.name] = seen
    return found
