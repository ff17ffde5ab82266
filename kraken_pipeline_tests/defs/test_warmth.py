"""What Dagster says of the warm worker."""

from datetime import timedelta

import dagster as dg

from kraken_pipeline.defs.warmth import closes_are_warm, warm_worker
from kraken_pipeline.defs.workers import WORKER
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.signs import WARM, Presence
from kraken_pipeline.wiring.warm_sign import new_name, told
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import PaperMarket

WELL = told(worker="me", close=None, busy_since=None, hindrance="")
HINDERED = told(worker="me", close=None, busy_since=None, hindrance="bar_close is turned off")


def look(runs: Runs, cursor: str | None) -> tuple[list[bool], str, str | None]:
    """Return what the sensor tells as checks, its words, and what it remembers."""
    context = dg.build_sensor_context(
        instance=runs.instance, cursor=cursor, resources={"pipeline": runs.pipeline}
    )
    result = warm_worker(context)
    if isinstance(result, dg.SkipReason):
        return [], str(result.skip_message), context.cursor
    assert isinstance(result, dg.SensorResult)
    checks = [each for each in result.asset_events if isinstance(each, dg.AssetCheckEvaluation)]
    assert result.skip_reason is not None
    said = str(result.skip_reason.skip_message)
    return [each.passed for each in checks], said, context.cursor


def test_where_none_was_started_the_sensor_says_that_closes_go_by_the_schedule(runs: Runs) -> None:
    checks, said, _ = look(runs, None)

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
        checks, _, cursor = look(runs, cursor)
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

    checks, said, _ = look(runs, "warm")

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
