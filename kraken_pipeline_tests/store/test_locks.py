import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.locks import SqlLockStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.builders import lock
from kraken_pipeline_tests.store.builders import HOUR, NOW

HERE = lock(lock_id="K1", since=NOW, until=NOW + HOUR)
EVERYWHERE = lock(lock_id="K2", pair="", since=NOW, until=NOW + 2 * HOUR)


@pytest.fixture
def locks(database: Database) -> SqlLockStore:
    return SqlLockStore(database)


def test_a_lock_is_in_force_until_its_end_also_for_who_opens_the_books_anew(
    locks: SqlLockStore, database: Database
) -> None:
    assert locks.add([EVERYWHERE, HERE], at=NOW, by="a test") == (EVERYWHERE, HERE)

    assert SqlLockStore(database).in_force(NOW) == (HERE, EVERYWHERE)
    assert locks.in_force(NOW + HOUR) == (EVERYWHERE,)


def test_an_assessment_sees_what_is_in_force(locks: SqlLockStore, database: Database) -> None:
    locks.add([HERE, EVERYWHERE], at=NOW, by="a test")

    with SqlOrderStore(database).assessing() as assessment:
        assert assessment.locks(NOW + HOUR) == (EVERYWHERE,)


def test_one_cause_locks_once(locks: SqlLockStore) -> None:
    locks.add([HERE], at=NOW, by="a test")

    assert locks.add([HERE, EVERYWHERE], at=NOW, by="a test") == (EVERYWHERE,)
    assert locks.add([HERE], at=NOW, by="a test") == ()
    assert locks.add([], at=NOW, by="a test") == ()


def test_what_a_person_cleared_is_not_locked_again_by_the_same_cause(locks: SqlLockStore) -> None:
    locks.add([HERE, EVERYWHERE], at=NOW, by="a test")

    assert locks.clear([HERE], reason="looked at it", at=NOW, by="me") == 1
    assert locks.clear([HERE], reason="again", at=NOW, by="me") == 0
    assert locks.add([HERE], at=NOW, by="a test") == ()
    assert locks.in_force(NOW) == (EVERYWHERE,)


def test_a_lock_is_cleared_with_a_reason(locks: SqlLockStore) -> None:
    with pytest.raises(InvalidValueError, match="with a reason"):
        locks.clear([HERE], reason=" ", at=NOW, by="me")


def test_the_journal_tells_of_every_lock(locks: SqlLockStore, database: Database) -> None:
    locks.add([HERE, EVERYWHERE], at=NOW, by="a test")
    locks.clear([HERE], reason="looked at it", at=NOW, by="me")

    assert verify(database).faults == ()

    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE protection_locks SET until = '2000-01-01T00:00:00Z'")
    assert len(verify(database).faults) == 2
