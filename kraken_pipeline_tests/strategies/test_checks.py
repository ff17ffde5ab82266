"""The checks: every strategy of ours passes them, and each finds what it is there for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kraken_pipeline.domain.errors import DataStaleError
from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Awake, Bars, Snapshot, Strategy, Wish, Wishes
from kraken_pipeline.strategies.checks import CHECKS, Outcome, made_up, tried
from kraken_pipeline.strategies.made_up import PAIRS

HOUR = TIMEFRAMES["1h"]
LIVELY: Mapping[str, Mapping[str, Any]] = {
    "trend_core": {"min_strength_bps": 5},
    "vol_breakout": {"lookback": 5, "max_range_bps": 900, "breakout_atr_multiple": 0.05},
    "majors_mean_rev": {"pairs": PAIRS, "lookback": 10, "only_mean_reverting": False},
    "rs_rotation": {"lookback": 10},
    "dca_overlay": {"weights": dict.fromkeys(PAIRS, 1), "total_pct": 12},
}
"""Parameters by which a strategy wishes for something on the made-up market."""


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_p_16_every_built_in_strategy_passes_every_check(name: str) -> None:
    strategy = STRATEGIES[name]
    frame = HOUR if "1h" in strategy.timeframes else TIMEFRAMES[strategy.timeframes[0]]

    outcome = tried(made_up(strategy, frame, LIVELY.get(name, {}), closes=24, seed=3))

    assert outcome.faults == ()
    assert (outcome.closes, outcome.wishes > 0) == (24, True)


def said(close: float, pair: str, action: Action = Action.ENTER) -> Wish:
    # the confidence tells of the figure that was looked at
    return Wish(
        pair=pair, action=action, confidence=close % 1, stop_distance=0.02, reason=f"{close}"
    )


def tried_with(
    decide: Callable[[Snapshot, Mapping[str, str]], Wishes],
    **more: Any,  # noqa: ANN401 - fields of Strategy
) -> Outcome:
    plain = Strategy(
        name="mine",
        version="1",
        timeframes=("1h",),
        needs=lambda frame, parameters: {"1h": 5},
        parameters=dict,
        decide=decide,
    )
    return tried(made_up(replace(plain, **more), HOUR, {}, closes=6, seed=1))


def faults(outcome: Outcome) -> list[str]:
    return [each.check for each in outcome.faults]


def last_close(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
    return Wishes(wishes=(said(shown.bars().close[-1, 0], PAIRS[0]),), no_signals={})


def test_a_strategy_that_looks_at_its_last_close_passes() -> None:
    outcome = tried_with(last_close)

    assert (faults(outcome), outcome.wishes) == ([], 12)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ([replace(said(1.5, PAIRS[0]), confidence=float("nan"))], "confidence=nan"),
        ([said(1.5, "NOPEUSD")], "NOPEUSD is none of the pairs"),
        ([said(1.5, PAIRS[0]), said(1.5, PAIRS[0])], "is wished for more than once"),
        ([said(1.5, PAIRS[0]), replace(said(1.5, ""), pair=None)], "None is none of the pairs"),  # type: ignore[arg-type]  # what a slip may give
    ],
    ids=["nan", "unknown pair", "twice", "no pair"],
)
def test_wishes_that_are_refused_in_life_are_a_fault(wishes: list[Wish], words: str) -> None:
    outcome = tried_with(lambda shown, state: Wishes(wishes=tuple(wishes), no_signals={}))

    [found] = [each for each in outcome.faults if each.check == "makes_sense"]
    assert words in found.what


def test_what_is_no_answer_at_all_is_a_fault_and_no_crash() -> None:
    outcome = tried_with(lambda shown, state: {"buy": PAIRS[0]})  # type: ignore[arg-type, return-value]  # what a slip may give

    [found] = outcome.faults
    assert (found.check, found.what) == ("decides", "it answers with dict, not with Wishes")


def test_one_that_reaches_behind_what_it_is_shown_looks_ahead() -> None:
    def peeks(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        behind = shown.bars().close.base
        assert behind is not None
        whole = behind if behind.base is None else behind.base
        return Wishes(wishes=(said(float(whole[-1, 0]), PAIRS[0]),), no_signals={})

    [fault] = tried_with(peeks).faults

    assert fault.check == "look_ahead"
    assert "other wishes with the bars after the close a thousand times as high" in str(fault)


def test_one_that_averages_whatever_bars_it_gets_is_not_warm() -> None:
    def averages(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        mean = float(shown.bars().close.mean())
        return Wishes(wishes=(said(mean, PAIRS[0]),), no_signals={})

    [fault] = tried_with(averages).faults

    assert fault.check == "warm_up"
    assert "name more in needs" in fault.what


def test_one_that_remembers_outside_of_its_state_is_not_repeatable() -> None:
    calls: list[int] = []

    def counts(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        calls.append(1)
        return Wishes(wishes=(), no_signals={PAIRS[0]: f"call {len(calls)}"})

    assert "repeatable" in faults(tried_with(counts))


def test_one_that_wishes_while_it_sleeps_is_found() -> None:
    def never(frame: Timeframe, panels: Mapping[str, Bars], given: Mapping[str, object]) -> Awake:
        nothing = np.zeros(panels["1h"].close.shape, dtype=np.bool_)
        return Awake(enter=nothing, leave=nothing)

    [fault] = tried_with(last_close, awake=never).faults

    assert (fault.check, fault.what) == ("awake", "awake says no and it wishes for XBTUSD")


def test_one_that_sleeps_by_what_comes_later_is_found() -> None:
    def knows(frame: Timeframe, panels: Mapping[str, Bars], given: Mapping[str, object]) -> Awake:
        close = panels["1h"].close
        flags = np.full(close.shape, fill_value=True)
        flags[:, 1] = close[:, 1] < close[-1, 1]
        return Awake(enter=flags, leave=flags)

    assert faults(tried_with(last_close, awake=knows)) == ["awake_look_ahead"]


def test_one_that_raises_is_found_and_one_that_skips_is_not() -> None:
    def raises(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        raise KeyError("XBTEUR")

    def skips(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        raise DataStaleError("no spread")

    [fault] = tried_with(raises).faults
    assert (fault.check, fault.what) == ("decides", "KeyError: 'XBTEUR'")
    assert tried_with(skips).faults == ()


def test_every_check_has_been_seen_to_find_something() -> None:
    assert set(CHECKS) == {
        "decides",
        "makes_sense",
        "repeatable",
        "look_ahead",
        "warm_up",
        "awake",
        "awake_look_ahead",
    }
