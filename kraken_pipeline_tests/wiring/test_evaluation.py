"""The bounds of a strategy, each tried by one that really goes past it (F-RSK-7, STG-6)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kraken_pipeline.domain.errors import StrategyFaultError
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.settings.sections import Strategies
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.checks import made_up, tried
from kraken_pipeline.wiring.evaluation import Bounds, tried_within
from kraken_pipeline_tests.conftest import REPOSITORY

NAME = "mine@1h"


def bounds(folder: Path, *, seconds: float = 0.2, megabytes: int = 64) -> Bounds:
    return Bounds(folder, seconds=seconds, megabytes=megabytes)


def forever() -> None:
    while True:
        pass


def forever_deaf() -> None:
    while True:
        with suppress(Exception):
            forever()


def asleep() -> None:
    time.sleep(60)


@pytest.mark.parametrize("never", [forever, forever_deaf, asleep])
def test_f_rsk_7_a_strategy_that_never_returns_is_interrupted(
    never: Callable[[], None], tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGALRM)
    began = time.monotonic()

    with pytest.raises(StrategyFaultError, match=r"out of time: it may take 0\.2 s"):
        bounds(tmp_path)(NAME, never)

    assert time.monotonic() - began < 5
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_f_rsk_7_a_loop_is_interrupted_in_any_thread(tmp_path: Path) -> None:
    found: list[str] = []

    def ask() -> None:
        try:
            bounds(tmp_path)(NAME, forever)
        except StrategyFaultError as fault:
            found.append(str(fault))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)

    assert found == ["out of time: it may take 0.2 s"]


def test_what_no_alarm_reaches_is_a_fault_once_it_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # an alarm that is held back, as inside of compiled code
    monkeypatch.setattr(signal, "setitimer", lambda which, seconds, again=0: None)

    with pytest.raises(StrategyFaultError, match=r"it may take 0\.01 s and took 0\.0"):
        bounds(tmp_path, seconds=0.01)(NAME, lambda: time.sleep(0.02))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is asked for")
def test_stg_6_a_strategy_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(StrategyFaultError, match="MemoryError"):
        bounds(tmp_path, seconds=5)(NAME, lambda: np.zeros(10**9))

    assert bounds(tmp_path, seconds=5)(NAME, lambda: np.zeros(10**6).size) == 10**6


def test_what_comes_back_in_time_leaves_nothing_behind(tmp_path: Path) -> None:
    assert bounds(tmp_path)(NAME, lambda: 5) == 5
    assert list(tmp_path.iterdir()) == []


def about(seconds: float) -> Callable[[], None]:
    """Return what takes about so long: it ends as the alarm goes off."""

    def ask() -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass

    return ask


@pytest.mark.parametrize("where", ["main thread", "another thread"])
def test_an_alarm_that_goes_off_while_it_is_stopped_rings_nobody_later(
    where: str, tmp_path: Path
) -> None:
    asked = bounds(tmp_path, seconds=0.0005)
    done = threading.Event()

    def often() -> None:
        for part in range(1500):
            with suppress(StrategyFaultError):
                asked(NAME, about(0.00045 + part % 50 / 1_000_000))
        done.set()

    if where == "main thread":
        often()
    else:
        thread = threading.Thread(target=often)
        thread.start()
        thread.join(60)

    assert done.is_set()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


DIES = """
import os, sys
from pathlib import Path
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.settings.sections import Strategies
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.strategies.checks import made_up, tried
from kraken_pipeline.wiring.evaluation import Bounds, tried_within
Bounds(Path(sys.argv[1]), seconds=60, megabytes=64)("mine@1h", lambda: os._exit(9))
"""


def test_f_rsk_7_a_process_that_ended_while_it_asked_is_a_fault_once(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    assert ran.returncode == 9

    with pytest.raises(StrategyFaultError, match="its process ended while it was asked"):
        bounds(tmp_path)(NAME, lambda: 5)
    assert bounds(tmp_path)(NAME, lambda: 5) == 5


def test_who_asks_at_the_same_time_as_another_is_not_mistaken_for_dead(tmp_path: Path) -> None:
    inner = bounds(tmp_path, seconds=5)

    assert bounds(tmp_path, seconds=5)(NAME, lambda: inner(NAME, lambda: 5)) == 5


def test_one_that_is_tried_is_interrupted_and_leaves_no_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sleeper = replace(STRATEGIES["trend_core"], decide=lambda shown, state: asleep())  # type: ignore[arg-type, return-value]  # it never answers
    bounds = Strategies(evaluation_seconds=1, quarantine_after=1)

    within = tried_within(sleeper, bounds, TIMEFRAMES["1h"])

    trial = made_up(within, TIMEFRAMES["1h"], {}, closes=4, seed=1)
    assert "out of time: it may take 1 s" in str(tried(trial).faults[0])
    assert list(tmp_path.iterdir()) == []
