import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.stream.liveness import Patience, Pulse

LIMITS = Patience()


def beating(gap: float, count: int = 30) -> tuple[Pulse, float]:
    """Return a pulse that spoke at even gaps, and when it last did."""
    pulse = Pulse(0.0, most=300)
    for number in range(1, count + 1):
        pulse.beat(number * gap)
    return pulse, count * gap


@pytest.mark.parametrize("gap", [0.01, 0.5, 1.0, 3.0])
def test_a_lively_subscription_is_found_silent_after_ten_seconds(gap: float) -> None:
    """U-STR-1b."""
    pulse, last = beating(gap)

    assert not pulse.judge(last + 10, LIMITS)
    assert pulse.judge(last + 10.01, LIMITS)


def test_a_calm_one_is_given_three_times_its_longest_silence() -> None:
    pulse, last = beating(20.0)

    assert not pulse.judge(last + 60, LIMITS)
    assert pulse.judge(last + 60.1, LIMITS)


def test_nobody_is_given_more_than_five_minutes() -> None:
    pulse, last = beating(200.0)

    assert pulse.judge(last + 300.1, LIMITS)


def test_one_that_never_answered_is_given_ten_seconds() -> None:
    assert Pulse(5.0, most=300).judge(15.1, LIMITS)


def test_one_that_spoke_a_few_times_is_not_yet_judged_by_its_habits() -> None:
    pulse, last = beating(0.1, count=3)

    assert not pulse.judge(last + 100, LIMITS)


def test_a_silence_that_was_a_fault_teaches_no_patience() -> None:
    pulse, last = beating(1.0)
    assert pulse.judge(last + 100, LIMITS)
    pulse.beat(last + 101)

    assert not pulse.is_silent
    assert pulse.patience(LIMITS) == LIMITS.subscription


def test_a_quiet_night_is_forgotten() -> None:
    pulse, _ = beating(50.0)
    for _ in range(60):
        pulse.fade(0.05)

    assert pulse.patience(LIMITS) == LIMITS.subscription


@given(st.lists(st.floats(0, 1000), min_size=10, max_size=30))
def test_patience_is_never_outside_its_bounds(gaps: list[float]) -> None:
    pulse = Pulse(0.0, most=300)
    at = 0.0
    for gap in gaps:
        at += gap
        pulse.beat(at)

    assert LIMITS.subscription <= pulse.patience(LIMITS) <= 300


def test_the_rows_of_a_snapshot_are_one_message() -> None:
    pulse = Pulse(0.0, most=300)
    for _ in range(50):
        pulse.beat(1.0)

    assert pulse.patience(LIMITS) == 300


def test_one_that_only_must_answer_may_be_silent_for_ever_after() -> None:
    quiet = Pulse(0.0, most=math.inf)
    quiet.beat(1.0)

    assert Pulse(0.0, most=math.inf).judge(10.1, LIMITS)
    assert not quiet.judge(1e9, LIMITS)


def test_one_that_was_asked_anew_and_had_nothing_new_to_tell_is_suspected_later() -> None:
    pulse, last = beating(1.0)
    assert pulse.judge(last + 11, LIMITS)
    pulse.restart(last + 11)
    pulse.beat(last + 11.1, is_calm=True)

    assert not pulse.judge(last + 41, LIMITS)
    assert pulse.judge(last + 45, LIMITS)


def test_calm_is_usual_for_trades_however_lively_they_were() -> None:
    pulse = Pulse(0.0, most=3600, least=120)
    for number in range(1, 30):
        pulse.beat(number)

    assert not pulse.judge(29 + 120, LIMITS)
    assert pulse.judge(29 + 121, LIMITS)
