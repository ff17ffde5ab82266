"""Every step of every book: fills, transfers and conversions, by book and pair."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.store import conversions, positions, transfers
from kraken_pipeline.store.schema.books import fills


def steps(connection: Connection) -> Mapping[Place, Sequence[Step]]:
    """Return what changed each position that there is or was."""
    found: defaultdict[Place, list[Step]] = defaultdict(list)
    for row in connection.execute(select(fills)).mappings():
        fill = positions.fill_of(row)
        found[fill.book, fill.pair].append(fill)
    for each in transfers.all_transfers(connection):
        found[each.from_book, each.pair].append(each)
        found[each.to_book, each.pair].append(each)
    for change in conversions.all_conversions(connection):
        found[change.book, change.from_pair].append(change)
        found[change.book, change.to_pair].append(change)
    return found
