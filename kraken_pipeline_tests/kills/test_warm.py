"""A warm worker beside schedule and sensor: killed in the middle, and racing them."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import dagster as dg
import pytest
import requests

from kraken_pipeline.defs.closes import asked_of, due_frames, request_for
from kraken_pipeline.defs.workers import WORKER
from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.timeframes import closes_at
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.home import DAGSTER_HOME
from kraken_pipeline.wiring.instance_file import OURS
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.warm_sign import WarmSign, warm_sign
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.defs.runs import QUIET, Runs
from kraken_pipeline_tests.kills.truth import FATE_OPEN, require_exactly_once, taken
from kraken_pipeline_tests.paper_market import FEW_PAIRS, NOON, PaperMarket
from kraken_pipeline_tests.programs import COMMAND, environment, eventually

pytestmark = pytest.mark.slow

LOOKS = 6
"""Comparisons, a minute apart, in which the fate of an order of a dead sender is proven."""


def close_of(at: datetime) -> Close:
    return Close(closed_at=at, frames=closes_at(at))


@dataclass(frozen=True, kw_only=True)
class Life:
    """A warm worker in a process of its own, and what Dagster would do beside it."""

    runs: Runs
    market: PaperMarket
    worker: "subprocess.Popen[str]"

    def tell(self, close: Close) -> None:
        assert self.worker.stdin is not None
        self.worker.stdin.write(f"{close.text}\n")
        self.worker.stdin.flush()

    def sign(self) -> WarmSign | None:
        return warm_sign(self.market.data_dir, system_now())

    def is_ready(self) -> bool:
        sign = self.sign()
        return sign is not None and sign.is_alive and not sign.hindrance

    def is_done_with(self, due: datetime) -> bool:
        sign = self.sign()
        return (
            sign is not None
            and sign.close is not None
            and sign.close.closed_at == due
            and sign.busy_since is None
        )

    def slow(self, method: str, seconds: float) -> None:
        told = {"method": method, "seconds": seconds}
        requests.post(f"{self.market.served.url}/_sim/latency", json=told, timeout=5)

    def statuses(self) -> dict[str, str]:
        rows = self.market.rows("SELECT cl_ord_id, status FROM execution_orders")
        return {str(key): str(status) for key, status in rows}

    def kill(self) -> None:
        self.worker.kill()
        self.worker.wait()

    def trade(self) -> dg.ExecuteInProcessResult:
        """Do what the sensor asks for."""
        asked = self.runs.asked_to_trade()
        assert isinstance(asked, dg.RunRequest), asked
        return self.runs.job("trade", **asked.tags)


@pytest.fixture
def instance(market: PaperMarket, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Keep Dagster's instance on disk, as `dev` does."""
    home = market.root / "dagster"
    home.mkdir()
    shutil.copy(OURS, home)
    monkeypatch.setenv(DAGSTER_HOME, str(home))
    with dg.DagsterInstance.get() as kept:
        yield kept


@pytest.fixture
def life(market: PaperMarket, pipeline: Pipeline, instance: dg.DagsterInstance) -> Iterator[Life]:
    home = {DAGSTER_HOME: instance.root_directory}
    env = environment(market.root, FEW_PAIRS, **home, **market.environ)
    pipeline.show_life()
    with (
        subprocess.Popen(
            [*COMMAND, "warm"], env=env, cwd=REPOSITORY, stdin=subprocess.PIPE, text=True
        ) as worker,
    ):
        runs = Runs(pipeline=pipeline, instance=instance, environ=market.environ)
        life = Life(runs=runs, market=market, worker=worker)
        try:
            eventually(life.is_ready, seconds=30)
            yield life
        finally:
            worker.kill()


def test_f_dag_1_a_worker_killed_while_it_sends_leaves_the_rest_to_the_sensor(life: Life) -> None:
    life.slow("AddOrder", 1)
    life.slow("AddOrderBatch", 1)
    life.tell(close_of(NOON))
    eventually(lambda: "sending" in life.statuses().values(), seconds=20, pause=0.02)
    life.kill()
    life.slow("AddOrder", 0)
    life.slow("AddOrderBatch", 0)

    assert life.trade().success
    for _ in range(LOOKS):
        life.market.turn(life.runs.pipeline.clock() + timedelta(minutes=1))
        life.runs.job("trade")

    assert not FATE_OPEN & set(life.statuses().values())
    require_exactly_once(taken(life.market.root / "simulator"), life.statuses())
    dead = life.runs.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert [each.job_name for each in dead] == ["trade"]


def test_a_worker_killed_while_it_decides_leaves_the_close_to_the_schedule(life: Life) -> None:
    due = NOON + timedelta(minutes=5)
    life.market.turn(due + timedelta(seconds=1))
    life.slow("OHLC", 1)
    life.tell(close_of(due))
    eventually(life.runs.instance.get_runs_count, seconds=20, pause=0.02)
    life.kill()
    life.slow("OHLC", 0)

    asked = asked_of(life.runs.pipeline, life.runs.instance, due)
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == f"{due.isoformat()}/2"
    assert run(life.runs, asked).success

    assert not set(due_frames(life.runs.pipeline, due)) & set(
        life.runs.pipeline.undecided_frames(due)
    )
    assert life.market.rows(
        "SELECT COUNT(*), COUNT(DISTINCT strategy_id || timeframe || closed_at) FROM decisions "
        "WHERE namespace = 'trade'"
    )[0] == (2, 2)


def run(runs: Runs, asked: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """Run what the schedule asks for."""
    return runs.definitions.resolve_job_def("refresh_and_decide").execute_in_process(
        instance=runs.instance,
        partition_key=asked.partition_key,
        asset_selection=list(asked.asset_selection or ()),
        run_config=QUIET,
        tags=asked.tags,
        raise_on_error=False,
    )


def test_worker_schedule_and_sensor_at_once_decide_and_send_each_thing_once(life: Life) -> None:
    """Nobody gives way here: both do all of a close at the same time, four times."""
    runs, market = life.runs, life.market
    for minutes in (0, 5, 10, 15):
        due = NOON + timedelta(minutes=minutes)
        market.turn(max(runs.pipeline.clock(), due + timedelta(seconds=1)))
        frames = due_frames(runs.pipeline, due)
        asked = request_for(runs.pipeline, runs.instance, due, frames)
        life.tell(close_of(due))
        run(runs, asked)
        runs.job("trade")
        eventually(partial(life.is_done_with, due), seconds=20)
    runs.job("trade")

    [(decided, of_bars)] = market.rows(
        "SELECT COUNT(*), COUNT(DISTINCT strategy_id || timeframe || closed_at) FROM decisions"
    )
    assert decided == of_bars == (4 + 1) + 2 + 2 + 3
    [(orders, of_intents)] = market.rows(
        "SELECT COUNT(*), COUNT(DISTINCT intent_id) FROM execution_orders"
    )
    assert orders == of_intents != 0
    require_exactly_once(taken(market.root / "simulator"), life.statuses())
    workers = [WORKER in each.tags for each in runs.instance.get_runs()]
    assert any(workers)
    assert not all(workers)
