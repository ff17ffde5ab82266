from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import update

from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.store import audit, unbooked
from kraken_pipeline.store.adjustments import SqlAdjustmentStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.schema.ledger import adjustments
from kraken_pipeline_tests.domain.accounting.rows import LOOKUP, NOON, row

MADE = Adjustment(
    bucket="ZUSD",
    replayed=Decimal(10),
    at_exchange=Decimal("9.9999"),
    at=NOON,
    by="ann",
    reason="found out",
)


@pytest.fixture
def books(database: Database) -> SqlBookStore:
    """Ten dollars came an hour ago."""
    kept = SqlBookStore(database)
    entry = replace(row("L1", "deposit", "10", hours="-1"), balance=Decimal(10))
    kept.book((), (entry,), LOOKUP)
    return kept


def test_an_adjustment_is_an_entry_with_a_cause_that_waits_to_be_booked(
    database: Database, books: SqlBookStore
) -> None:
    before = books.replayed_balances()

    SqlAdjustmentStore(database).adjust(MADE)

    assert (before, books.replayed_balances()) == (
        {"ZUSD": Decimal(10)},
        {"ZUSD": Decimal("9.9999")},
    )
    assert SqlLedgerStore(database).explained(NOON) == (MADE.explained,)
    with database.reading() as connection:
        assert MADE.entry_id in unbooked.oldest(connection, 10)
    assert SqlAdjustmentStore(database).of("ZUSD") == (MADE,)


def test_how_far_the_exchange_was_read_is_not_told_by_an_adjustment(
    database: Database, books: SqlBookStore
) -> None:
    read_to = books.last_entry_at()

    SqlAdjustmentStore(database).adjust(MADE)

    assert read_to is not None
    assert books.last_entry_at() == read_to < MADE.at


def test_a_ledger_that_went_on_is_not_adjusted(database: Database, books: SqlBookStore) -> None:
    books.book((), (row("L2", "deposit", "1"),), LOOKUP)

    with pytest.raises(ConflictError, match="adds up to 11 by now"):
        SqlAdjustmentStore(database).adjust(MADE)

    assert SqlAdjustmentStore(database).of("ZUSD") == ()


def test_an_adjustment_that_somebody_edits_is_named_by_the_audit(
    database: Database, books: SqlBookStore
) -> None:
    SqlAdjustmentStore(database).adjust(MADE)
    assert audit.verify(database).faults == ()

    with database.writing() as connection:
        connection.execute(update(adjustments).values(reason="another"))

    [fault] = audit.verify(database).faults
    assert fault.startswith(f"adjustments {MADE.entry_id}: reason is another")
