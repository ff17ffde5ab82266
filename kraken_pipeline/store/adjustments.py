"""Entries of our own that bring a bucket to the exchange's balance, with who says so and why."""

from decimal import localcontext
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select

from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.store import journal
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.ledger import keep_cause
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.schema.ledger import adjustments, ledger_entries

_FIELDS: Final = tuple(Adjustment.__slots__)
_MOVEMENTS: Final = Prepared(
    select(ledger_entries.c.amount, ledger_entries.c.fee).where(
        ledger_entries.c.asset == bindparam("bucket")
    )
)
_ADD_ENTRY: Final = Prepared(insert(ledger_entries))
_ADD: Final = Prepared(insert(adjustments))
_OF_BUCKET: Final = Prepared(
    select(adjustments)
    .where(adjustments.c.bucket == bindparam("of_bucket"))
    .order_by(adjustments.c.at, adjustments.c.entry_id)
)


class SqlAdjustmentStore:
    """Adjustments in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def adjust(self, adjustment: Adjustment) -> None:
        """Add the entry to the ledger, explained, with its reason and a line in the journal.

        Raises:
            ConflictError: the ledger adds up to something else by now; nothing is kept.
        """
        told = adjustment.explained
        row = {name: getattr(adjustment, name) for name in _FIELDS}
        row["entry_id"] = adjustment.entry_id
        with self._database.writing() as connection:
            _require_sum(connection, adjustment)
            entry = {name: getattr(told.entry, name) for name in LedgerEntry.__slots__}
            _ADD_ENTRY.run(connection, entry)
            keep_cause(connection, told, adjustment.at)
            _ADD.run(connection, row)
            note = journal.Entry(
                at=adjustment.at,
                kind="adjustment.made",
                subject=adjustment.entry_id,
                actor=adjustment.by,
                payload={"row": row, "amount": adjustment.amount},
            )
            journal.write(connection, note)

    def of(self, bucket: str) -> tuple[Adjustment, ...]:
        """Return what was adjusted of a bucket, oldest first."""
        with self._database.reading() as connection:
            rows = _OF_BUCKET.named(connection, {"of_bucket": bucket})
        return tuple(Adjustment(**_told(row)) for row in rows)


def _require_sum(connection: Connection, adjustment: Adjustment) -> None:
    with localcontext(EXACT):
        moved = _MOVEMENTS.rows(connection, {"bucket": adjustment.bucket})
        now = sum((amount - fee for amount, fee in moved), ZERO)
    if now != adjustment.replayed:
        raise ConflictError(
            f"the ledger of {adjustment.bucket} adds up to {now} by now, not to "
            f"{adjustment.replayed}: look again with `reconcile explain`"
        )


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _FIELDS}
