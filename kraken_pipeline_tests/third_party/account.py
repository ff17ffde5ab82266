"""A simulator with an account that may do everything, for clients that other people wrote."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import requests

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Json
from kraken_pipeline_tests.simulator.treasury_client import let_move_funds

KEY: Final = "SIMULATOR"
HOLDINGS: Final[Mapping[str, Decimal]] = {
    "ZUSD": Decimal(100_000),
    "USDT": Decimal(10_000),
    "XXBT": Decimal(2),
    "SOL": Decimal(10),
}
SOON: Final = 120
"""Seconds after which the engine's counter has forgotten what was placed before."""


@contextmanager
def started(folder: Path) -> Iterator[Served]:
    """Run a simulator whose clock stands until it is turned."""
    settings = Settings(folder=folder, secret=SECRET, clock="fixed", deposits=HOLDINGS)
    with simulated(settings) as served:
        let_move_funds(served)
        yield served


def told(served: Served, what: str, **values: object) -> Json:
    """Return the answer to a control call."""
    answer = requests.post(f"{served.url}/_sim/{what}", json=values, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def later(served: Served, seconds: float = SOON) -> None:
    """Turn the clock on."""
    told(served, "clock", advance_seconds=seconds)
