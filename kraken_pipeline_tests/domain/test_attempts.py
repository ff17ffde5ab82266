"""Another attempt at the same wish: another name, the same age, and a pause."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.attempts import MOST_ATTEMPTS, is_own, may_leave_at, next_attempt
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import State
from kraken_pipeline_tests.builders import NOW, order

LATER = NOW + timedelta(seconds=7)
REFUSED = order(state=State.REJECTED, version=2, last_error="no", deadline=NOW)


def test_the_next_attempt_is_planned_under_a_name_of_its_own_and_is_as_old_as_the_wish() -> None:
    again = next_attempt(REFUSED, now=LATER)

    assert (again.state, again.version, again.last_error, again.deadline) == (
        State.PLANNED,
        0,
        None,
        None,
    )
    assert (again.attempt, again.qty) == (2, REFUSED.qty)
    assert (again.created_at, again.updated_at) == (NOW, LATER)
    assert (again.intent_id, again.plan_id) == (REFUSED.intent_id, REFUSED.plan_id)


def test_no_two_attempts_share_a_name() -> None:
    attempts = [REFUSED]
    for _ in range(10):
        attempts.append(next_attempt(attempts[-1], now=LATER))

    assert len({each.cl_ord_id for each in attempts}) == len(attempts)
    assert len({each.local_id for each in attempts}) == len(attempts)


def test_it_can_be_smaller() -> None:
    assert next_attempt(REFUSED, now=LATER, qty=Qty(Decimal("0.001"))).qty == Decimal("0.001")


def test_the_pauses_double_and_all_of_them_fit_into_the_age_of_a_plan() -> None:
    pauses = [
        (may_leave_at(order(attempt=each)) - NOW).total_seconds()
        for each in range(1, MOST_ATTEMPTS + 1)
    ]

    assert pauses == [0, 2, 4, 8, 16]


@pytest.mark.parametrize("changes", [{"parent_id": "O0"}, {"namespace": Namespace.REHEARSAL}])
def test_stops_and_rehearsals_are_not_attempted_again_here(changes: dict[str, object]) -> None:
    other = order(attempt=3, **changes)

    assert not is_own(other)
    assert may_leave_at(other) == other.updated_at
    assert is_own(replace(REFUSED, attempt=3))
