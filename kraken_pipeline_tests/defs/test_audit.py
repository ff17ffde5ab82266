import dagster as dg

from kraken_pipeline.defs.audit import journal_head, nightly_audit
from kraken_pipeline.store import heads
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy


def _checked(runs: Runs) -> dg.AssetCheckEvaluation:
    [found] = runs.job("audit").get_asset_check_evaluations()
    return found


def test_the_end_of_the_journal_is_seen_in_dagster_and_kept_in_the_folder(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    context = dg.build_sensor_context(instance=runs.instance, resources={"pipeline": runs.pipeline})

    result = journal_head(context)

    assert isinstance(result, dg.SensorResult)
    [seen] = result.asset_events
    newest = heads.newest(market.data_dir)
    assert newest is not None
    assert seen.metadata["head"].value == newest.head.hash
    assert not result.run_requests


def test_a_whole_journal_passes_its_check_and_a_changed_row_does_not(
    runs: Runs, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    assert _checked(runs).passed

    with pipeline.stores.database.writing() as connection:
        mine = execution_orders.c.local_id == order.local_id
        connection.execute(execution_orders.update().where(mine), {"price": order.limit_price * 2})

    found = _checked(runs)
    assert not found.passed
    assert order.local_id in str(found.metadata["faults"].value)


def test_the_journal_is_verified_every_night(runs: Runs) -> None:
    context = dg.build_schedule_context(
        instance=runs.instance,
        scheduled_execution_time=MOMENT,
        resources={"pipeline": runs.pipeline},
    )

    assert isinstance(nightly_audit(context), dg.RunRequest)
