import time
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline.wiring.clock import simulator_clock, system_microseconds, system_now
from kraken_pipeline.wiring.exchange import KEY, SECRET
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket

ALMOST = timedelta(seconds=5)


def told(folder: Path, **offset: float) -> Settings:
    return Settings(folder=folder, key=KEY, secret=SECRET, offset=timedelta(**offset))


def test_this_machines_time_is_aware_and_in_utc() -> None:
    assert system_now().tzinfo is UTC
    assert abs(system_microseconds() / 1e6 - system_now().timestamp()) < ALMOST.total_seconds()


def test_a_clock_that_stands_is_asked_each_time(market: PaperMarket) -> None:
    clock = simulator_clock(market.served.url)
    assert clock() == MOMENT

    market.turn(MOMENT + timedelta(hours=1))

    assert clock() == MOMENT + timedelta(hours=1)


def test_a_clock_that_runs_with_this_machines_is_this_machines(tmp_path: Path) -> None:
    with simulated(told(tmp_path)) as served:
        assert simulator_clock(served.url) is system_now


def test_a_clock_that_runs_days_behind_stays_days_behind(tmp_path: Path) -> None:
    with simulated(told(tmp_path, days=-3)) as served:
        clock = simulator_clock(served.url)

    assert abs(clock() + timedelta(days=3) - system_now()) < ALMOST


def test_a_clock_that_runs_faster_is_asked_each_time(tmp_path: Path) -> None:
    with simulated(replace(told(tmp_path), speed=10_000.0)) as served:
        clock = simulator_clock(served.url)
        first = clock()
        time.sleep(0.02)

        assert clock() - first >= timedelta(seconds=200)


def test_without_a_simulator_there_is_no_time() -> None:
    with pytest.raises(UnreachableError, match="no simulator answers at http"):
        simulator_clock("http://127.0.0.1:1")
