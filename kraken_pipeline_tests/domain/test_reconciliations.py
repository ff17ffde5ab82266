from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import ENDED, FATE_OPEN, State
from kraken_pipeline.domain.reconciliations import (
    WEIGHTS,
    WORDS,
    Cause,
    CleanRun,
    Finding,
    Kind,
    Outcome,
    Reconciliation,
    Weight,
    are_enough,
    news_of,
    passes_missing,
)
from kraken_pipeline_tests.builders import NOW, order

C, R, D = Outcome.CLEAN, Outcome.REPAIRED, Outcome.DIFFERS
REPAIRED_IN_DOUBT = "repaired; 1 order back after its end; 1 order of unknown fate"
LATER = NOW + timedelta(minutes=1)


def found(*kinds: Kind) -> Reconciliation:
    findings = tuple(Finding(kind=each, subject="O1", said="") for each in kinds)
    return Reconciliation(at=NOW, cause=Cause.MINUTE, run_id="run", findings=findings)


def test_every_kind_has_a_weight() -> None:
    assert set(WEIGHTS) == set(Kind)


def test_every_kind_has_words() -> None:
    assert set(WORDS) == set(Kind)


def test_a_pass_that_found_nothing_is_clean() -> None:
    assert found().outcome is Outcome.CLEAN
    assert found().said == "clean"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([Kind.ORDER_UNKNOWN], "nothing repaired; 1 order of unknown fate"),
        ([Kind.UNPROTECTED] * 2, "nothing repaired; 2 holdings without their stop"),
        ([Kind.ORDER_MOVED], "clean; 1 order moved"),
        ([Kind.ORDER_BACK, Kind.ORDER_UNKNOWN], REPAIRED_IN_DOUBT),
    ],
)
def test_what_is_in_doubt_is_never_called_clean(kinds: list[Kind], said: str) -> None:
    assert found(*kinds).said == said


@given(st.lists(st.sampled_from(Kind)))
def test_the_weightiest_finding_says_how_a_pass_ended(kinds: list[Kind]) -> None:
    weights = {WEIGHTS[each] for each in kinds}

    outcome = found(*kinds).outcome

    assert (outcome is D) == (Weight.DIFFERENCE in weights)
    assert (outcome is C) == weights.isdisjoint({Weight.REPAIR, Weight.DIFFERENCE})


@pytest.mark.parametrize(
    ("broken_by", "apart", "missing"),
    [
        (None, None, 1),
        (None, 0, 0),
        (R, None, 2),
        (D, None, 2),
        (R, 0, 1),
        (D, 9, 1),
        (R, -5, 1),
        (R, 10, 0),
        (D, 600, 0),
    ],
)
def test_after_a_repair_or_a_difference_two_clean_passes_are_needed_that_are_apart(
    broken_by: Outcome | None, apart: int | None, missing: int
) -> None:
    run = CleanRun(broken_by=broken_by)
    if apart is not None:
        run = replace(run, first_at=NOW, last_at=NOW + timedelta(seconds=apart))

    assert passes_missing(run) == missing


@pytest.mark.parametrize(
    ("kinds", "apart", "enough"),
    [
        ([], 10, True),
        ([], 9, False),
        ([Kind.DRIFT], 10, False),
        ([Kind.FOREIGN_NEW], 10, True),
    ],
)
def test_two_clean_passes_that_are_apart_are_enough_whatever_was_before(
    kinds: list[Kind], apart: int, *, enough: bool
) -> None:
    newest = replace(found(), at=NOW + timedelta(seconds=apart))

    assert are_enough([newest, found(*kinds)]) is enough
    assert not are_enough([newest])


def kind_of(before: State, after: State, **changes: object) -> Kind | None:
    """Return what a pass makes of an order that went from one state to another."""
    was = order(state=before, version=3, deadline=NOW)
    now = order(**{"state": after, "version": 4, "deadline": NOW, **changes})
    news = news_of(was, now, now=LATER)
    return None if news is None else news.kind


@pytest.mark.parametrize(("before", "after"), list(product(sorted(FATE_OPEN), repeat=2)))
def test_an_order_whose_fate_stays_open_is_said_to_be_unknown(before: State, after: State) -> None:
    assert kind_of(before, after) is Kind.ORDER_UNKNOWN


@pytest.mark.parametrize("before", sorted(FATE_OPEN))
@pytest.mark.parametrize("after", [State.LIVE, State.FILLED, State.CANCELED, State.EXPIRED])
def test_an_order_of_open_fate_that_is_found_was_repaired(before: State, after: State) -> None:
    assert kind_of(before, after) is Kind.ORDER_ADOPTED


def test_an_order_of_open_fate_that_never_existed_was_repaired() -> None:
    assert kind_of(State.UNKNOWN, State.ABSENT) is Kind.ORDER_ABSENT


@pytest.mark.parametrize("after", [State.LIVE, State.FILLED, State.CANCELED, State.EXPIRED])
def test_what_a_poll_hears_of_a_resting_order_is_no_repair(after: State) -> None:
    assert kind_of(State.LIVE, after) is Kind.ORDER_MOVED


@pytest.mark.parametrize("after", [State.LIVE, State.SENDING])
def test_an_order_whose_reply_may_still_come_is_no_ones_loss(after: State) -> None:
    was = order(state=State.SENDING, version=3, deadline=LATER)

    news = news_of(was, order(state=after, version=4, deadline=LATER), now=LATER)

    assert news is None or news.kind is Kind.ORDER_MOVED


def test_an_order_that_filled_after_its_end_is_back() -> None:
    more = {"filled_qty": Qty(Decimal("0.001"))}

    assert kind_of(State.CANCELED, State.CANCELED, **more) is Kind.ORDER_BACK
    assert kind_of(State.CANCELED, State.FILLED, **more) is Kind.ORDER_BACK
    assert kind_of(State.WRITTEN_OFF, State.LIVE) is Kind.ORDER_BACK


@pytest.mark.parametrize("state", sorted(ENDED | {State.LIVE, State.CANCELING}))
def test_an_order_of_which_nothing_new_is_heard_is_no_finding(state: State) -> None:
    assert kind_of(state, state, version=3) is None


def test_a_finding_tells_pair_side_states_and_fill() -> None:
    was = order(state=State.UNKNOWN, version=3, deadline=NOW)
    now = order(
        state=State.LIVE,
        version=5,
        kraken_order_id="OAAAAA-BBBBB-CCCCCC",
        filled_qty=Qty(Decimal("0.001")),
    )

    news = news_of(was, now, now=LATER)

    assert news is not None
    assert news.said == (
        "XBTUSD buy: unknown -> live as OAAAAA-BBBBB-CCCCCC, filled 0.001 of 0.002"
    )
