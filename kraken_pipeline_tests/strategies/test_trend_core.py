"""The trend strategy: what it enters, what it leaves, and what it says of all the rest."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.strategies.base import Bars, Floats, Wish, Wishes
from kraken_pipeline.strategies.trend_core import PROFILES, TREND_CORE
from kraken_pipeline_tests.strategies.markets import (
    CLOSED_AT,
    column,
    cut,
    only,
    panel,
    random_panels,
    shown,
    walk,
    without_row,
)

DEFAULTS = TREND_CORE.parameters({})
RISING = column(*[100.0] * 11, *[101.0] * 10)
"""Fast average 101 over slow 100.5: 49.75 bps."""
FALLING = column(*[101.0] * 11, *[100.0] * 10)
CALM_HOURS = walk(201, 1, seed=1)
RISING_DAYS = column(*range(100, 120))
FALLING_DAYS = column(*range(120, 100, -1))
SEEDS = st.integers(0, 500)


def market(
    close: Floats = RISING, hours: Floats = CALM_HOURS, days: Floats = RISING_DAYS
) -> dict[str, Bars]:
    return {"15m": panel("15m", close), "1h": panel("1h", hours), "1d": panel("1d", days)}


def said(panels: dict[str, Bars], *, held: bool = False, **parameters: object) -> Wish | str:
    """Return what is said of the only pair."""
    snapshot = shown(
        panels, held=["P0USD"] if held else [], parameters=TREND_CORE.parameters(parameters)
    )
    wishes = TREND_CORE.decide(snapshot, {})
    return wishes.wishes[0] if wishes.wishes else wishes.no_signals["P0USD"]


def test_a_strong_trend_is_entered() -> None:
    wish = said(market())

    assert isinstance(wish, Wish)
    assert wish.action is Action.ENTER
    assert wish.confidence == 1.0
    assert wish.reason == "trend: 49.8 bps >= 10"


def test_confidence_is_the_strength_over_twice_the_minimum() -> None:
    wish = said(market(), min_strength_bps=40)

    assert isinstance(wish, Wish)
    assert wish.confidence == pytest.approx(49.7512 / 80, abs=1e-6)


def test_the_stop_is_two_average_true_ranges_from_the_close() -> None:
    wish = said(market())

    # ranges of 2 % each, one of them widened by the step from 100 to 102.01
    atr = (10 * 2.0 + 1 * 2.02 + 9 * 2.02) / 20
    assert isinstance(wish, Wish)
    assert wish.stop_distance == pytest.approx(2 * atr / 101)


def test_a_weak_trend_is_not_entered() -> None:
    assert said(market(), min_strength_bps=50) == "weak: 49.8 bps < 50"


def test_a_trend_that_is_just_strong_enough_is_entered() -> None:
    assert isinstance(said(market(), min_strength_bps=(101 / 100.5 - 1) * 10_000), Wish)


def test_a_pair_on_its_daily_mean_is_not_above_it() -> None:
    assert said(market(days=np.full((20, 1), 100.0))) == "below daily SMA"


def test_a_held_pair_that_stands_still_is_kept() -> None:
    assert said(market(np.full((21, 1), 100.0)), held=True) == "trend holds"


def test_a_falling_pair_is_not_entered() -> None:
    assert said(market(FALLING)) == "weak: -49.8 bps < 10"


def test_a_pair_under_its_daily_mean_is_not_entered() -> None:
    assert said(market(days=FALLING_DAYS)) == "below daily SMA"


def test_the_daily_filter_may_be_switched_off() -> None:
    assert isinstance(said(market(days=FALLING_DAYS), daily_filter=False), Wish)


def test_on_daily_bars_there_is_no_second_daily_filter() -> None:
    dipping = column(*RISING.ravel()[:-1], 100.4)
    panels = {"1d": panel("1d", dipping), "1h": panel("1h", CALM_HOURS)}
    snapshot = shown(panels, name="1d", parameters=DEFAULTS)

    assert [each.action for each in TREND_CORE.decide(snapshot, {}).wishes] == [Action.ENTER]


@pytest.mark.parametrize(
    ("hours", "needed"),
    [
        (walk(201, 1, seed=1, step=0.0001), "60"),
        (np.where(np.arange(201) % 2, 101.0, 100.0)[:, np.newaxis], "50"),
        (walk(201, 1, seed=1, step=0.2), "80"),
    ],
)
def test_a_worse_regime_asks_for_more_strength(hours: Floats, needed: str) -> None:
    assert said(market(hours=hours), min_strength_bps=40) == f"weak: 49.8 bps < {needed}"


def test_a_held_pair_is_left_once_the_fast_mean_is_under_the_slow() -> None:
    wish = said(market(FALLING), held=True)

    assert wish == Wish(
        pair="P0USD",
        action=Action.EXIT,
        confidence=1.0,
        stop_distance=0.0,
        reason="trend over: -49.8 bps < 0",
    )


def test_a_held_pair_is_kept_while_the_trend_holds_however_weak() -> None:
    assert said(market(), held=True, min_strength_bps=1000) == "trend holds"


def test_a_held_pair_is_left_without_hours_and_days() -> None:
    nothing = np.full((1, 1), np.nan)

    assert isinstance(said(market(FALLING, nothing, nothing), held=True), Wish)


def test_a_pair_that_may_not_be_traded_may_still_be_left() -> None:
    both = {name: only(bars, [0, 0]) for name, bars in market(FALLING).items()}
    both = {name: replace(bars, pairs=("AUSD", "BUSD")) for name, bars in both.items()}
    snapshot = shown(both, held=["AUSD"], untradable=["AUSD", "BUSD"], parameters=DEFAULTS)

    wishes = TREND_CORE.decide(snapshot, {})

    assert [(each.pair, each.action) for each in wishes.wishes] == [("AUSD", Action.EXIT)]
    assert wishes.no_signals == {"BUSD": "not tradable"}


@pytest.mark.parametrize(
    ("panels", "why"),
    [
        (market(RISING[1:]), "no bars: 1 missing"),
        (market(hours=CALM_HOURS[2:]), "no 1h bars: 2 missing"),
        (market(days=RISING_DAYS[3:]), "no 1d bars: 3 missing"),
        (market(np.empty((0, 1))), "no bars: 21 missing"),
    ],
)
def test_without_every_bar_nothing_is_entered(panels: dict[str, Bars], why: str) -> None:
    assert said(panels) == why


def test_bars_that_stopped_coming_are_not_taken_for_new_ones() -> None:
    stale = panel("1d", RISING_DAYS, closed_at=CLOSED_AT - timedelta(days=1))

    assert said({**market(), "1d": stale}) == "no 1d bars: 1 missing"


def test_a_hole_in_the_averages_keeps_a_held_pair() -> None:
    panels = market(FALLING)

    assert said({**panels, "15m": without_row(panels["15m"], 15, 0)}, held=True) == (
        "no bars: 1 missing"
    )


def test_a_pair_that_stopped_moving_has_no_stop_and_is_not_entered() -> None:
    bars = panel("15m", RISING, spread=0.0)

    why = said({**market(), "15m": bars}, atr_bars=2)

    assert why == "no stop: 0.000000 is not within 0..1"


def test_a_stop_that_is_farther_away_than_the_price_is_none() -> None:
    wild = panel("15m", RISING, spread=0.9)

    assert str(said({**market(), "15m": wild})).startswith("no stop: 3.58")


@pytest.mark.parametrize(("profile", "averages"), list(PROFILES.items()))
@pytest.mark.parametrize("name", TREND_CORE.timeframes)
def test_the_needs_hold_every_window(name: str, profile: str, averages: tuple[int, int]) -> None:
    needs = TREND_CORE.needs(name, TREND_CORE.parameters({"profile": profile}))

    assert needs[name] >= max(averages[1], 21)
    assert needs["1h"] >= 201
    assert needs["1d"] >= averages[1]


def decided(panels: dict[str, Bars], name: str = "15m") -> Wishes:
    held = panels[name].pairs[::3]
    snapshot = shown(panels, name=name, held=held, parameters=DEFAULTS)
    return TREND_CORE.decide(snapshot, {})


@given(seed=SEEDS, name=st.sampled_from(TREND_CORE.timeframes))
def test_every_pair_is_answered_exactly_once(seed: int, name: str) -> None:
    panels = random_panels(TREND_CORE, name=name, seed=seed)
    wishes = decided(panels, name)
    answered = [each.pair for each in wishes.wishes] + list(wishes.no_signals)

    assert sorted(answered) == sorted(panels[name].pairs)


@given(seed=SEEDS, name=st.sampled_from(TREND_CORE.timeframes))
def test_every_entry_is_one_that_risk_can_take(seed: int, name: str) -> None:
    for wish in decided(random_panels(TREND_CORE, name=name, seed=seed), name).wishes:
        assert 0.1 <= wish.confidence <= 1
        assert wish.action is Action.EXIT or 0 < wish.stop_distance < 1


@given(seed=SEEDS, extra=st.integers(1, 400))
def test_older_bars_than_are_needed_change_nothing(seed: int, extra: int) -> None:
    short = random_panels(TREND_CORE, seed=seed)
    long = random_panels(TREND_CORE, seed=seed, extra=extra)

    assert len(long["15m"].close) > len(short["15m"].close)
    assert decided(long) == decided(short)


@given(seed=SEEDS, picked=st.sets(st.integers(0, 11), min_size=1).map(sorted))
def test_what_is_said_of_a_pair_does_not_depend_on_the_others(seed: int, picked: list[int]) -> None:
    panels = random_panels(TREND_CORE, seed=seed)
    few = {name: only(bars, picked) for name, bars in panels.items()}
    held = set(panels["15m"].pairs[::3])
    snapshot = shown(few, held=sorted(held & set(few["15m"].pairs)), parameters=DEFAULTS)

    every, some = decided(panels), TREND_CORE.decide(snapshot, {})

    assert [each for each in every.wishes if each.pair in few["15m"].pairs] == list(some.wishes)


@given(seed=SEEDS, back=st.integers(1, 60))
def test_nothing_that_happens_later_changes_a_decision(seed: int, back: int) -> None:
    first = random_panels(TREND_CORE, seed=seed, extra=300)
    at = CLOSED_AT - timedelta(minutes=15 * back)
    other = dict(first)
    for name, bars in first.items():
        later = bars.opened_at + bars.frame.seconds > at.timestamp()
        other[name] = replace(bars, close=np.where(later[:, np.newaxis], 1e6, bars.close))
    snapshot = replace(shown(first, parameters=DEFAULTS), closed_at=at)

    assert TREND_CORE.decide(cut(first, snapshot), {}) == TREND_CORE.decide(
        cut(other, snapshot), {}
    )


def test_five_hundred_pairs_are_decided_alike_twice() -> None:
    panels = random_panels(TREND_CORE, pairs=500)

    assert decided(panels) == decided(panels)
