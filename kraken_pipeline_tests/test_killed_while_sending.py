"""A cycle that is killed between two orders, and the one after it (INV-1, INV-2)."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from kraken_pipeline.domain.reconciliations import CLEAN_PASSES_APART
from kraken_pipeline.wiring.exchange import turn_clock
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.paper_market import FEW_PAIRS, MOMENT, stock
from kraken_pipeline_tests.programs import environment, eventually, run, simulator_process, started

pytestmark = pytest.mark.slow

WIDE = f"""{FEW_PAIRS}
risk: {{max_gross_exposure_pct: 100, max_per_asset_pct: 100, max_open_positions: 50,
       max_portfolio_stop_risk_pct: 100, max_portfolio_risk_pct: 100,
       max_risk_per_trade_pct: "0.1", max_per_strategy_pct: {{trend_core: 100}}}}
execution: {{max_slippage_bps: 300}}
"""
"""Room for an order on every wish."""
ACCEPTED_BEFORE_THE_KILL = 2
PLAN_AGE, LEASE = timedelta(seconds=60), timedelta(seconds=30)


def taken(folder: Path) -> list[str]:
    """Return the client ids of the orders that a simulator took, from its own journal."""
    events = [
        event
        for line in (folder / "events.jsonl").read_text().splitlines()
        for event in json.loads(line)
    ]
    return [told["order"]["order"]["cl_ord_id"] for kind, told in events if kind == "OrderOpened"]


def books(pipeline: Pipeline) -> dict[str, str]:
    """Return client id to status of every order in the books."""
    with pipeline.stores.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT cl_ord_id, status FROM execution_orders")
        return {str(row[0]): str(row[1]) for row in rows}


def slow_down(url: str, *, seconds: float) -> None:
    """Keep back the answers to orders from now on."""
    for method in ("AddOrder", "AddOrderBatch"):
        told = {"method": method, "seconds": seconds}
        requests.post(f"{url}/_sim/latency", json=told, timeout=5).raise_for_status()


def test_no_order_is_lost_or_doubled_when_the_sender_is_killed(tmp_path: Path) -> None:
    stock(tmp_path)
    state = tmp_path / "simulator"
    with simulator_process(state, "--clock", "fixed") as url:
        env = environment(tmp_path, WIDE, KRAKEN_PIPELINE_SIMULATOR_URL=url)
        slow_down(url, seconds=0.5)
        with started("cycle", env=env, log=tmp_path / "cycle.log") as doomed:
            eventually(
                lambda: len(taken(state)) >= ACCEPTED_BEFORE_THE_KILL, seconds=60, pause=0.02
            )
            doomed.kill()
            doomed.wait()
        pipeline = connect(env)
        left = Counter(books(pipeline).values())
        # one order, or those of a pair that went together
        assert left["sending"] >= 1
        assert left["planned"] >= 1
        assert len(books(pipeline)) >= 5

        # whoever died holds the lease until it runs out; until then nobody sends
        early = run("cycle", env=env)
        assert (early.returncode, "lease" in early.stderr) == (3, True)
        slow_down(url, seconds=0)
        # what was found is a repair: two clean looks that are apart come before anything opens
        for look in range(3):
            turn_clock(url, MOMENT + LEASE + timedelta(seconds=1) + look * CLEAN_PASSES_APART)
            assert run("cycle", env=env).returncode == 0

        ended = books(pipeline)
        at_exchange = taken(state)
        sent = {key for key, status in ended.items() if status not in {"withdrawn", "rejected"}}
        assert Counter(at_exchange) == Counter(dict.fromkeys(sent, 1))
        assert set(ended.values()) <= {"filled", "live", "withdrawn"}
        assert pipeline.keep_books().snapshot.drift == {}
        assert pipeline.halts() == ()
        reports = pipeline.edge.account.closed_orders(since=MOMENT - timedelta(days=1))
        assert {each.cl_ord_id for each in reports} == {
            key for key, status in ended.items() if status == "filled"
        }
        pipeline.close()
