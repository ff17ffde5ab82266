from datetime import timedelta

from sqlalchemy import select

from kraken_pipeline.domain.reconciliations import (
    Cause,
    CleanRun,
    Finding,
    Kind,
    Outcome,
    Reconciliation,
)
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.reconciliations import SqlReconciliationStore
from kraken_pipeline.store.schema.shared import journal
from kraken_pipeline_tests.store.builders import MINUTE, NOW


def found(*kinds: Kind, minutes: int = 0, cause: Cause = Cause.MINUTE) -> Reconciliation:
    return Reconciliation(
        at=NOW + minutes * MINUTE,
        cause=cause,
        run_id="run",
        findings=tuple(Finding(kind=each, subject="O1", said="some figures") for each in kinds),
    )


def journaled(database: Database) -> list[str]:
    kind = journal.c.kind
    with database.reading() as connection:
        return [each for each in connection.execute(select(kind)).scalars() if "reconcile" in each]


def test_what_was_kept_comes_back_newest_first(database: Database) -> None:
    store = SqlReconciliationStore(database)
    passes = [found(), found(Kind.ORDER_ADOPTED, Kind.FOREIGN_NEW, minutes=1), found(minutes=2)]
    for each in passes:
        store.keep(each)

    assert store.newest(9) == tuple(reversed(passes))
    assert store.newest(1) == (passes[-1],)


def test_only_what_found_something_is_journaled(database: Database) -> None:
    store = SqlReconciliationStore(database)

    store.keep(found(Kind.ORDER_MOVED))
    store.keep(found(Kind.ORDER_ABSENT))
    store.keep(found(Kind.DRIFT))

    assert journaled(database) == ["reconcile.repaired", "reconcile.differs"]


def test_clean_ones_are_counted_from_the_last_that_was_not(database: Database) -> None:
    store = SqlReconciliationStore(database)
    assert store.clean_run() == CleanRun(broken_by=None)
    store.keep(found())
    assert store.clean_run() == CleanRun(broken_by=None, first_at=NOW, last_at=NOW)
    store.keep(found(Kind.ORDER_ABSENT, minutes=1))
    assert store.clean_run() == CleanRun(broken_by=Outcome.REPAIRED)
    for minutes in (2, 3, 5):
        store.keep(found(minutes=minutes))

    assert store.clean_run() == CleanRun(
        broken_by=Outcome.REPAIRED, first_at=NOW + 2 * MINUTE, last_at=NOW + 5 * MINUTE
    )


def test_the_last_of_a_cause_is_known(database: Database) -> None:
    store = SqlReconciliationStore(database)
    assert store.last_at() is None
    store.keep(found(cause=Cause.HOURLY))
    store.keep(found(minutes=1))

    assert store.last_at() == NOW + MINUTE
    assert store.last_at(Cause.HOURLY) == NOW
    assert store.last_at(Cause.HAND, Cause.START) is None


def test_old_clean_ones_are_pruned_and_others_stay(database: Database) -> None:
    store = SqlReconciliationStore(database)
    repaired, newest = found(Kind.ORDER_ABSENT, minutes=1), found(minutes=90)
    for each in (found(), repaired, newest):
        store.keep(each)

    assert store.prune(NOW + timedelta(hours=1)) == 1

    assert store.newest(9) == (newest, repaired)
