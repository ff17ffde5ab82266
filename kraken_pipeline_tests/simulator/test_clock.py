"""The exchange's time."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kraken_pipeline.simulator.clock import FixedClock, RealClock
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, opened
from kraken_pipeline_tests.simulator.conftest import Client

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_faster_clock_passes_more_time() -> None:
    clock = RealClock(speed=1000, start=START)
    time.sleep(0.02)

    assert timedelta(seconds=20) <= clock.now() - START < timedelta(seconds=300)


def test_a_clock_may_begin_anywhere() -> None:
    second = timedelta(seconds=1)

    assert RealClock(start=START).now() - START < second
    assert RealClock(HOUR).now() - RealClock().now() - HOUR < second


def test_a_skewed_clock_shows_another_time_and_is_turned_by_what_it_shows() -> None:
    clock = FixedClock(START)
    clock.skew = -HOUR
    shown = clock.now()
    clock.turn(START)
    clock.skew = timedelta()

    assert (shown, clock.now()) == (START - HOUR, START + HOUR)


def test_an_exchange_outlives_a_clock_that_goes_back(client: Client, served: Served) -> None:
    first = client.placed()
    client.control("clock", skew_seconds=-2)
    second = client.placed()
    client.control("clock", skew_seconds=0)

    opened_at = [served.exchange.account.orders[order].opened for order in (first, second)]
    assert opened_at == sorted(opened_at)
    assert client.did("CancelAll") == {"count": 2}


def test_a_faster_market_never_begins_before_where_it_was_left(settings: Settings) -> None:
    fast = replace(settings, clock="real", speed=100_000.0)
    with opened(fast) as service:
        time.sleep(0.05)
        left = service.exchange.advance()

    with opened(fast) as service:
        assert service.exchange.clock.now() >= left


@pytest.mark.parametrize("speed", [0, -1, 1e9, float("nan")])
def test_a_speed_that_is_none_is_refused(tmp_path: Path, settings: Settings, speed: float) -> None:
    wrong = replace(settings, clock="real", speed=speed)

    with pytest.raises(ValueError, match="the speed is"), opened(wrong):
        pass
