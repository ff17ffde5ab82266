"""Under `dev`: seconds from a candle's close to the order accepted, over ten closes, by stage."""

import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.home import fresh_home
from kraken_pipeline.wiring.home import DAGSTER_HOME, DATA_DIR

CLOSES = 10
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
    """Print the median and the worst close, split by stage."""
    with fresh_home(CONFIG) as env:
        dev = subprocess.Popen(
            [sys.executable, "-m", "kraken_pipeline", "dev", "--port", str(_free_port())],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            rows = _wait_for_closes(Path(env[DATA_DIR]) / "portfolio.db")
            started = _run_starts(Path(env[DAGSTER_HOME]))
        finally:
            dev.send_signal(signal.SIGINT)
            dev.wait(timeout=60)
    _print(rows, started)


def _wait_for_closes(database: Path) -> list[tuple[datetime, ...]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    rows: list[tuple[datetime, ...]] = []
    while time.monotonic() < deadline and len(rows) < CLOSES + 1:
        time.sleep(5)
        if database.exists():
            rows = _query(database, ORDERS)
    # the first close may have fallen into the first fill of the candles
    return rows[1 : CLOSES + 1]


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


def _print(rows: list[tuple[datetime, ...]], started: dict[datetime, float]) -> None:
    if not rows:
        raise SystemExit("no close led to an order")
    stages: dict[str, list[float]] = {}
    for closed, decided, assessed, accepted in rows:
        begun = datetime.fromtimestamp(started[closed], tz=UTC) if closed in started else decided
        for name, seconds in (
            ("close to run started", begun - closed),
            ("candles and decision", decided - begun),
            ("decision to risk answered", assessed - decided),
            ("risk to first order accepted", accepted - assessed),
            ("close to order accepted", accepted - closed),
        ):
            stages.setdefault(name, []).append(seconds.total_seconds())
    print(f"{len(rows)} closes under dev; aim 6 s or less")
    for name, figures in stages.items():
        middle = statistics.median(figures)
        print(f"  {name:<30} median {middle:5.2f} s, worst {max(figures):5.2f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
