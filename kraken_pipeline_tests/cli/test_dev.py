"""Dagster with schedules and sensors, as `kraken-pipeline dev` starts it, over one close."""

import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from kraken_pipeline.domain.errors import LeaseLostError
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.exchange import SECRET
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.stream_sign import stream_sign
from kraken_pipeline_tests.paper_market import resting_buy
from kraken_pipeline_tests.programs import environment, eventually, free_port, left_over, started

pytestmark = pytest.mark.slow

EAGER = """
universe: {include_pairs: [ADAUSD, ATOMUSD, AVAXUSD, DOTUSD, ETHUSD, LINKUSD, LTCUSD, NEARUSD,
                           SOLUSD, UNIUSD, XBTUSD, XDGUSD, XLMUSD, XRPUSD]}
strategies: {configs: {trend_core: {params: {min_strength_bps: 0.001, daily_filter: false}}}}
risk: {max_gross_exposure_pct: 100, max_per_asset_pct: 50, max_risk_per_trade_pct: "0.01",
       max_open_positions: 50, max_per_strategy_pct: {trend_core: 100}}
execution: {max_slippage_bps: 300, min_order_notional_usd: 1}
"""
"""About half of the pairs are wanted at any close, whatever the market does."""
TICKS = """
query { instigationStateOrError(instigationSelector: {
  repositoryName: "__repository__", repositoryLocationName: "kraken_pipeline.definitions",
  name: "bar_close"}) { ... on InstigationState { ticks(limit: 5) { status runIds } } } }
"""
RUNS = """
query Runs($job: String!) { runsOrError(filter: {pipelineName: $job}) {
  ... on Runs { results { status tags { key value } } } } }
"""
Said = Any  # what GraphQL answers has the shape of the question


@dataclass(frozen=True, kw_only=True)
class Dev:
    """A running `dev`."""

    process: "subprocess.Popen[bytes]"
    port: int
    root: Path
    env: dict[str, str]

    def ask(self, query: str, **variables: str) -> Said:
        """Return what Dagster's own interface answers; nothing while it does not stand yet."""
        try:
            reply = requests.post(
                f"http://127.0.0.1:{self.port}/graphql",
                json={"query": query, "variables": variables},
                timeout=10,
            )
        except requests.ConnectionError:
            assert self.process.poll() is None, (self.root / "dev.log").read_text()[-2000:]
            return {}
        return reply.json()["data"]

    def ticks(self) -> list[dict[str, Said]]:
        """Return the newest ticks of the schedule."""
        found = self.ask(TICKS).get("instigationStateOrError", {})
        return list(found.get("ticks", []))

    def runs(self, job: str) -> list[dict[str, Said]]:
        """Return the runs of a job, the newest first."""
        return list(self.ask(RUNS, job=job).get("runsOrError", {}).get("results", []))

    def succeeded(self, job: str) -> Callable[[], list[dict[str, Said]]]:
        """Return what looks for a run of the job that succeeded, and fails if one fails."""

        def look() -> list[dict[str, Said]]:
            runs = self.runs(job)
            assert "FAILURE" not in {each["status"] for each in runs}
            return [each for each in runs if each["status"] == "SUCCESS"]

        return look


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Dev]:
    port, env = free_port(), environment(tmp_path, EAGER)
    with started("dev", "--port", str(port), env=env, log=tmp_path / "dev.log") as process:
        yield Dev(process=process, port=port, root=tmp_path, env=env)


def is_heard(dev: Dev) -> bool:
    """Tell whether the account's stream is heard beside Dagster."""
    sign = stream_sign(dev.root / "data", system_now())
    return sign is not None and sign.is_alive and sign.is_told


def rest(pipeline: Pipeline, pair: str = "ADAUSD") -> bool:
    """Let an order rest beside the running jobs; not while one of them sends or settles."""
    if pipeline.stores.orders.reserving():
        return False
    try:
        resting_buy(pipeline, pair)
    except LeaseLostError:
        return False
    return True


def require_quiet_end(said: str) -> None:
    """Require that dev says what became of orders, and what watches output says nothing."""
    assert "our orders that may not stay are canceled" in said
    assert "watch_orphans.py" not in said


def test_a_close_is_decided_and_traded_panic_clears_and_ctrl_c_ends_all(dev: Dev) -> None:
    ticks = eventually(
        lambda: [each for each in dev.ticks() if each["status"] == "SUCCESS"], seconds=100
    )
    [traded, *_] = eventually(dev.succeeded("trade"), seconds=100)
    assert ticks[0]["runIds"]
    tags = {each["key"]: each["value"] for each in traded["tags"]}
    assert tags["dagster/sensor_name"] == "new_decisions"
    assert tags["dagster/max_retries"] == "0"

    assert is_heard(dev)
    url = (dev.root / "data" / "simulator.url").read_text()
    pipeline = connect(dev.env | {"KRAKEN_PIPELINE_SIMULATOR_URL": url})
    assert pipeline.stores.books.fills_after(None)
    eventually(lambda: rest(pipeline), seconds=90)
    # whoever holds the lease sends it: this test, or the job that is under way
    eventually(pipeline.edge.account.open_orders, seconds=60)
    # a signal makes the panic file, without books or network
    dev.process.send_signal(signal.SIGUSR1)
    eventually(dev.succeeded("panic"), seconds=90)
    assert pipeline.edge.account.open_orders() == ()
    assert pipeline.open_at_exchange() == ()
    pipeline.resume(reason="the test goes on", by="test")
    eventually(lambda: rest(pipeline, "DOTUSD"), seconds=90)
    [resting] = eventually(pipeline.edge.account.open_orders, seconds=60)
    pipeline.close()

    dev.process.send_signal(signal.SIGINT)
    assert dev.process.wait(timeout=60) == 0
    with closing(sqlite3.connect(dev.root / "data" / "portfolio.db")) as books:
        wanted = "SELECT status FROM execution_orders WHERE cl_ord_id = ?"
        assert books.execute(wanted, (resting.cl_ord_id,)).fetchone() == ("canceled",)
    require_quiet_end((dev.root / "dev.log").read_text())
    assert left_over(dev.root) == []
    files = [each for each in (dev.root / "data").rglob("*") if each.is_file()]
    assert [each for each in files if SECRET.encode() in each.read_bytes()] == []
