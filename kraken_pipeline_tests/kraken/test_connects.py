from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.connects import (
    MAINTENANCE_SECONDS,
    MOST,
    WITHIN_SECONDS,
    ConnectBudget,
    Connects,
    backoff_seconds,
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


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(0, 1, 1), (1, 1, 2), (3, 4, 8), (6, 30, 60), (1000, 30, 60)],
)
def test_the_wait_doubles_up_to_a_minute_and_is_not_the_same_for_all(
    failures: int, least: float, most: float
) -> None:
    assert backoff_seconds(failures, random=lambda: 0.0) == least
    assert backoff_seconds(failures, random=lambda: 1.0) == most
