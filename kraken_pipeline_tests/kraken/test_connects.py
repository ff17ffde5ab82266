from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.connects import (
    MAINTENANCE_SECONDS,
    MOST,
    WITHIN_SECONDS,
    ConnectBudget,
    Connects,
)


@given(st.lists(st.floats(0, 30), max_size=300))
def test_never_more_than_a_hundred_within_ten_minutes(pauses: list[float]) -> None:
    connects, now, made = Connects(), 0.0, list[float]()
    for pause in pauses:
        now += pause + connects.wait(now + pause)
        connects.count(now)
        made.append(now)

    late = made[MOST:]
    assert all(b - a >= WITHIN_SECONDS - 1e-6 for a, b in zip(made, late, strict=False))


def test_all_processes_count_together(tmp_path: Path) -> None:
    now = 0.0
    for _ in range(MOST):
        assert ConnectBudget(tmp_path, clock=lambda: now).take() == 0
    now += 10

    assert ConnectBudget(tmp_path, clock=lambda: now).take() == WITHIN_SECONDS - 10
    now += WITHIN_SECONDS
    assert ConnectBudget(tmp_path, clock=lambda: now).take() == 0


def test_after_a_maintenance_connects_are_some_seconds_apart(tmp_path: Path) -> None:
    now = 0.0
    budget = ConnectBudget(tmp_path, clock=lambda: now)
    assert budget.take(after_maintenance=True) == 0
    assert budget.take() == 0
    now += 1

    assert budget.take(after_maintenance=True) == MAINTENANCE_SECONDS - 1


def test_a_connect_that_does_not_wait_counts_too(tmp_path: Path) -> None:
    budget = ConnectBudget(tmp_path, clock=lambda: 0.0)
    for _ in range(MOST):
        budget.count()

    assert budget.take() == WITHIN_SECONDS
