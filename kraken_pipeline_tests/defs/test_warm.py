"""The warm worker's part in a close: the jobs of schedule and sensor, run in this process."""

from datetime import timedelta

import dagster as dg
import pytest

from kraken_pipeline.defs.partitions import BAR_CLOSE
from kraken_pipeline.defs.trading import CAUSE
from kraken_pipeline.defs.warm import RUN_KEY, SCHEDULE, SENSOR, Warm
from kraken_pipeline.defs.workers import WORKER
from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.timeframes import closes_at
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import NOON, PaperMarket

NOONS = Close(closed_at=NOON, frames=closes_at(NOON))


@pytest.fixture
def warm(runs: Runs) -> Warm:
    runs.pipeline.show_life()
    return Warm(pipeline=runs.pipeline, instance=runs.instance, worker="a worker")


def made(runs: Runs) -> dict[str, dg.DagsterRun]:
    """Return the runs that were made, by job."""
    return {each.job_name: each for each in runs.instance.get_runs()}


def test_a_close_is_decided_and_traded_by_the_jobs_of_schedule_and_sensor(
    warm: Warm, runs: Runs, market: PaperMarket
) -> None:
    assert warm.decide_and_trade(NOONS)

    ran = made(runs)
    assert {each.status for each in ran.values()} == {dg.DagsterRunStatus.SUCCESS}
    assert {each.tags[WORKER] for each in ran.values()} == {"a worker"}
    decided, traded = ran["refresh_and_decide"].tags, ran["trade"].tags
    assert decided[BAR_CLOSE] == decided[RUN_KEY] == NOON.isoformat()
    assert decided[SCHEDULE] == "bar_close"
    assert traded[RUN_KEY] == f"{traded[CAUSE]}/1"
    assert traded[SENSOR] == "new_decisions"
    assert {status for (status,) in market.rows("SELECT status FROM execution_orders")} == {
        "filled"
    }


def test_what_is_decided_makes_no_run(warm: Warm, runs: Runs) -> None:
    warm.decide_and_trade(NOONS)
    before = runs.instance.get_runs_count()

    assert warm.decide_and_trade(NOONS)
    assert runs.instance.get_runs_count() == before


def test_what_is_too_late_makes_no_run(warm: Warm, runs: Runs, market: PaperMarket) -> None:
    market.turn(NOON + timedelta(minutes=40))

    assert warm.decide_and_trade(NOONS)
    assert runs.instance.get_runs_count() == 0
