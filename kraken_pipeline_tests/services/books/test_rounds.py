"""When a listener compares orders with the exchange."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.books.rounds import (
    RETRY_SECONDS,
    Rounds,
    Why,
    is_resting,
    is_unanswered,
)
from kraken_pipeline_tests.builders import order

NOTHING = {"is_resting": False, "is_unanswered": False}


def test_a_row_of_events_costs_one_round_once_it_is_over() -> None:
    rounds = Rounds(ended_at=0.0)
    for at in (10.0, 10.1, 10.2):
        rounds.stir(at)

    assert rounds.due(10.3, **NOTHING) is None
    assert rounds.due(10.45, **NOTHING) is Why.EVENT
    rounds.begin()
    assert rounds.due(10.5, **NOTHING) is None


def test_a_row_without_end_is_looked_at_each_second() -> None:
    rounds = Rounds(ended_at=0.0)
    for tenth in range(11):
        rounds.stir(10 + tenth / 10)

    assert rounds.due(11.0, **NOTHING) is Why.EVENT


def test_an_event_during_a_round_makes_another() -> None:
    rounds = Rounds(ended_at=0.0)
    rounds.stir(1.0)
    rounds.begin()
    rounds.stir(2.0)
    rounds.end(3.0, is_done=True)

    assert rounds.due(3.0, **NOTHING) is Why.EVENT


def test_what_rests_is_looked_at_each_half_minute() -> None:
    rounds = Rounds(ended_at=100.0)

    assert rounds.due(129.9, is_resting=True, is_unanswered=False) is None
    assert rounds.due(130.0, is_resting=True, is_unanswered=False) is Why.RESTING
    assert rounds.due(130.0, **NOTHING) is None


def test_what_failed_is_made_again_with_longer_pauses() -> None:
    rounds = Rounds(ended_at=0.0)
    pauses = []
    at = 0.0
    for _ in range(6):
        rounds.end(at, is_done=False)
        pause = next(
            each for each in RETRY_SECONDS if rounds.due(at + each, **NOTHING) is Why.AGAIN
        )
        pauses.append(pause)
        at += pause
    rounds.end(at, is_done=True)

    assert pauses == [2.0, 5.0, 15.0, 60.0, 60.0, 60.0]
    assert rounds.due(at + 60, **NOTHING) is None


def test_orders_are_looked_at_every_two_seconds() -> None:
    rounds = Rounds(ended_at=0.0)

    looks = [at for at in range(10, 20) if rounds.is_look_due(float(at))]

    assert looks == [10, 12, 14, 16, 18]


@given(step=st.integers(1, 40))
def test_an_order_without_an_answer_is_asked_for_ever_more_seldom(step: int) -> None:
    sent = order(state=State.SENDING)
    looks = [sent.updated_at + timedelta(seconds=at) for at in range(0, 700, step)]

    asked = [
        (now - sent.updated_at).total_seconds()
        for before, now in itertools.pairwise(looks)
        if is_unanswered([sent], before=before, now=now)
    ]

    due = [5 * 2**times for times in range(8) if 5 * 2**times <= (len(looks) - 1) * step]
    assert asked == sorted({-(-each // step) * step for each in due})


@pytest.mark.parametrize("state", [State.LIVE, State.UNKNOWN, State.PLANNED, State.FILLED])
def test_an_order_in_another_state_waits_for_no_answer(state: State) -> None:
    sent = order(state=state)

    assert not is_unanswered(
        [sent], before=sent.updated_at, now=sent.updated_at + timedelta(minutes=1)
    )


@pytest.mark.parametrize(
    ("state", "rests"), [(State.LIVE, True), (State.UNKNOWN, True), (State.PLANNED, False)]
)
def test_what_may_be_at_the_exchange_rests(*, state: State, rests: bool) -> None:
    assert is_resting([order(state=state)]) is rests
