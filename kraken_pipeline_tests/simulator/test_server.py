"""How a server ends."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import Client


def test_it_stops_at_once_though_a_connection_is_open(settings: Settings) -> None:
    with simulated(settings) as served:
        line = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=5)
        line.request("GET", "/0/public/Time")
        line.getresponse().read()
        begun = time.monotonic()

    assert time.monotonic() - begun < 0.5
    line.close()


def test_what_is_being_answered_is_answered_before_it_ends(settings: Settings) -> None:
    with ThreadPoolExecutor(1) as aside, simulated(settings) as served:
        with requests.Session() as session:
            Client(served.url, session).control("latency", method="Time", seconds=0.2)
        answer = aside.submit(requests.get, f"{served.url}/0/public/Time", timeout=5)
        time.sleep(0.1)

    assert answer.result().json()["error"] == []


def test_nothing_answers_and_no_thread_runs_afterwards(settings: Settings) -> None:
    before = threading.active_count()
    with simulated(settings) as served:
        url = served.url

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/0/public/Time", timeout=1)
    assert threading.active_count() == before
