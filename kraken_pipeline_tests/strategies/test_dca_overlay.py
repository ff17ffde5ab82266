"""The overlay: its steps, their size, and when the next one is due."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.intents import Action, Holding, Unit
from kraken_pipeline.strategies.base import Snapshot, Wish, Wishes
from kraken_pipeline.strategies.dca_overlay import DCA_OVERLAY
from kraken_pipeline_tests.strategies.markets import CLOSED_AT, column, panel, shown

CLOSED = CLOSED_AT.replace(minute=0)
EQUITY = Decimal(10_000)
HALF_OF_FIVE: Mapping[str, Any] = {"weights": {"P0USD": 3, "P1USD": 3}}
"""250 of 10,000 for each pair, which stands at 50."""


def seen(held: Mapping[str, str] | None = None, **parameters: object) -> Snapshot:
    """Show two pairs at 50, with so many units of each in the book."""
    holdings = {pair: Holding(qty=Decimal(qty), cost=EQUITY) for pair, qty in (held or {}).items()}
    panels = {"1h": panel("1h", np.full((3, 2), 50.0), closed_at=CLOSED)}
    given = DCA_OVERLAY.parameters({**HALF_OF_FIVE, **parameters})
    snapshot = shown(panels, name="1h", held=list(holdings), parameters=given)
    return replace(snapshot, closed_at=CLOSED, holdings=holdings, equity=EQUITY)


def said(held: str = "0", **parameters: object) -> Wish | str:
    """Return what is said of the first pair, of which so many units are held."""
    wishes = DCA_OVERLAY.decide(seen({"P0USD": held} if held != "0" else {}, **parameters), {})
    found = [each for each in wishes.wishes if each.pair == "P0USD"]
    return found[0] if found else wishes.no_signals["P0USD"]


def afterwards(wish: Wish | str) -> float:
    """Return what is to be held then, in base currency."""
    assert isinstance(wish, Wish)
    assert wish.aim is not None
    assert wish.aim.unit is Unit.QTY
    return float(wish.aim.amount) * 50


def test_the_defaults_are_those_of_the_contract() -> None:
    given = DCA_OVERLAY.parameters({})

    assert (given["threshold_pct"], given["interval_minutes"], given["step_notional"]) == (
        1,
        60,
        100,
    )
    assert given["weights"] == {"XBTUSD": 1, "ETHUSD": 1}


def test_what_was_checked_may_be_checked_again() -> None:
    once = DCA_OVERLAY.parameters({"weights": {"XBTUSD": Decimal("0.6"), "ETHUSD": Decimal("0.4")}})

    assert DCA_OVERLAY.parameters(once) == once


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": {"P0USD": -1}}, "weights"),
        ({"weights": {"P0USD": 0}}, "weights above zero"),
        ({"weights": {}}, "weights above zero"),
        ({"weights": {"ETHXBT": 1}}, "ETHXBT is not quoted in USD"),
        ({"step_notional": 0}, "step_notional is 0: use a number above 0"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        DCA_OVERLAY.parameters(given)


def test_the_first_step_enters_and_the_next_ones_add() -> None:
    first, second = said(), said("2")

    assert isinstance(first, Wish)
    assert first.action is Action.ENTER
    assert afterwards(first) == pytest.approx(100)
    assert isinstance(second, Wish)
    assert second.action is Action.INCREASE
    assert afterwards(second) == pytest.approx(200)


def test_the_last_step_goes_no_farther_than_the_target() -> None:
    assert afterwards(said("4")) == pytest.approx(250)


def test_what_is_above_its_target_is_reduced_by_a_step() -> None:
    wish = said("10")

    assert isinstance(wish, Wish)
    assert wish.action is Action.REDUCE
    assert afterwards(wish) == pytest.approx(400)


@pytest.mark.parametrize("held", ["4.96", "5.04"])
def test_within_the_threshold_nothing_is_done(held: str) -> None:
    assert str(said(held)).startswith("within 1 % of its target")


def test_beyond_the_threshold_a_difference_may_still_not_be_worth_a_step() -> None:
    assert said("4.7") == "not worth a step: 15.00 < 20"
    assert isinstance(said("4.7", min_step_notional=5), Wish)


def test_what_has_a_weight_of_nought_is_sold_step_by_step_to_the_end() -> None:
    none_of_it = {"P0USD": 0, "P1USD": 1}

    first, last = said("3", weights=none_of_it), said("2.1", weights=none_of_it)

    assert afterwards(first) == pytest.approx(50)
    assert isinstance(last, Wish)
    assert (last.action, last.aim) == (Action.EXIT, None)


def test_what_has_no_weight_is_left_alone() -> None:
    assert said("3", weights={"P1USD": 1}) == "no weight"


def test_weights_are_what_they_are_to_each_other() -> None:
    assert afterwards(said("6", weights={"P0USD": 30, "P1USD": 10})) == pytest.approx(375)


def test_the_stop_is_far_away() -> None:
    wish = said()

    assert isinstance(wish, Wish)
    assert wish.stop_distance == 0.5


@pytest.mark.parametrize("changes", [{"equity": None}, {"holdings": {}}])
def test_without_knowing_what_there_is_no_step_is_taken(changes: dict[str, Any]) -> None:
    snapshot = replace(seen({"P0USD": "2"}), **changes)

    wishes = DCA_OVERLAY.decide(snapshot, {})

    assert wishes.no_signals["P0USD"] == "the equity or what is held is not known"


def test_a_pair_without_a_bar_takes_no_step() -> None:
    bars = panel("1h", column(50.0, np.nan), closed_at=CLOSED)
    snapshot = replace(seen(), panels={"1h": bars}, pairs=bars.pairs)

    assert DCA_OVERLAY.decide(snapshot, {}).no_signals["P0USD"] == "no bars: 1 missing"


def after(minutes: int, state: Mapping[str, str]) -> Wishes:
    """Return what is said so much later."""
    snapshot = seen(interval_minutes=120)
    moved = replace(snapshot.panels["1h"], opened_at=snapshot.panels["1h"].opened_at + minutes * 60)
    closed_at = CLOSED + timedelta(minutes=minutes)
    return DCA_OVERLAY.decide(replace(snapshot, closed_at=closed_at, panels={"1h": moved}), state)


def test_the_next_step_waits_until_it_is_due() -> None:
    state = after(0, {}).state

    assert state == {"stepped_at": "2026-11-02T12:00:00+00:00"}
    assert set(after(60, state).no_signals.values()) == {"next step 2026-11-02 14:00"}
    assert after(60, state).state == state
    assert after(120, state).wishes


def test_where_no_step_was_worth_taking_one_stays_due() -> None:
    done = seen({"P0USD": "5", "P1USD": "5"})

    assert DCA_OVERLAY.decide(done, {"stepped_at": "2026-01-01T00:00:00+00:00"}).state == {
        "stepped_at": "2026-01-01T00:00:00+00:00"
    }


@given(held=st.decimals(0, 20, places=4), weight=st.integers(0, 9))
def test_a_step_never_passes_the_target_and_is_never_too_large(held: Decimal, weight: int) -> None:
    wish = said(str(held), weights={"P0USD": weight, "P1USD": 1}) if held else "nothing held"
    if not isinstance(wish, Wish) or wish.aim is None:
        return
    target = 500 * weight / (weight + 1)
    before, then = float(held) * 50, afterwards(wish)

    assert abs(then - before) <= 100 + 1e-6
    assert min(before, target) - 1e-6 <= then <= max(before, target) + 1e-6
