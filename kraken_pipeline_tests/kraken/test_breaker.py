import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.breaker import (
    MOST_UNCLEAR,
    OPEN_SECONDS,
    WITHIN_SECONDS,
    Breaker,
    family_of,
)


def opened(at: float = 0) -> Breaker:
    breaker = Breaker()
    for _ in range(MOST_UNCLEAR):
        breaker.hear("history", is_unclear=True, now=at)
    return breaker


def test_five_unclear_answers_within_a_minute_stop_their_family_and_no_other() -> None:
    breaker = opened()

    with pytest.raises(UnreachableError, match="another 30 s"):
        breaker.require_closed("history", 0)
    breaker.require_closed("orders", 0)


def test_after_half_a_minute_one_call_tries_again() -> None:
    breaker = opened()
    breaker.require_closed("history", OPEN_SECONDS)

    with pytest.raises(UnreachableError):
        breaker.require_closed("history", OPEN_SECONDS)
    breaker.hear("history", is_unclear=False, now=OPEN_SECONDS + 1)
    breaker.require_closed("history", OPEN_SECONDS + 1)


def test_a_try_that_fails_stops_it_for_as_long_again() -> None:
    breaker = opened()
    breaker.require_closed("history", OPEN_SECONDS)
    breaker.hear("history", is_unclear=True, now=OPEN_SECONDS + 5)

    with pytest.raises(UnreachableError):
        breaker.require_closed("history", 2 * OPEN_SECONDS + 4)
    breaker.require_closed("history", 2 * OPEN_SECONDS + 5)


def test_a_try_of_which_nothing_is_heard_is_made_again() -> None:
    breaker = opened()
    breaker.require_closed("history", OPEN_SECONDS)

    breaker.require_closed("history", 2 * OPEN_SECONDS)


@given(st.lists(st.floats(WITHIN_SECONDS / 4, 1000), max_size=30))
def test_unclear_answers_that_are_far_apart_stop_nothing(pauses: list[float]) -> None:
    breaker, now = Breaker(), 0.0
    for pause in pauses:
        now += pause
        breaker.require_closed("history", now)
        breaker.hear("history", is_unclear=True, now=now)


def test_a_clear_answer_between_them_forgets_the_unclear_ones() -> None:
    breaker = Breaker()
    for _ in range(20):
        for _ in range(MOST_UNCLEAR - 1):
            breaker.hear("history", is_unclear=True, now=0)
        breaker.hear("history", is_unclear=False, now=0)

    breaker.require_closed("history", 0)


def test_what_fails_together_is_one_family() -> None:
    assert family_of("AddOrder") == family_of("CancelAll")
    assert family_of("Ledgers") == family_of("TradesHistory")
    assert len({family_of(each) for each in ("AddOrder", "Ledgers", "Balance")}) == 3
