"""A virtual day of a cycle a minute on the starter tier, and panic beside readers that never stop.

`python -m benchmarks.day [minutes]`.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kraken_pipeline_tests.programs import eventually, simulator_process
from kraken_pipeline_tests.saturation import panic_arguments, saturated
from kraken_pipeline_tests.soak import CREDENTIAL
from kraken_pipeline_tests.virtual_day import virtual_day

MINUTES = 24 * 60
PANICS = 5
GONE = "OrderEnded"
"""In the simulator's journal: an order is not open any more."""


def run(minutes: int = MINUTES) -> None:
    """Print what became of the day's calls, then how soon panic's first cancel took effect."""
    with tempfile.TemporaryDirectory() as folder, virtual_day(Path(folder)) as day:
        began = time.monotonic()
        day.cycles(minutes)
        seconds = time.monotonic() - began
        print(f"{minutes} cycles in {seconds:.0f} s: {dict(day.noted)}")
        print(f"  held itself back for {day.waited / minutes:.1f} s a cycle, the pages at the most")
    took = [_panic() for _ in range(PANICS)]
    print(
        f"panic from a cold start beside {len(took)} times a full read lane: "
        f"canceled after {statistics.median(took):.2f} s, at the most {max(took):.2f} s"
    )


def _panic() -> float:
    """Return the seconds from starting the program to the order being gone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            simulator_process(folder / "exchange", "--limits", "private") as url,
            saturated(folder, url),
        ):
            journal = folder / "exchange" / "events.jsonl"
            began = time.monotonic()
            with subprocess.Popen(
                [sys.executable, "-m", "kraken_pipeline.panic", *panic_arguments(folder, url)],
                env={
                    **os.environ,
                    "KRAKEN_API_KEY": CREDENTIAL.key,
                    "KRAKEN_API_SECRET": CREDENTIAL.secret,
                },
                stdout=subprocess.DEVNULL,
            ):
                eventually(lambda: GONE in journal.read_text(), seconds=20, pause=0.005)
                return time.monotonic() - began


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
