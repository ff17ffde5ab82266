from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.switch import (
    NOTICE,
    OFF,
    SLACK,
    Life,
    Patience,
    SwitchReport,
    Terms,
    Window,
    believed,
    missing_proof,
    needs_switch,
    window_at,
)
from kraken_pipeline_tests.builders import NOW, order

MINUTE = timedelta(minutes=1)
TERMS = Terms(timeout=MINUTE, interval=timedelta(seconds=20))
ARMED = OFF.arming(NOW, MINUTE).heard(SwitchReport(told_at=NOW, fires_at=NOW + MINUTE), serial=1)
PATIENCE = Patience(beat=timedelta(seconds=20), settled=timedelta(minutes=3))
ALIVE = Life(beat_age=timedelta(seconds=3), settled_age=timedelta(seconds=50), epoch=7)
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=1))


def test_what_was_confirmed_is_armed_until_it_fires() -> None:
    assert ARMED.left(NOW) == MINUTE - SLACK
    assert ARMED.left(NOW + MINUTE) == timedelta(0)
    assert not ARMED.may_have_fired(NOW + MINUTE - 2 * SLACK)
    assert ARMED.may_have_fired(NOW + MINUTE)


@given(later=SPANS, timeout=SPANS)
def test_a_renewal_of_which_nothing_is_heard_leaves_the_earliest_firing(
    later: timedelta, timeout: timedelta
) -> None:
    unheard = ARMED.arming(NOW + later, timeout).failed()

    assert unheard.may_fire_at == min(NOW + MINUTE, NOW + later + timeout)
    assert unheard.armed_until == ARMED.armed_until


def test_a_request_to_turn_it_off_of_which_nothing_is_heard_may_fire_and_may_not() -> None:
    unheard = ARMED.turning_off().failed()

    assert unheard.left(NOW) == timedelta(0)
    assert unheard.may_fire_at == NOW + MINUTE


def test_of_two_answers_that_crossed_the_more_careful_one_holds() -> None:
    first = ARMED.arming(NOW, 10 * MINUTE)
    both = first.arming(NOW, MINUTE)
    long = SwitchReport(told_at=NOW, fires_at=NOW + 10 * MINUTE)

    known = both.heard(long, serial=first.serial)

    assert (known.armed_until, known.may_fire_at) == (NOW + MINUTE, NOW + MINUTE)


def test_an_answer_that_it_is_off_beside_another_request_arms_nothing() -> None:
    off = ARMED.turning_off()
    known = off.arming(NOW, MINUTE).heard(
        SwitchReport(told_at=NOW, fires_at=None), serial=off.serial
    )

    assert (known.armed_until, known.may_fire_at) == (None, NOW + MINUTE)


@pytest.mark.parametrize(
    ("seconds", "is_due"), [(0, False), (15, False), (20, True), (59, True), (-60, True)]
)
def test_it_is_set_anew_once_its_interval_is_over_or_it_waits_too_long(
    seconds: int, *, is_due: bool
) -> None:
    # the slack counts as gone, so it is due a little before the interval is over
    assert ARMED.is_due(NOW + timedelta(seconds=seconds), TERMS) is is_due


@pytest.mark.parametrize(
    ("told", "fires", "timeout"),
    [
        (10, 70, 60),
        (-10, 50, 60),
        (0, 50, 60),
        (0, 70, 60),
        (0, None, 60),
        (0, 60, 0),
    ],
)
def test_an_answer_that_can_not_be_true_confirms_nothing(
    told: int, fires: int | None, timeout: int
) -> None:
    fires_at = None if fires is None else NOW + timedelta(seconds=fires)
    report = SwitchReport(told_at=NOW + timedelta(seconds=told), fires_at=fires_at)

    with pytest.raises(UnexpectedReplyError):
        believed(report, asked_at=NOW, heard_at=NOW, timeout=timedelta(seconds=timeout))


def test_whole_seconds_are_believed() -> None:
    report = SwitchReport(told_at=NOW, fires_at=NOW + MINUTE)
    asked_at = NOW + timedelta(milliseconds=999)

    assert believed(report, asked_at=asked_at, heard_at=asked_at, timeout=MINUTE) is report
    off = SwitchReport(told_at=NOW, fires_at=None)
    assert believed(off, asked_at=NOW, heard_at=NOW, timeout=timedelta(0)) is off


STOP = order(side=Side.SELL, order_type="stop-loss", time_in_force="GTC")


@pytest.mark.parametrize(
    ("each", "spares", "needs"),
    [
        (order(time_in_force="gtc"), True, True),
        (order(time_in_force="ioc"), True, False),
        (order(time_in_force="FOK"), True, False),
        (order(order_type="market"), True, False),
        (order(side=Side.SELL), True, True),
        (STOP, True, False),
        (STOP, False, True),
        (order(order_type="stop-loss"), True, True),
    ],
)
def test_whatever_rests_needs_the_switch_but_stops_that_it_shall_spare(
    each: Order, *, spares: bool, needs: bool
) -> None:
    assert needs_switch(each, spares_stops=spares) is needs


def test_a_maintenance_begins_ten_minutes_before_it_does() -> None:
    window = Window(begins=NOW + NOTICE, ends=NOW + NOTICE + MINUTE)

    assert window_at([window], NOW) is window
    assert window_at([window], NOW - SLACK) is None
    assert window_at([window], window.ends) is None


@pytest.mark.parametrize(
    ("life", "says"),
    [
        (Life(beat_age=None, settled_age=None, epoch=7), "never gave a sign"),
        (Life(beat_age=MINUTE, settled_age=None, epoch=7), "no sign of life for 0:01:00"),
        (Life(beat_age=SLACK, settled_age=SLACK, epoch=6), "older books: epoch=6, it was 7"),
        (Life(beat_age=SLACK, settled_age=5 * MINUTE, epoch=7), "not looked at for 0:05:00"),
        (Life(beat_age=SLACK, settled_age=None, epoch=7), "not looked at for 0:10:00"),
    ],
)
def test_proof_of_life_is_a_young_sign_of_the_newest_books_and_orders_that_are_looked_at(
    life: Life, says: str
) -> None:
    old = order(created_at=NOW - 10 * MINUTE)
    told = {"now": NOW, "patience": PATIENCE, "least_epoch": 7}

    assert says in missing_proof(life, [old], **told)  # type: ignore[arg-type]  # shared fields
    assert missing_proof(ALIVE, [old], **told) == ""  # type: ignore[arg-type]  # shared fields


def test_an_order_that_has_just_been_sent_needs_no_look_yet() -> None:
    idle = Life(beat_age=SLACK, settled_age=timedelta(hours=1), epoch=7)
    new = order(created_at=NOW, qty=Decimal(1))

    assert missing_proof(idle, [new], now=NOW, patience=PATIENCE, least_epoch=0) == ""
    assert missing_proof(idle, [], now=NOW, patience=PATIENCE, least_epoch=0) == ""


def test_what_is_said_of_it_is_no_more_than_is_known() -> None:
    assert OFF.said == "off"
    assert ARMED.said == "armed until 2026-11-02 12:01:30"
    assert ARMED.turning_off().said.startswith("not certain; it may fire from")
