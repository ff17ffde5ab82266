"""The rotation: what it chooses, when, and what it leaves until then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.domain.intents import Action, Holding, Unit
from kraken_pipeline.strategies.base import Aim, Bars, Floats, Snapshot, Wishes
from kraken_pipeline.strategies.rs_rotation import RS_ROTATION
from kraken_pipeline_tests.strategies.markets import CLOSED_AT, panel, shown, walk, without_row

CLOSED = CLOSED_AT.replace(minute=0)
"""12:00, when a bar of 4h closes."""
EQUITY = Decimal(10_000)
FULL = Decimal("2.5")
"""Units at 100 that are 2.5 % of the equity."""


def market(*rises: float, hours: Floats | None = None) -> dict[str, Bars]:
    """Return pairs that all end at 100 and rose by so many percent over 42 bars."""
    steps = np.linspace(1, 0, 43)[:, np.newaxis]
    close = 100 * (1 - steps * (1 - 1 / (1 + np.array(rises) / 100)))
    hourly = walk(201, 1, seed=1) if hours is None else hours
    return {
        "4h": panel("4h", close, closed_at=CLOSED),
        "1h": panel("1h", np.repeat(hourly[:, :1], len(rises), axis=1), closed_at=CLOSED),
    }


def seen(
    panels: Mapping[str, Bars], *, held: Mapping[str, Decimal] | None = None, **parameters: object
) -> Snapshot:
    holdings = {pair: Holding(qty=qty, cost=qty * 100) for pair, qty in (held or {}).items()}
    snapshot = shown(
        panels, name="4h", held=list(holdings), parameters=RS_ROTATION.parameters(parameters)
    )
    return replace(snapshot, closed_at=CLOSED, holdings=holdings, equity=EQUITY)


def later(snapshot: Snapshot, hours: int) -> Snapshot:
    """Show the same some hours later."""
    seconds = hours * 3600
    panels = {
        name: replace(each, opened_at=each.opened_at + seconds)
        for name, each in snapshot.panels.items()
    }
    return replace(snapshot, closed_at=snapshot.closed_at + timedelta(hours=hours), panels=panels)


def wanted(wishes: Wishes) -> dict[str, str]:
    return {each.pair: each.action.value for each in wishes.wishes}


def test_the_defaults_are_those_of_the_contract() -> None:
    given = RS_ROTATION.parameters({})

    assert (given["lookback"], given["rebalance_hours"], given["top"]) == (42, 24, 2)
    assert (given["total_pct"], given["full_confidence_bps"]) == (5, 250)
    assert RS_ROTATION.timeframes == ("4h",)


def test_the_two_that_rose_most_are_entered_at_half_of_the_share_each() -> None:
    wishes = RS_ROTATION.decide(seen(market(1, 5, 3, 2)), {})

    assert wanted(wishes) == {"P1USD": "enter", "P2USD": "enter"}
    assert {each.aim for each in wishes.wishes} == {Aim(unit=Unit.WEIGHT, amount=0.025)}
    assert wishes.no_signals["P0USD"] == "not among the best 2: 100.0 bps in 42 bars"


def test_confidence_is_the_rise_over_what_is_sure() -> None:
    first, second = RS_ROTATION.decide(seen(market(1, 5)), {}).wishes

    assert first.confidence == pytest.approx(100 / 250)
    assert second.confidence == 1


def test_the_stop_is_two_average_true_ranges_from_the_close() -> None:
    [wish] = RS_ROTATION.decide(seen(market(5)), {}).wishes

    bars = market(5)["4h"]
    ranges = np.maximum(bars.high[1:], bars.close[:-1]) - np.minimum(bars.low[1:], bars.close[:-1])
    assert wish.stop_distance == pytest.approx(2 * ranges[-20:].mean() / 100)


def test_what_does_not_rise_is_not_entered_though_nothing_rises_more() -> None:
    wishes = RS_ROTATION.decide(seen(market(-1, 0, 3)), {})

    assert wanted(wishes) == {"P2USD": "enter"}
    assert wishes.no_signals["P1USD"] == "does not rise: 0.0 bps in 42 bars"


def test_pairs_that_rose_alike_are_taken_by_name() -> None:
    assert list(wanted(RS_ROTATION.decide(seen(market(2, 2, 2)), {}))) == ["P0USD", "P1USD"]


def test_what_is_not_among_the_best_any_more_is_left() -> None:
    held = {"P0USD": FULL, "P1USD": FULL}

    wishes = RS_ROTATION.decide(seen(market(1, 5, 3), held=held), {})

    assert wanted(wishes) == {"P0USD": "exit", "P2USD": "enter"}


@pytest.mark.parametrize(
    ("share", "action"), [("0.7", "increase"), ("0.8", None), ("1.2", None), ("1.3", "reduce")]
)
def test_what_drifted_off_its_share_is_set_right(share: str, action: str | None) -> None:
    wishes = RS_ROTATION.decide(seen(market(5), held={"P0USD": FULL * Decimal(share)}), {})

    assert wanted(wishes).get("P0USD") == action


def test_a_holding_whose_share_is_not_known_is_left_as_it_is() -> None:
    snapshot = replace(seen(market(5), held={"P0USD": FULL / 2}), equity=None)

    assert "not known" in RS_ROTATION.decide(snapshot, {}).no_signals["P0USD"]


@pytest.mark.parametrize("quote", ["EUR", "XBT"])
def test_pairs_of_another_quote_are_not_compared(quote: str) -> None:
    wishes = RS_ROTATION.decide(seen(market(5, 2), quote=quote), {})

    assert wishes.no_signals["P0USD"] == f"not quoted in {quote}"


@pytest.mark.parametrize(
    ("hours", "regime"),
    [(walk(201, 1, seed=1, step=0.2), "panic"), (walk(9, 1, seed=1), "unknown")],
)
def test_nothing_is_entered_in_a_panic_or_where_the_regime_is_not_known(
    hours: Floats, regime: str
) -> None:
    wishes = RS_ROTATION.decide(seen(market(5, hours=hours)), {})

    assert wishes.no_signals == {"P0USD": f"regime: {regime}"}


def test_in_a_panic_what_is_held_is_still_left() -> None:
    hours = walk(201, 1, seed=1, step=0.2)
    wishes = RS_ROTATION.decide(seen(market(-5, hours=hours), held={"P0USD": FULL}), {})

    assert wanted(wishes) == {"P0USD": "exit"}


def turned(hours: int, *, held: Sequence[str] = ()) -> Wishes:
    """Return what is said some hours after P1 and P2 were chosen; by then P0 leads."""
    first = RS_ROTATION.decide(seen(market(1, 5, 3)), {})
    then = seen(market(9, 5, 3), held=dict.fromkeys(held, FULL))
    return RS_ROTATION.decide(later(then, hours), first.state)


@pytest.mark.parametrize("hours", [4, 20])
def test_until_the_next_rebalance_nothing_is_chosen_anew(hours: int) -> None:
    wishes = turned(hours, held=["P1USD", "P2USD"])

    assert wanted(wishes) == {}
    assert set(wishes.no_signals.values()) == {"next rebalance 2026-11-03 12:00"}


def test_a_day_later_it_is_chosen_anew() -> None:
    assert wanted(turned(24, held=["P1USD", "P2USD"])) == {"P0USD": "enter", "P2USD": "exit"}


def test_what_was_stopped_out_is_not_entered_again_before_the_next_rebalance() -> None:
    assert wanted(turned(4, held=["P1USD"])) == {}


def test_what_an_exit_did_not_get_rid_of_is_left_at_the_next_close() -> None:
    assert wanted(turned(4, held=["P0USD", "P1USD"])) == {"P0USD": "exit"}


def test_between_rebalances_the_state_stays() -> None:
    first = RS_ROTATION.decide(seen(market(1, 5, 3)), {})
    between = RS_ROTATION.decide(later(seen(market(9, 5, 3)), 4), first.state)

    assert dict(between.state) == dict(first.state)
    assert first.state == {"chosen": "P1USD,P2USD", "rebalanced_at": "2026-11-02T12:00:00+00:00"}


def test_what_is_held_and_cannot_be_judged_is_kept_until_it_can() -> None:
    panels = market(-5, 5)
    holed = {**panels, "4h": without_row(panels["4h"], 20, 0)}
    first = RS_ROTATION.decide(seen(holed, held={"P0USD": FULL}), {})
    between = RS_ROTATION.decide(later(seen(panels, held={"P0USD": FULL}), 4), first.state)

    assert first.no_signals["P0USD"] == "no bars: 1 missing"
    assert wanted(between) == {}


def test_without_any_pair_that_has_its_bars_the_rebalance_stays_due() -> None:
    panels = market(5)
    holed = {**panels, "4h": without_row(panels["4h"], 20, 0)}

    assert RS_ROTATION.decide(seen(holed), {}).state == {}


def test_a_pair_that_may_not_be_entered_is_not_chosen() -> None:
    snapshot = seen(market(1, 5, 3))
    without = replace(snapshot, tradable=frozenset({"P0USD", "P2USD"}))

    wishes = RS_ROTATION.decide(without, {})

    assert wanted(wishes) == {"P0USD": "enter", "P2USD": "enter"}
    assert wishes.no_signals["P1USD"] == "not tradable"


def test_an_entry_names_its_action() -> None:
    [wish] = RS_ROTATION.decide(seen(market(5)), {}).wishes

    assert wish.action is Action.ENTER
