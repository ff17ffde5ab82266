"""Whether what is kept agrees with what happened: the chain, the tables, the positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, select

from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.store import book_steps, journal, positions
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.heads import Published
from kraken_pipeline.store.schema.books import book_transfers, conversions
from kraken_pipeline.store.schema.decisions import decisions, plans
from kraken_pipeline.store.schema.halts import cooldowns, halts, protection_locks, quarantines
from kraken_pipeline.store.schema.ledger import adjustments
from kraken_pipeline.store.schema.orders import execution_orders, execution_results
from kraken_pipeline.store.schema.shared import leases

_TABLES: Final[dict[str, tuple[Table, str]]] = {
    "order": (execution_orders, "local_id"),
    "halt": (halts, "halt_id"),
    "lease": (leases, "resource"),
    "plan": (plans, "plan_id"),
    "result": (execution_results, "plan_id"),
    "decision": (decisions, "decision_id"),
    "cooldown": (cooldowns, "pair"),
    "quarantine": (quarantines, "quarantine_id"),
    "lock": (protection_locks, "lock_id"),
    "transfer": (book_transfers, "transfer_id"),
    "conversion": (conversions, "conversion_id"),
    "adjustment": (adjustments, "entry_id"),
}
"""What the journal tells of, to the table that shows it and the column of its id."""
_JOURNALED: Final[dict[str, tuple[ColumnElement[bool], ...]]] = {
    "decision": (decisions.c.namespace != Namespace.RESEARCH.value,)
}
"""Which rows of a kind the journal tells of, where it is not all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found."""

    head: journal.Head
    """To be compared with what was published before (AUD-1)."""
    faults: tuple[str, ...]
    """What does not agree, each in a sentence; empty if all is whole."""


def verify(database: Database, published: Sequence[Published] = ()) -> Audit:
    """Recompute the chain, and compare every table that it tells of with what it last told.

    A fault means that something wrote past this code, or that a disk lies: open nothing until a
    person has looked.

    Args:
        database: whose journal it is.
        published: ends of it that were published outside: each must still be in it.
    """
    # all of it of one instant, and nobody who sends has to wait for it
    with database.steady() as connection:
        end = journal.head(connection)
        kept = list(journal.entries(connection))
        faults = (
            *journal.chain_faults(kept, end),
            *_published_faults(kept, published),
            *_table_faults(connection, journal.last_rows(kept)),
            *_position_faults(connection),
        )
    return Audit(head=end, faults=faults)


def _published_faults(kept: list[journal.Kept], published: Sequence[Published]) -> list[str]:
    hashes = {each.seq: each.hash for each in kept}
    return [
        f"entry {each.head.seq} is not what was published of it at {each.at:%Y-%m-%d %H:%M:%S} UTC"
        for each in published
        if each.head.seq and hashes.get(each.head.seq) != each.head.hash
    ]


def _table_faults(
    connection: Connection, told: dict[tuple[str, str], dict[str, object]]
) -> list[str]:
    faults = []
    for kind, (table, key) in _TABLES.items():
        rows = connection.execute(select(table).where(*_JOURNALED.get(kind, ()))).mappings()
        shown = {str(row[key]): row for row in rows}
        for name, row in shown.items():
            faults += _row_faults(f"{table.name} {name}", row, told.get((kind, name)))
        gone = sorted(name for what, name in told if what == kind and name not in shown)
        faults += [f"{table.name} has lost {name}" for name in gone]
    return faults


def _row_faults(what: str, row: RowMapping, told: dict[str, object] | None) -> list[str]:
    if told is None:
        return [f"{what} is nothing that the journal knows of"]
    return [
        f"{what}: {column} is {row[column]}, the journal has {value}"
        for column, value in told.items()
        if canonical(row[column]) != canonical(value)
    ]


def _position_faults(connection: Connection) -> list[str]:
    steps = book_steps.steps(connection)
    shown = {(each.book, each.pair): each for each in positions.all_positions(connection)}
    return [
        f"the position of {place[0]} in {place[1]} is not what its fills make of it"
        for place in sorted(shown.keys() | steps.keys())
        if place not in shown or shown[place] != positions.replayed(place, steps.get(place, ()))
    ]


def head(database: Database) -> journal.Head:
    """Return the end of the journal, to be published outside the database."""
    with database.reading() as connection:
        return journal.head(connection)
