from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.clock import (
    OffsetEstimate,
    Sample,
    clock_is_close,
    estimate,
    told_in_seconds,
    told_twice,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
SPANS = st.timedeltas(timedelta(), timedelta(seconds=2))


def asked(sent_at: datetime, offset: timedelta, there: timedelta, back: timedelta) -> Sample:
    """Ask an exchange whose clock is ahead by `offset`, over a way of two lengths."""
    told = (sent_at + there + offset).replace(microsecond=0)
    return told_in_seconds(told, sent_at=sent_at, received_at=sent_at + there + back)


@given(
    offset=st.timedeltas(timedelta(seconds=-90), timedelta(seconds=90)),
    ways=st.lists(st.tuples(SPANS, SPANS, SPANS), min_size=1, max_size=8),
)
def test_the_true_offset_is_always_among_what_is_possible(
    offset: timedelta, ways: list[tuple[timedelta, timedelta, timedelta]]
) -> None:
    now, samples = NOON, []
    for pause, there, back in ways:
        now += pause
        samples.append(asked(now, offset, there, back))
        now = samples[-1].received_at

    found = estimate(samples)

    assert found is not None
    assert found.least <= offset <= found.most
    assert found.bound(now) >= abs(offset)


def test_one_answer_in_seconds_leaves_a_second_and_the_way_open() -> None:
    found = estimate([asked(NOON, timedelta(), 20 * MILLISECOND, 30 * MILLISECOND)])

    assert found is not None
    assert found.most - found.least == timedelta(seconds=1) + 50 * MILLISECOND


def test_an_answer_with_both_instants_leaves_only_the_way_open() -> None:
    received_at = NOON + 50 * MILLISECOND
    sample = told_twice(
        NOON + 20 * MILLISECOND,
        NOON + 25 * MILLISECOND,
        sent_at=NOON,
        received_at=received_at,
    )

    found = estimate([sample])

    assert found is not None
    assert (found.least, found.most) == (-25 * MILLISECOND, 20 * MILLISECOND)


def test_after_the_clock_was_set_only_the_new_answers_count() -> None:
    before = asked(NOON, timedelta(), MILLISECOND, MILLISECOND)
    after = asked(NOON, timedelta(hours=-1), MILLISECOND, MILLISECOND)

    assert estimate([before, after]) == estimate([after])


def test_nothing_is_known_of_a_clock_that_was_never_asked() -> None:
    assert estimate([]) is None
    objection = clock_is_close(None, now=NOON, max_skew=timedelta(seconds=1))
    assert objection is not None
    assert objection.code == "CLOCK_SKEW"


@pytest.mark.parametrize(("age", "is_close"), [(timedelta(), True), (timedelta(days=1), False)])
def test_an_old_measurement_bounds_less(age: timedelta, *, is_close: bool) -> None:
    measured = OffsetEstimate(least=-100 * MILLISECOND, most=50 * MILLISECOND, measured_at=NOON)

    objection = clock_is_close(measured, now=NOON + age, max_skew=500 * MILLISECOND)

    assert (objection is None) is is_close
