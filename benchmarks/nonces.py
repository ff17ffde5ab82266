"""Ten thousand calls of one key from 8 threads, and from 3 processes, with 50 kills each.

`python -m benchmarks.nonces [calls]`. The exchange is the simulator with its limits of the starter
tier; its seconds pass faster, and so do those that the client counts by.
"""

import sys
import tempfile
import time
from pathlib import Path

from kraken_pipeline_tests.programs import simulator_process
from kraken_pipeline_tests.soak import Task, soak

CALLS = 10_000
KILLS = 50
SPEED = 200.0
WAYS = (("8 threads in a process", 8, 1), ("3 processes", 1, 3), ("3 processes of 8 threads", 8, 3))


def run(calls: int = CALLS) -> None:
    """Print what became of the calls, for each way of sending them."""
    for name, threads, processes in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            state, shared = Path(folder) / "exchange", Path(folder) / "shared"
            shared.mkdir()
            options = ("--limits", "private", "--tier", "starter", "--speed", str(SPEED))
            with simulator_process(state, *options) as url:
                task = Task(url=url, folder=shared, threads=threads, speed=SPEED)
                began = time.monotonic()
                noted = soak(task, processes=processes, calls=calls, kills=KILLS)
                seconds = time.monotonic() - began
        print(f"{name}: {noted.pop('done')} done in {seconds:.0f} s with {KILLS} kill -9")
        for what, count in noted.most_common():
            print(f"  {count:6} {what}")
        if not noted:
            print("       nothing else: no nonce refused, no rate limit met")


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
