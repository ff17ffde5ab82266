"""The edge under load; `python -m benchmarks.nonces` and `... .day` run the same at full length."""

import time
from pathlib import Path

import pytest

from kraken_pipeline import panic
from kraken_pipeline_tests.programs import simulator_process
from kraken_pipeline_tests.saturation import panic_arguments, saturated
from kraken_pipeline_tests.soak import CREDENTIAL, Task, soak
from kraken_pipeline_tests.virtual_day import virtual_day

pytestmark = pytest.mark.slow


def test_senders_that_are_killed_and_whose_clock_steps_never_use_a_nonce_twice(
    tmp_path: Path,
) -> None:
    """U-NON-1, U-NON-4, P-12."""
    (tmp_path / "shared").mkdir()
    options = ("--limits", "private", "--tier", "starter", "--speed", "500")
    with simulator_process(tmp_path / "exchange", *options) as url:
        task = Task(url=url, folder=tmp_path / "shared", threads=3, speed=500)
        noted = soak(task, processes=2, calls=350, kills=3)

    assert set(noted) == {"done"}


def test_hours_of_a_cycle_a_minute_on_the_starter_tier_meet_no_limit(tmp_path: Path) -> None:
    """U-RAT-1, U-RAT-4."""
    with virtual_day(tmp_path) as day:
        day.cycles(40)

    assert set(day.noted) == {"done"}
    assert day.waited > 0


def test_panic_cancels_within_two_seconds_while_readers_take_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """F-EXC-4, with one key for all: reads wait for the counter, and one is slow to be answered."""
    with (
        simulator_process(tmp_path / "exchange", "--limits", "private") as url,
        saturated(tmp_path, url),
    ):
        monkeypatch.setenv("KRAKEN_API_KEY", CREDENTIAL.key)
        monkeypatch.setenv("KRAKEN_API_SECRET", CREDENTIAL.secret)
        began = time.monotonic()
        panic.main(panic_arguments(tmp_path, url))
        seconds = time.monotonic() - began

    assert '"canceled": 1' in capsys.readouterr().out
    assert seconds < 2
