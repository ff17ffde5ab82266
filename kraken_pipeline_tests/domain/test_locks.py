from datetime import timedelta

from kraken_pipeline.domain.locks import CODES, LockKind, locked_until, locks_over
from kraken_pipeline_tests.builders import NOW, lock

SECOND = timedelta(seconds=1)


def test_every_kind_has_a_code_of_its_own() -> None:
    assert set(CODES) == set(LockKind)
    assert len(set(CODES.values())) == len(CODES)


def test_a_lock_is_over_its_pair_until_its_end() -> None:
    told = lock(pair="XBTUSD", until=NOW + SECOND)

    assert locks_over([told], "XBTUSD", NOW) == (told,)
    assert locks_over([told], "ETHUSD", NOW) == ()
    assert locks_over([told], "XBTUSD", NOW + SECOND) == ()


def test_a_lock_without_a_pair_is_over_all() -> None:
    assert locks_over([lock(pair="")], "ETHUSD", NOW) == (lock(pair=""),)


def test_of_several_locks_the_last_counts() -> None:
    told = [lock(until=NOW + SECOND), lock(until=NOW + 2 * SECOND)]

    assert locked_until(told, told[0].kind) == NOW + 2 * SECOND
    assert locked_until(told, LockKind.COOLDOWN) is None


def test_a_lock_says_what_it_keeps_and_how_long() -> None:
    assert str(lock(pair="")) == "stop_loss_guard of all pairs until 2026-11-02 13:00"
