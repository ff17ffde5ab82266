"""What Dagster says of the warm worker."""

from datetime import timedelta

import dagster as dg

from kraken_pipeline.defs.warmth import closes_are_warm, warm_worker
from kraken_pipeline.defs.workers import WORKER
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.signs import WARM, Presence
from kraken_pipeline.wiring.warm_sign import new_name, told
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.defs.watching import look
from kraken_pipeline_tests.paper_market import PaperMarket

WELL = told(worker="me", close=None, busy_since=None, hindrance="")
HINDERED = told(worker="me", close=None, busy_since=None, hindrance="bar_close is turned off")


def test_where_none_was_started_the_sensor_says_that_closes_go_by_the_schedule(runs: Runs) -> None:
    checks, said, _ = look(warm_worker, runs, None)

    assert checks == []
    assert "closes go by the schedule" in said


def test_the_sensor_tells_once_that_the_worker_is_lost_and_once_that_it_is_back(
    runs: Runs, market: PaperMarket
) -> None:
    presence = Presence(market.data_dir, WARM)
    passed: list[bool] = []
    cursor: str | None = None
    for age, sign in ((0, WELL), (0, WELL), (60, WELL), (60, WELL), (0, WELL), (0, HINDERED)):
        presence.show(system_now() - timedelta(seconds=age), **sign)
        checks, _, cursor = look(warm_worker, runs, cursor)
        passed += checks
    presence.leave()

    assert passed == [True, False, True, False]


def test_what_a_lost_worker_left_is_buried(runs: Runs, market: PaperMarket) -> None:
    presence = Presence(market.data_dir, WARM)
    presence.show(system_now(), **WELL)
    presence.drop()
    run = runs.instance.create_run_for_job(
        runs.definitions.resolve_job_def("trade"),
        tags={WORKER: new_name(market.data_dir)},
        status=dg.DagsterRunStatus.STARTED,
    )

    checks, said, _ = look(warm_worker, runs, "warm")

    assert checks == [False]
    assert "lost, spoke 0 s ago: closes go by the schedule" in said
    left = runs.instance.get_run_by_id(run.run_id)
    assert left is not None
    assert left.status is dg.DagsterRunStatus.FAILURE


def test_the_check_says_at_any_time_how_it_is(runs: Runs, market: PaperMarket) -> None:
    presence = Presence(market.data_dir, WARM)
    presence.show(system_now(), **WELL)
    well = closes_are_warm(runs.pipeline)
    presence.drop()
    lost = closes_are_warm(runs.pipeline)

    assert isinstance(well, dg.AssetCheckResult)
    assert isinstance(lost, dg.AssetCheckResult)
    assert (well.passed, lost.passed) == (True, False)
