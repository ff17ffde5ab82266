"""The simulator's own controls."""

import time
from dataclasses import replace

import requests

from kraken_pipeline.simulator.rest import Served, loopback
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import Client


def test_a_fixed_clock_is_turned_to_a_time_or_by_a_span(client: Client) -> None:
    client.control("clock", now="2026-10-01T12:00:00.5Z")
    answer = client.control("clock", advance_seconds=0.25)

    assert answer == {
        "now": "2026-10-01T12:00:00.750000Z",
        "mode": "fixed",
        "speed": 0.0,
        "skew_seconds": 0.0,
    }
    assert client.session.get(f"{client.url}/_sim/clock", timeout=5).json() == answer
    assert client.public("Time")["result"]["unixtime"] == 1790856000


def test_a_clock_never_goes_back_and_only_a_fixed_one_is_turned(
    client: Client, settings: Settings
) -> None:
    assert "can't go back" in client.control("clock", now="2026-09-30T00:00:00Z")["error"]
    assert "give" in client.control("clock", minutes=5)["error"]
    running = replace(settings, folder=settings.folder / "real", clock="real")
    with simulated(running) as served, requests.Session() as session:
        answer = Client(served.url, session).control("clock", advance_seconds=5)
        assert "runs by itself" in answer["error"]


def test_an_answer_is_kept_back_after_its_effect(client: Client, served: Served) -> None:
    client.control("latency", method="AddOrder", seconds=0.2)

    begun = time.monotonic()
    client.placed()

    assert time.monotonic() - begun >= 0.2
    assert "no method" in client.control("latency", method="Nope", seconds=1)["error"]
    assert "0 to 600" in client.control("latency", method="Balance", seconds=-1)["error"]


def test_only_this_machine_is_a_host() -> None:
    assert all(map(loopback, ("127.0.0.1", "::1", "localhost")))
    assert not any(map(loopback, ("0.0.0.0", "192.168.1.1", "example.com", "")))  # noqa: S104 refused
