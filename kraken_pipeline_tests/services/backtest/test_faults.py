"""Strategies that go wrong in a run: told, and asked no more, as in life."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from kraken_pipeline.domain.errors import DataStaleError
from kraken_pipeline.domain.intents import Outcome
from kraken_pipeline.services.backtest import History, Result, Run
from kraken_pipeline.strategies.base import Awake, Bars, Snapshot, Strategy, Wishes
from kraken_pipeline_tests.services.backtest.runs import (
    BEGUN,
    HOUR,
    Nothing,
    asked,
    flat,
    rules,
    scripted,
)

NONE = Wishes(wishes=(), no_signals={})
Fails = Callable[[int], bool]


def ran(fails: Fails, heard: list[int], *, awake: Fails | None = None) -> Result:
    def decide(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        bar = int((shown.closed_at - BEGUN) / HOUR)
        heard.append(bar)
        if fails(bar):
            raise ValueError(f"bar {bar}")
        return NONE

    def wakes(frame: object, panels: Mapping[str, Bars], given: object) -> Awake:
        assert awake is not None
        rows = len(panels["1h"].opened_at)
        flags = np.array([[awake(row + 1)] for row in range(rows)])
        return Awake(enter=flags, leave=flags)

    strategy: Strategy = replace(
        scripted({}), decide=decide, awake=None if awake is None else wakes
    )
    history = History({"1h": flat(*[100] * 20)})
    return Run(asked(strategy, until=BEGUN + 20 * HOUR), rules(), history, Nothing()).run()


def test_one_that_always_fails_is_asked_three_times_and_told_of() -> None:
    heard: list[int] = []

    result = ran(lambda bar: True, heard)

    assert heard == [1, 2, 3]
    assert result.faults == (
        "s went wrong at 3 of its closes, last at 2026-03-01 03:00, "
        "STRATEGY_FAULT: ValueError: bar 3",
        "s was not asked any more after 3 faults in a row until 2026-03-01 03:00; in life a "
        "person may release it",
    )


def test_a_close_that_a_strategy_would_not_judge_is_told_as_skipped() -> None:
    def decide(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        if shown.closed_at == BEGUN + 2 * HOUR:
            raise DataStaleError("too old")
        return NONE

    history = History({"1h": flat(*[100] * 5)})
    wanted = asked(replace(scripted({}), decide=decide), until=BEGUN + 4 * HOUR)

    [skip] = Run(wanted, rules(), history, Nothing()).run().decisions

    assert (skip.outcome, skip.closed_at) == (Outcome.SKIPPED, BEGUN + 2 * HOUR)
    assert skip.reason == "DATA_STALE_STRATEGY: too old"


@pytest.mark.parametrize(
    ("fails", "awake"),
    [
        (lambda bar: bar % 3 != 0, None),
        (lambda bar: bar % 2 == 0, lambda bar: bar % 2 == 0),
    ],
    ids=["every third is well", "between them it sleeps"],
)
def test_faults_with_a_good_close_between_them_keep_nobody_out(
    fails: Fails, awake: Fails | None
) -> None:
    heard: list[int] = []

    result = ran(fails, heard, awake=awake)

    assert max(heard) >= 19
    assert len(result.faults) == 1


def test_one_that_does_well_is_not_told_of() -> None:
    assert ran(lambda bar: False, []).faults == ()
