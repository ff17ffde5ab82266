"""What holds for every built-in strategy, on made-up markets on which it does something."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.intents import Holding, Unit
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy, Wish, Wishes
from kraken_pipeline_tests.strategies.markets import at_each_close, only, stretch

ALL = tuple(f"P{at}USD" for at in range(6))
LIVELY: Mapping[str, Mapping[str, Any]] = {
    "trend_core": {"min_strength_bps": 20},
    "vol_breakout": {"lookback": 5, "max_range_bps": 900, "breakout_atr_multiple": 0.05},
    "majors_mean_rev": {
        "pairs": ALL,
        "lookback": 10,
        "entry_bps": 60,
        "only_mean_reverting": False,
    },
    "rs_rotation": {"lookback": 10, "drift_pct": 5},
    "dca_overlay": {"weights": dict.fromkeys(ALL, 1), "total_pct": 12},
}
"""Parameters by which a strategy wishes for something on a random walk."""
OF_ITS_OWN = ("trend_core", "vol_breakout")
"""Strategies that ask each pair by itself."""
SLEEPERS = ("trend_core", "vol_breakout", "majors_mean_rev")
SEEDS = st.integers(0, 10_000)
ROWS = 40
TICKS = st.sampled_from([0.0, 1.0, 5.0])


def frame_of(strategy: Strategy) -> str:
    return "1h" if "1h" in strategy.timeframes else strategy.timeframes[0]


def lively(name: str) -> tuple[Strategy, Mapping[str, object]]:
    return STRATEGIES[name], STRATEGIES[name].parameters(LIVELY[name])


def closes(name: str, seed: int, tick: float = 0.0) -> list[tuple[int, Snapshot]]:
    strategy, parameters = lively(name)
    frame = frame_of(strategy)
    panels = stretch(strategy, parameters, name=frame, rows=ROWS, seed=seed, tick=tick)
    return list(at_each_close(panels, frame, rows=ROWS, parameters=parameters))


def wished(strategy: Strategy, snapshot: Snapshot, *, held: bool) -> dict[str, str]:
    seen = holding(snapshot, snapshot.pairs if held else ())
    return {each.pair: each.action.value for each in strategy.decide(seen, {}).wishes}


def holding(snapshot: Snapshot, pairs: Sequence[str], qty: Decimal = Decimal(1)) -> Snapshot:
    """Show the same with some of each of the pairs in the book: about one percent of equity."""
    held = {pair: Holding(qty=qty, cost=Decimal(100)) for pair in pairs}
    return replace(snapshot, held=frozenset(held), holdings=held, equity=Decimal(10_000))


def half_held(snapshot: Snapshot, qty: Decimal = Decimal(1)) -> Snapshot:
    return holding(snapshot, [pair for pair in snapshot.pairs if pair in ALL[::2]], qty)


def said_of(wishes: Wishes) -> dict[str, object]:
    return {**wishes.no_signals, **{each.pair: each for each in wishes.wishes}}


def test_every_strategy_is_tried_here() -> None:
    assert set(LIVELY) == set(STRATEGIES)


@pytest.mark.parametrize("name", list(LIVELY))
@settings(max_examples=8)
@given(seed=SEEDS, tick=TICKS)
def test_where_a_strategy_sleeps_it_wishes_for_nothing(name: str, seed: int, tick: float) -> None:
    strategy, parameters = lively(name)
    seen = closes(name, seed, tick)
    assert strategy.awake is not None
    panels = stretch(strategy, parameters, name=frame_of(strategy), rows=ROWS, seed=seed, tick=tick)

    awake = strategy.awake(seen[-1][1].frame, panels, parameters)

    for row, snapshot in seen:
        for flags, held in ((awake.enter, False), (awake.leave, True)):
            asleep = {pair for at, pair in enumerate(ALL) if not flags[row, at]}
            assert asleep.isdisjoint(wished(strategy, snapshot, held=held))


@pytest.mark.parametrize("name", list(LIVELY))
def test_a_strategy_wishes_for_something_held_and_not_held(name: str) -> None:
    strategy, _ = lively(name)
    seen = [snapshot for _, snapshot in closes(name, seed=1)]

    assert any(wished(strategy, each, held=False) for each in seen)
    assert any(wished(strategy, each, held=True) for each in seen)


@pytest.mark.parametrize("name", SLEEPERS)
def test_a_strategy_that_looks_at_prices_alone_sleeps_most_of_the_time(name: str) -> None:
    strategy, parameters = lively(name)
    panels = stretch(strategy, parameters, name=frame_of(strategy), rows=ROWS, seed=1)
    assert strategy.awake is not None

    awake = strategy.awake(timeframe(frame_of(strategy)), panels, parameters)

    assert 0 < awake.enter[-ROWS:].mean() < 0.5


@pytest.mark.parametrize("name", list(LIVELY))
@settings(max_examples=10)
@given(seed=SEEDS, order=st.permutations(range(len(ALL))))
def test_the_order_of_the_pairs_changes_nothing(name: str, seed: int, order: list[int]) -> None:
    strategy, _ = lively(name)
    snapshot = half_held(closes(name, seed)[-1][1])
    turned = picked(snapshot, order)

    assert said_of(strategy.decide(turned, {})) == said_of(strategy.decide(snapshot, {}))


@pytest.mark.parametrize("name", OF_ITS_OWN)
@settings(max_examples=10)
@given(seed=SEEDS, some=st.sets(st.integers(0, len(ALL) - 1), min_size=1).map(sorted))
def test_other_pairs_change_nothing(name: str, seed: int, some: list[int]) -> None:
    strategy, _ = lively(name)
    snapshot = half_held(closes(name, seed)[-1][1])
    few = picked(snapshot, some)

    every = said_of(strategy.decide(snapshot, {}))

    assert said_of(strategy.decide(few, {})) == {pair: every[pair] for pair in few.pairs}


@pytest.mark.parametrize("name", list(LIVELY))
@settings(max_examples=10)
@given(seed=SEEDS, power=st.integers(-20, 20))
def test_the_unit_of_the_prices_changes_nothing(name: str, seed: int, power: int) -> None:
    strategy, _ = lively(name)
    snapshot = closes(name, seed)[-1][1]
    # a power of two, so that no digit is lost
    panels = {key: times(bars, 2.0**power) for key, bars in snapshot.panels.items()}
    scaled = half_held(replace(snapshot, panels=panels), Decimal(1) / Decimal(2) ** power)

    first, second = strategy.decide(half_held(snapshot), {}), strategy.decide(scaled, {})

    assert [asked(each) for each in second.wishes] == [asked(each) for each in first.wishes]


def asked(wish: Wish) -> Wish:
    """Return a wish without what is told in prices or in units."""
    is_in_units = wish.aim is not None and wish.aim.unit is Unit.QTY
    return replace(wish, reason="", aim=None if is_in_units else wish.aim)


def picked(snapshot: Snapshot, columns: list[int]) -> Snapshot:
    panels = {key: only(bars, columns) for key, bars in snapshot.panels.items()}
    pairs = panels[snapshot.frame.name].pairs
    return replace(
        snapshot,
        panels=panels,
        pairs=pairs,
        held=snapshot.held & frozenset(pairs),
        holdings={pair: snapshot.holdings[pair] for pair in snapshot.held & frozenset(pairs)},
        tradable=snapshot.tradable & frozenset(pairs),
    )


def times(bars: Bars, factor: float) -> Bars:
    return replace(
        bars,
        open=bars.open * factor,
        high=bars.high * factor,
        low=bars.low * factor,
        close=bars.close * factor,
    )


@pytest.mark.parametrize("name", list(LIVELY))
def test_every_pair_is_answered_once_and_every_entry_is_one_that_risk_can_take(name: str) -> None:
    strategy, _ = lively(name)
    for _, snapshot in closes(name, seed=3):
        said = strategy.decide(half_held(snapshot), {})

        assert sorted([each.pair for each in said.wishes] + list(said.no_signals)) == list(ALL)
        for each in said.wishes:
            assert 0 <= each.confidence <= 1
            assert not each.action.opens or 0 < each.stop_distance < 1
