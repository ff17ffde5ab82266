"""A key whose read lane is full: all its counter is used, and what is asked is slow to come."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.kraken.budget import PATIENCE, Pace
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.limits import TIERS, Lane
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline_tests.soak import CREDENTIAL, REST

READERS = 20
SLOW_SECONDS = 4


@contextmanager
def saturated(folder: Path, url: str) -> Iterator[PrivateLine]:
    """Place an order, then read from many threads for as long as the context lasts."""
    house = Household(
        folder=folder,
        tier=TIERS["starter"],
        clock=lambda: time.monotonic_ns() // 1000,
        pace=Pace(patience={**PATIENCE, Lane.READ: 2.0}),
    )
    line = private_line(url, CREDENTIAL, house)
    line.call("AddOrder", REST, call=Call.WRITE)
    slow = {"method": "Balance", "seconds": SLOW_SECONDS}
    requests.post(f"{url}/_sim/latency", json=slow, timeout=5).raise_for_status()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            with suppress(PipelineError):
                line.call("Balance", {}, call=Call.READ)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for each in readers:
        each.start()
    time.sleep(0.5)
    yield line
    ended.set()
    fast = {"method": "Balance", "seconds": 0}
    requests.post(f"{url}/_sim/latency", json=fast, timeout=5).raise_for_status()
    for each in readers:
        each.join()
    line.close()


def panic_arguments(folder: Path, url: str) -> list[str]:
    """Return what panic is told to cancel at an exchange, for a second."""
    latch = str(folder / "latch")
    wanted = ["--url", url, "--latch", latch, "--nonce-dir", str(folder)]
    return [*wanted, "--timeout", "1", "--json"]
