"""A hundred closes of the warm worker: the exchange's clock is turned from one to the next."""

import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.home import fresh_home
from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.timeframes import TIMEFRAMES, closes_at, last_close
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.clock import simulator_clock, system_now
from kraken_pipeline.wiring.exchange import KEY, SECRET, STARTING_CASH, turn_clock
from kraken_pipeline.wiring.home import DATA_DIR, SIMULATOR_URL
from kraken_pipeline.wiring.warm_sign import warm_sign

CLOSES = 100
MOST_SECONDS = 60
LOOK_SECONDS = 0.005
ACCEPTED = """
SELECT 1 FROM decisions d JOIN intents i ON i.decision_id = d.decision_id
JOIN execution_orders o ON o.intent_id = i.intent_id
JOIN execution_order_events e ON e.local_id = o.local_id AND e.fact = 'accepted'
WHERE d.closed_at = ? LIMIT 1
"""


def run(config: str) -> None:
    """Print how long the worker takes from being told of a close."""
    with fresh_home(config) as env, _simulator(Path(env[DATA_DIR]) / "simulator") as url:
        env[SIMULATOR_URL] = url
        subprocess.run(
            [sys.executable, "-m", "kraken_pipeline", "cycle"],
            env=env,
            check=True,
            capture_output=True,
        )
        with _worker(env) as bench:
            figures = [each for each in (bench.next_close() for _ in range(CLOSES)) if each]
    if not figures:
        raise SystemExit("no close led to an order")
    print(f"warm worker, told at once: {len(figures)} of {CLOSES} closes led to an order")
    print(f"  {'close to order accepted':<30} {said(figures)}; aim 1.5 s or less")


def said(figures: list[float]) -> str:
    """Return the middle, the 99th of a hundred and the worst, in words."""
    ordered = sorted(figures)
    late = ordered[min(len(ordered) - 1, round(0.99 * (len(ordered) - 1)))]
    return f"p50 {statistics.median(ordered):5.2f} s, p99 {late:5.2f} s, worst {ordered[-1]:5.2f} s"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A worker, the exchange whose clock is turned, and the books between them."""

    worker: "subprocess.Popen[str]"
    url: str
    folder: Path
    books: sqlite3.Connection

    def next_close(self) -> float | None:
        """Let a minute close; return the seconds to its first order, None if there was none."""
        minute = TIMEFRAMES["1m"]
        at = last_close(minute, simulator_clock(self.url)()) + minute.length
        signs.give(self.folder / signs.BEAT, system_now())
        turn_clock(self.url, at + timedelta(milliseconds=1))
        began = time.perf_counter()
        told = Close(closed_at=at, frames=closes_at(at)).text
        print(told, file=self.worker.stdin, flush=True)
        found = None
        while not self._is_done(at) and time.perf_counter() - began < MOST_SECONDS:
            if found is None and self._is_accepted(at):
                found = time.perf_counter() - began
            time.sleep(LOOK_SECONDS)
        return found

    def is_ready(self) -> bool:
        """Whether the worker decides what it is told."""
        sign = warm_sign(self.folder, system_now())
        return sign is not None and sign.is_alive and not sign.hindrance

    def _is_done(self, at: datetime) -> bool:
        sign = warm_sign(self.folder, system_now())
        is_of_it = sign is not None and sign.close is not None and sign.close.closed_at == at
        return is_of_it and sign is not None and sign.busy_since is None

    def _is_accepted(self, at: datetime) -> bool:
        text = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return self.books.execute(ACCEPTED, (text,)).fetchone() is not None


@contextlib.contextmanager
def _worker(env: dict[str, str]) -> Iterator[Bench]:
    folder = Path(env[DATA_DIR])
    signs.give(folder / signs.BEAT, system_now())
    books = sqlite3.connect(f"file:{folder / 'portfolio.db'}?mode=ro", uri=True)
    with (
        contextlib.closing(books),
        subprocess.Popen(
            [sys.executable, "-m", "kraken_pipeline", "warm"],
            env=env,
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as worker,
    ):
        bench = Bench(worker=worker, url=env[SIMULATOR_URL], folder=folder, books=books)
        while not bench.is_ready():
            time.sleep(0.1)
        yield bench


@contextlib.contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    """Serve an exchange whose clock stands until it is turned."""
    command = [sys.executable, "-m", "kraken_pipeline.simulator", "--state-dir", str(folder)]
    command += ["--key", KEY, "--deposit", STARTING_CASH, "--clock", "fixed"]
    with subprocess.Popen(
        [*command, "--limits", "none", "--until-stdin-closes"],
        env={**os.environ, "KRAKEN_SIMULATOR_SECRET": SECRET},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield str(json.loads(next(iter(process.stdout or ())))["url"])
