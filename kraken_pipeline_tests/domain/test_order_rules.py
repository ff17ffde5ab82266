"""What no change to the table of moves may ever allow, told without the table's own words."""

import pytest

from kraken_pipeline.domain.orders import (
    AT_THE_EXCHANGE,
    MOVES,
    RESERVING,
    Fact,
    State,
)


def ways_to(state: State) -> set[tuple[State, Fact]]:
    return {(before, fact) for (before, fact), after in MOVES.items() if after is state} - {
        (state, fact) for fact in Fact
    }


def facts_to(state: State) -> set[Fact]:
    return {fact for _, fact in ways_to(state)}


def test_an_order_begins_to_leave_once_and_only_from_planned() -> None:
    assert ways_to(State.SENDING) == {(State.PLANNED, Fact.SEND_STARTED)}


def test_only_what_is_unknown_can_be_proven_absent() -> None:
    assert ways_to(State.ABSENT) == {(State.UNKNOWN, Fact.ABSENCE_PROVEN)}


def test_only_what_waits_for_a_person_is_written_off() -> None:
    assert ways_to(State.WRITTEN_OFF) == {(State.MANUAL, Fact.WRITTEN_OFF)}


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (State.FILLED, Fact.FILLED_SEEN),
        (State.CANCELED, Fact.CANCELED_SEEN),
        (State.EXPIRED, Fact.EXPIRED_SEEN),
    ],
)
def test_an_order_ends_only_as_the_exchange_shows_it(end: State, shown: Fact) -> None:
    assert facts_to(end) == {shown}


def test_only_what_has_not_left_or_was_answered_is_rejected() -> None:
    assert ways_to(State.REJECTED) == {
        (State.PLANNED, Fact.REFUSED),
        (State.SENDING, Fact.REFUSED),
    }


def test_what_never_was_there_stays_so() -> None:
    ended = {State.REJECTED, State.ABSENT, State.WITHDRAWN, State.REHEARSED}

    assert not [move for move in MOVES if move[0] in ended]


def test_whatever_may_still_fill_reserves() -> None:
    assert {
        State.SENDING,
        State.UNKNOWN,
        State.MANUAL,
        State.LIVE,
        State.AMENDING,
        State.CANCELING,
    } == AT_THE_EXCHANGE
    assert AT_THE_EXCHANGE | {State.PLANNED} == RESERVING
