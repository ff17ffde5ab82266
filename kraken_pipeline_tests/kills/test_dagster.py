"""Parts of a running `dev` are killed while it trades: run worker, simulator, daemon."""

import contextlib
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import requests

from kraken_pipeline_tests.kills.truth import FATE_OPEN, require_exactly_once, taken
from kraken_pipeline_tests.programs import (
    environment,
    eventually,
    free_port,
    left_over,
    simulator_process,
    started,
)

pytestmark = pytest.mark.slow

EAGER = """
universe: {include_pairs: [ADAUSD, ATOMUSD, AVAXUSD, DOTUSD, ETHUSD, LINKUSD, LTCUSD, NEARUSD,
                           SOLUSD, UNIUSD, XBTUSD, XDGUSD, XLMUSD, XRPUSD]}
strategies: {configs: {trend_core: {params: {min_strength_bps: 0.001, daily_filter: false}}}}
risk: {max_gross_exposure_pct: 100, max_per_asset_pct: 50, max_risk_per_trade_pct: "0.01",
       max_open_positions: 50, max_per_strategy_pct: {trend_core: 100}}
execution: {max_slippage_bps: 300, min_order_notional_usd: 1, unknown_settle_seconds: 60}
"""
"""About half of the pairs are wanted at any close, whatever the market does."""
A_CLOSE = 170
"""Seconds in which a close comes, is decided and traded, where much else runs."""
SETTLED = 240
"""Seconds in which what a dead sender left is settled: one that never arrived is proven absent only
after its deadline, the settle window of 60 s, and three looks a minute apart."""


@dataclass(kw_only=True)
class Life:
    """A `dev` and the simulator that it trades on."""

    root: Path
    port: int = field(default_factory=free_port)

    @property
    def state(self) -> Path:
        """Where the simulator keeps its account."""
        return self.root / "simulator"

    def books(self) -> dict[str, str]:
        """Return client id to status of every order in the books."""
        path = self.root / "data" / "portfolio.db"
        if not path.exists():
            return {}
        with contextlib.closing(sqlite3.connect(path)) as books:
            try:
                rows = books.execute("SELECT cl_ord_id, status FROM execution_orders").fetchall()
            except sqlite3.OperationalError:
                return {}
        return dict(rows)

    def settled(self) -> list[tuple[list[str], dict[str, str]]]:
        """Return what the exchange took and what the books say, if nothing moves just now.

        What was left of the plan goes on being sent meanwhile.
        """
        books, there = self.books(), taken(self.state)
        is_at_rest = not FATE_OPEN & set(books.values()) and books == self.books()
        return [(there, books)] if is_at_rest else []

    @contextlib.contextmanager
    def exchange(self) -> Iterator[str]:
        """Serve the account at the same address as before; kill it without warning at the end."""
        with simulator_process(self.state, "--port", str(self.port)) as url:
            yield url
            _kill(f"--state-dir {self.state}")

    @contextlib.contextmanager
    def dev(self, url: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run Dagster's UI, daemon, schedules and sensors."""
        env = environment(self.root, EAGER, KRAKEN_PIPELINE_SIMULATOR_URL=url)
        log = self.root / f"dev-{len(list(self.root.glob('dev-*')))}.log"
        with started("dev", "--port", str(free_port()), env=env, log=log) as process:
            yield process


def _kill(words: str) -> int:
    """Kill every process whose command line has these words, and return how many."""
    killed = 0
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if words in " ".join(each.cmdline()) and each.status() != psutil.STATUS_ZOMBIE:
                each.kill()
                killed += 1
    return killed


def _children(process: "subprocess.Popen[bytes]", words: str) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if words in " ".join(each.cmdline()):
                found.append(each)
    return found


def _more_than(life: Life, count: int) -> Callable[[], bool]:
    return lambda: len(taken(life.state)) > count


def test_f_dag_1_no_order_is_lost_or_doubled_when_parts_of_dagster_are_killed(
    tmp_path: Path,
) -> None:
    life = Life(root=tmp_path)
    slow = {"method": "AddOrder", "seconds": 0.5}
    with life.exchange() as url:
        requests.post(f"{url}/_sim/latency", json=slow, timeout=5).raise_for_status()
        with life.dev(url) as dev:
            # the run worker dies between a send and its answer, which is kept back
            eventually(_more_than(life, 0), seconds=A_CLOSE, pause=0.02)
            for each in _children(dev, "multiprocessing.spawn"):
                each.kill()
            assert "planned" in life.books().values()
            requests.post(f"{url}/_sim/latency", json=slow | {"seconds": 0}, timeout=5)
            [seen] = eventually(life.settled, seconds=SETTLED)
            require_exactly_once(*seen)
            # the daemon dies, and dev with it
            [daemon, *_] = _children(dev, "dagster._daemon")
            daemon.kill()
            assert dev.wait(timeout=60) is not None
    before = len(taken(life.state))
    # the simulator was killed as well; both go on from what they left
    with life.exchange() as url, life.dev(url):
        eventually(_more_than(life, before), seconds=A_CLOSE)
        [seen] = eventually(life.settled, seconds=SETTLED)
        require_exactly_once(*seen)
    eventually(lambda: not left_over(tmp_path), seconds=10)
