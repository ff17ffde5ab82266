"""What we realised on each pair of late, from our own fills (UNI-2)."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.lots import Fill, Position, booked
from kraken_pipeline.domain.money import ZERO


def realised_since(
    fills: Iterable[Fill], since: datetime, *, name_now: Callable[[str], str] = str
) -> dict[str, Decimal]:
    """Return what was realised on each pair after an instant, after fees, in base currency.

    Cost is averaged over all fills of a book, as in the books themselves; only what fills after the
    instant realise is counted. What has moved between books as dust is not followed.

    Args:
        fills: all of them.
        since: exchange time, UTC.
        name_now: what a pair is called now, from what its fill calls it.
    """
    positions: dict[tuple[str, str], Position] = {}
    realised: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in sorted(fills, key=lambda each: (each.at, each.trade_id)):
        place = fill.book, fill.pair
        before = positions.get(place, Position(book=fill.book, pair=fill.pair))
        positions[place] = booked(before, fill)
        if fill.at > since:
            realised[name_now(fill.pair)] += positions[place].realised - before.realised
    return dict(realised)
