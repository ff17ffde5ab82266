from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError, LeaseLostError
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline_tests.store.builders import HOUR, LEASE, MINUTE, NOW


@pytest.fixture
def orders(database: Database) -> SqlOrderStore:
    return SqlOrderStore(database)


def test_renewing_in_time_keeps_the_epoch(orders: SqlOrderStore) -> None:
    first = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)

    assert orders.take_lease(LEASE, owner="a", now=NOW + MINUTE, length=HOUR) == first


def test_a_lease_that_ran_out_gets_a_higher_epoch_from_its_own_owner(
    orders: SqlOrderStore,
) -> None:
    first = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)

    assert orders.take_lease(LEASE, owner="a", now=NOW + HOUR, length=HOUR) > first


def test_a_lease_in_force_is_not_given_to_another(orders: SqlOrderStore) -> None:
    orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)

    with pytest.raises(LeaseLostError, match="held by 'a' until"):
        orders.take_lease(LEASE, owner="b", now=NOW + MINUTE, length=HOUR)


def test_a_lease_given_back_goes_to_another_with_a_higher_epoch(orders: SqlOrderStore) -> None:
    first = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    orders.release_lease(LEASE, owner="a")

    assert orders.take_lease(LEASE, owner="b", now=NOW, length=HOUR) > first


def test_only_the_owner_gives_a_lease_back(orders: SqlOrderStore) -> None:
    orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    orders.release_lease(LEASE, owner="b")
    orders.release_lease("other", owner="a")

    with pytest.raises(LeaseLostError):
        orders.take_lease(LEASE, owner="b", now=NOW, length=HOUR)


def test_two_leases_never_have_the_same_epoch(orders: SqlOrderStore) -> None:
    epochs = [orders.take_lease(name, owner="a", now=NOW, length=HOUR) for name in (LEASE, "other")]

    assert len(set(epochs)) == 2


def test_a_lease_of_no_length_is_refused(orders: SqlOrderStore) -> None:
    with pytest.raises(InvalidValueError):
        orders.take_lease(LEASE, owner="a", now=NOW, length=NOW - NOW)


def _take(url: str, owner: str) -> int:
    database = connect(url)
    try:
        return SqlOrderStore(database).take_lease(LEASE, owner=owner, now=NOW, length=HOUR)
    except LeaseLostError:
        return 0
    finally:
        database.close()


def test_of_two_processes_one_gets_the_lease(url: str) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        epochs = list(pool.map(_take, [url] * 2, ["a", "b"]))

    assert sorted(epochs) == [0, 1]


STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "release"]), st.sampled_from("ab"), st.integers(0, 90)),
    max_size=12,
)


@given(steps=STEPS)
def test_an_epoch_has_one_owner_and_at_most_one_is_in_force(
    fresh: Callable[[], Database], steps: list[tuple[str, str, int]]
) -> None:
    database = fresh()
    orders = SqlOrderStore(database)
    owners: dict[int, str] = {}
    last, now = 0, NOW
    for what, owner, minutes in steps:
        now += minutes * MINUTE
        if what == "release":
            orders.release_lease(LEASE, owner=owner)
            continue
        try:
            epoch = orders.take_lease(LEASE, owner=owner, now=now, length=HOUR)
        except LeaseLostError:
            assert owners[last] != owner
            continue
        assert owners.setdefault(epoch, owner) == owner
        assert epoch >= last
        last = epoch
    database.close()
