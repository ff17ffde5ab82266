"""What each strategy had gained when the UTC day began: the day's loss is measured from there."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.activity import day_of, results
from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.services.ports.books import BookStore


def day_began(
    books: BookStore, pairs: Mapping[str, Pair], now: datetime
) -> Mapping[str, Decimal] | None:
    """Return what each strategy had gained by the last snapshot before the UTC day, after fees.

    Before the first one nobody had gained anything.

    Args:
        books: where snapshots are.
        pairs: by our name.
        now: an instant of the day.

    Returns:
        By strategy, in base currency; None where what stands there can't be read.
    """
    with suppress(StorageError):
        snapshot = books.snapshot_before(day_of(now))
        return {} if snapshot is None else _results_in(snapshot, pairs)
    return None


def _results_in(snapshot: Snapshot, pairs: Mapping[str, Pair]) -> dict[str, Decimal]:
    prices = {each.asset: each.price for each in snapshot.valuations}

    def worth(position: Position) -> Decimal:
        pair = pairs.get(position.pair)
        price = None if pair is None else prices.get(pair.base)
        # without a price it neither gained nor lost
        return position.cost if price is None else position.qty * price

    return results(snapshot.positions, worth)
