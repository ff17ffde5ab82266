"""`strategy check`."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from kraken_pipeline.domain.errors import StrategyFaultError
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.base import Snapshot, Wishes
from kraken_pipeline_tests.cli.conftest import Command


def test_a_sound_strategy_is_said_to_be_sound(command: Command, fresh: dict[str, str]) -> None:
    said = command("strategy", "check", "trend_core", "--timeframe", "1h", "--json", environ=fresh)

    told = json.loads(said.out)
    assert said.code == 0
    assert told["timeframes"]["1h"]["faults"] == {}
    assert told["timeframes"]["1h"]["closes"] == 48
    assert "look_ahead" in told["checks"]


def test_a_strategy_with_a_fault_ends_otherwise_and_says_which(
    command: Command, fresh: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        raise ValueError("no")

    broken = replace(STRATEGIES["trend_core"], decide=fails)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": broken})

    said = command("strategy", "check", "trend_core", "--timeframe", "1h", environ=fresh)

    assert said.code == 3
    assert "1h FAULTS: 48 closes, 0 wishes" in said.out
    assert "ValueError: no" in said.out
    assert "hardly anything is proven" in said.out


def test_a_strategy_that_hangs_is_asked_three_times_and_not_again(
    command: Command, fresh: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def hangs(shown: Snapshot, state: Mapping[str, str]) -> Wishes:
        asked.append(shown.closed_at)
        raise StrategyFaultError("out of time: it may take 5 s")

    broken = replace(STRATEGIES["trend_core"], decide=hangs)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {"trend_core": broken})

    said = command("strategy", "check", "trend_core", "--timeframe", "1h", environ=fresh)

    assert (said.code, len(asked)) == (3, 3)
    assert "out of time: it may take 5 s" in said.out


def test_a_timeframe_that_it_does_not_decide_on_is_refused(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("strategy", "check", "rs_rotation", "--timeframe", "1m", environ=fresh)

    assert said.code == 2
    assert "does not decide on 1m: use one of" in said.err
