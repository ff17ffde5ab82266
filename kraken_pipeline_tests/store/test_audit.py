import pytest
from sqlalchemy import Table, delete, insert, update

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import Fact
from kraken_pipeline.store import schema
from kraken_pipeline.store.audit import head, verify
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.journal import BEGINNING, Entry, write
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.decisions import decisions, plans
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.store.schema.shared import journal, leases
from kraken_pipeline_tests.store.builders import LEASE, LOOKUP, NOW, decision, event, fill, live

JOURNAL = journal


@pytest.fixture
def busy(database: Database) -> Database:
    """Return a database in which a bit of everything happened."""
    made = live(database)
    orders = SqlOrderStore(database)
    orders.record(made, event(Fact.CANCELED_SEEN))
    orders.release_lease(LEASE, owner="a")
    halts = SqlHaltStore(database)
    halts.latch(HaltKind.DRIFT, reason="a", at=NOW, by="x")
    halts.clear(reason="b", at=NOW, by="x")
    halts.latch(HaltKind.OPERATOR, reason="c", at=NOW, by="x")
    SqlBookStore(database).book([fill("T1")], [], LOOKUP)
    SqlDecisionStore(database).record(decision("XBTUSD", namespace=Namespace.RESEARCH), {})
    return database


def test_what_was_only_written_by_the_store_has_no_faults(busy: Database) -> None:
    audit = verify(busy)

    assert audit.faults == ()
    assert audit.head == head(busy)
    assert audit.head.seq == 15


def test_an_empty_journal_is_whole(database: Database) -> None:
    audit = verify(database)

    assert (audit.head.seq, audit.head.hash, audit.faults) == (0, BEGINNING, ())


@pytest.mark.parametrize("column", ["at", "kind", "subject", "actor", "payload"])
def test_a_changed_entry_is_found(busy: Database, column: str) -> None:
    value = NOW.replace(year=2020) if column == "at" else "{}"
    with busy.writing() as connection:
        connection.execute(update(JOURNAL).where(JOURNAL.c.seq == 3).values({column: value}))

    assert verify(busy).faults[0].startswith("entry 3 ")


def test_an_entry_that_was_taken_out_is_found(busy: Database) -> None:
    with busy.writing() as connection:
        connection.execute(delete(JOURNAL).where(JOURNAL.c.seq == 3))

    assert "entry 4 stands where 3 belongs" in verify(busy).faults[0]


def test_a_journal_whose_end_was_cut_is_found(busy: Database) -> None:
    with busy.writing() as connection:
        connection.execute(delete(JOURNAL).where(JOURNAL.c.seq == head(busy).seq))

    assert "its end was cut" in verify(busy).faults[0]


def test_an_entry_that_was_hashed_anew_breaks_the_next(busy: Database) -> None:
    with busy.writing() as connection:
        connection.execute(update(JOURNAL).where(JOURNAL.c.seq == 3).values(hash="0" * 64))

    assert "entry 4 does not follow the one before it" in verify(busy).faults


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (execution_orders, "status", "live"),
        (schema.halts.halts, "cleared_reason", "nothing"),
        (leases, "epoch", 99),
        (plans, "run_id", "other"),
        (decisions, "config_hash", "other"),
    ],
)
def test_a_table_that_was_changed_past_the_journal_is_found(
    busy: Database, table: Table, column: str, value: object
) -> None:
    with busy.writing() as connection:
        connection.execute(update(table).values({column: value}))

    assert any(f"{column} is {value}, the journal has" in each for each in verify(busy).faults)


def test_a_row_that_was_deleted_is_found(busy: Database) -> None:
    with busy.writing() as connection:
        connection.execute(delete(schema.halts.halts))

    assert "halts has lost 1" in verify(busy).faults


def test_a_row_that_was_put_in_is_found(busy: Database) -> None:
    row = {"kind": "x", "reason": "x", "latched_at": NOW, "latched_by": "x"}
    with busy.writing() as connection:
        connection.execute(insert(schema.halts.halts).values(row))

    assert any("nothing that the journal knows" in each for each in verify(busy).faults)


def test_a_position_that_is_not_what_its_fills_make_is_found(busy: Database) -> None:
    with busy.writing() as connection:
        connection.execute(delete(fills))

    assert "the position of trend@1h in XBTUSD" in verify(busy).faults[0]


def test_an_entry_that_is_undone_leaves_no_gap(database: Database) -> None:
    entry = Entry(at=NOW, kind="test", subject="a", actor="me", payload={})

    def write_and_fail() -> None:
        with database.writing() as connection:
            write(connection, entry)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_and_fail()
    with database.writing() as connection:
        assert write(connection, entry).seq == 1
    assert verify(database).faults == ()


def test_entries_read_well_by_hand(database: Database) -> None:
    SqlHaltStore(database).latch(HaltKind.DRIFT, reason="ZUSD", at=NOW, by="portfolio")
    with database.reading() as connection:
        row = connection.exec_driver_sql("SELECT at, kind, actor, payload FROM journal").first()

    assert row is not None
    assert tuple(row)[:3] == ("2026-03-01T12:00:00.000000Z", "halt.latched", "portfolio")
    assert '"reason":"ZUSD"' in row.payload
