"""Each question about what happened of late: a lock refuses what opens, and nothing else."""

from datetime import timedelta

import pytest

from kraken_pipeline.domain.locks import CODES, LockKind
from kraken_pipeline.domain.risk import Case, review
from kraken_pipeline.domain.risk.protections import PROTECTION_RULES
from kraken_pipeline_tests.builders import case, lock, sale

LOCKED = [
    (code, case(locks=(lock(kind=kind),)))
    for kind, code in CODES.items()
    if kind is not LockKind.COOLDOWN
]


@pytest.mark.parametrize(("code", "told"), LOCKED)
def test_a_lock_denies_a_buy_with_its_code_and_its_figures(code: str, told: Case) -> None:
    [found] = [each for ask in PROTECTION_RULES if (each := ask(told))]

    assert found.code == code
    assert found.figures == "lock=K1, until=2026-11-02 13:00, stopped=4, max=3"


@pytest.mark.parametrize("kind", list(LockKind))
def test_no_lock_stops_a_sale(kind: LockKind) -> None:
    free, locked = sale(), sale(locks=(lock(kind=kind),))

    assert type(review(locked)) is type(review(free))


def test_of_two_locks_of_a_kind_the_one_that_ends_last_is_told() -> None:
    later = lock(lock_id="K2", until=lock().until + timedelta(hours=1))
    told = case(locks=(later, lock()))

    [found] = [each for ask in PROTECTION_RULES if (each := ask(told))]

    assert "lock=K2" in found.figures
