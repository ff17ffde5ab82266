"""Seconds from a candle's close to the order accepted: warm worker beside schedule and sensor.

Ten closes of two `dev` side by side, in real time, told by the stream's candles and by the clock of
the schedule; then a hundred of the worker alone, with the exchange's clock turned from close to
close. The load of the machine is printed: it decides how far the figures can be trusted.
"""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import warm_closes
from benchmarks.home import fresh_home
from kraken_pipeline.wiring import signs
from kraken_pipeline.wiring.home import DAGSTER_HOME, DATA_DIR

CLOSES = 10
FIRST = 2
PATIENCE_SECONDS = 60 * (CLOSES + 8)
CONFIG = """
strategies:
  enabled: [trend_core]
  configs:
    trend_core:
      timeframes: [1m]
      params:
        profile: aggressive
        min_strength_bps: 1
        daily_filter: false
risk:
  max_risk_per_trade_pct: 0.005
  max_portfolio_risk_pct: 100
  max_portfolio_stop_risk_pct: 100
  max_gross_exposure_pct: 100
  max_per_asset_pct: 1
  max_per_strategy_pct: {trend_core: 100}
  max_open_positions: 500
execution:
  max_concurrent_orders: 225
"""
ORDERS = """
SELECT d.closed_at, MIN(d.decided_at), MIN(p.assessed_at), MIN(e.at)
FROM execution_orders o
JOIN intents i ON i.intent_id = o.intent_id
JOIN decisions d ON d.decision_id = i.decision_id
JOIN plans p ON p.plan_id = o.plan_id
JOIN execution_order_events e ON e.local_id = o.local_id AND e.fact = 'accepted'
GROUP BY d.closed_at ORDER BY d.closed_at
"""
RUNS = """
SELECT r.start_time, t.value FROM runs r JOIN run_tags t ON t.run_id = r.run_id
WHERE t.key = 'kraken/bar_close'
"""


def run() -> None:
    """Print how long closes take by the warm worker and by schedule and sensor, side by side."""
    with contextlib.ExitStack() as running:
        warm = running.enter_context(_dev(is_warm=True))
        cold = running.enter_context(_dev(is_warm=False))
        ways = {
            "warm worker, told by the stream": warm,
            "schedule and sensor": cold,
        }
        found = {
            name: _wait_for_closes(Path(env[DATA_DIR]) / "portfolio.db")
            for name, env in ways.items()
        }
        started = {name: _run_starts(Path(env[DAGSTER_HOME])) for name, env in ways.items()}
    load, cores = os.getloadavg()[0], os.cpu_count()
    print(f"load of the machine in the last minute: {load:.1f} on {cores} cores")
    for name, rows in found.items():
        _print(name, rows, started[name])
    warm_closes.run(CONFIG)


@contextlib.contextmanager
def _dev(*, is_warm: bool) -> Iterator[dict[str, str]]:
    """Run a `dev` with folders of its own; a cold one finds its warm worker's place taken."""
    with fresh_home(CONFIG) as env:
        place = None if is_warm else signs.Presence(Path(env[DATA_DIR]), signs.WARM)
        dev = subprocess.Popen(
            [sys.executable, "-m", "kraken_pipeline", "dev", "--port", str(_free_port())],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield env
        finally:
            dev.send_signal(signal.SIGINT)
            dev.wait(timeout=60)
            if place is not None:
                place.drop()


def _wait_for_closes(database: Path) -> list[tuple[datetime, ...]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    rows: list[tuple[datetime, ...]] = []
    while time.monotonic() < deadline and len(rows) < CLOSES + FIRST:
        time.sleep(5)
        if database.exists():
            rows = _query(database, ORDERS)
    # the first closes may have fallen into the first fill of the candles
    return rows[FIRST : CLOSES + FIRST]


def _query(database: Path, statement: str) -> list[tuple[datetime, ...]]:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        try:
            found = connection.execute(statement).fetchall()
        except sqlite3.OperationalError:  # the tables are not there yet
            found = []
    connection.close()
    return [tuple(datetime.fromisoformat(each) for each in row) for row in found]


def _run_starts(home: Path) -> dict[datetime, float]:
    with sqlite3.connect(f"file:{home / 'history' / 'runs.db'}?mode=ro", uri=True) as connection:
        found = connection.execute(RUNS).fetchall()
    connection.close()
    return {datetime.fromisoformat(close): start for start, close in found if start}


def _print(name: str, rows: list[tuple[datetime, ...]], started: dict[datetime, float]) -> None:
    if not rows:
        raise SystemExit(f"no close led to an order: {name}")
    stages: dict[str, list[float]] = {}
    for closed, decided, assessed, accepted in rows:
        begun = datetime.fromtimestamp(started[closed], tz=UTC) if closed in started else decided
        for stage, seconds in (
            ("close to run started", begun - closed),
            ("candles and decision", decided - begun),
            ("decision to risk answered", assessed - decided),
            ("risk to first order accepted", accepted - assessed),
            ("close to order accepted", accepted - closed),
        ):
            stages.setdefault(stage, []).append(seconds.total_seconds())
    print(f"{name}: {len(rows)} closes under dev")
    for stage, figures in stages.items():
        print(f"  {stage:<30} {warm_closes.said(figures)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
