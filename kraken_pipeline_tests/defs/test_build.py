from datetime import timedelta

import dagster as dg
import pytest

from kraken_pipeline.definitions import defs
from kraken_pipeline.defs.partitions import OWNERS
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, metadata_of
from kraken_pipeline_tests.paper_market import MONTH, PaperMarket

GROUPS = {
    "market": {"pair_universe", "stream"},
    "history": {"history_coverage", *(f"ohlc_{name}" for name in TIMEFRAMES)},
    "portfolio": {"ledger", "fills", "cash_flows", "nav", "attribution", "portfolio_snapshot"},
    "decisions": {"strategies", *(f"decisions_{name}" for name in TIMEFRAMES)},
    "research": {"search_plan", "search_folds", "search_evidence"},
    "audit": {"order_journal"},
}
OF_MONTHS = tuple(sorted(f"{kind}_{name}" for name in TIMEFRAMES for kind in ("ohlc", "decisions")))


def test_what_dagster_loads_is_valid() -> None:
    dg.Definitions.validate_loadable(defs)


def test_each_asset_is_in_its_group_and_has_an_owner() -> None:
    graph = defs.resolve_asset_graph()
    found: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        found.setdefault(str(graph.get(key).group_name), set()).add(key.to_user_string())

    assert found == GROUPS
    assert all(graph.get(key).owners == OWNERS for key in graph.get_all_asset_keys())
    assert all(graph.get(key).description for key in graph.get_all_asset_keys())


@pytest.mark.parametrize("name", TIMEFRAMES)
def test_bars_that_no_run_refreshes_any_more_are_shown_as_stale(name: str) -> None:
    frame = TIMEFRAMES[name]

    policy = defs.resolve_asset_graph().get(dg.AssetKey(f"ohlc_{name}")).freshness_policy

    assert policy == dg.FreshnessPolicy.time_window(
        warn_window=frame.length + frame.max_lateness + timedelta(minutes=2),
        fail_window=2 * (frame.length + frame.max_lateness) + timedelta(minutes=2),
    )


def test_jobs_schedules_and_sensors_are_these() -> None:
    repository = defs.get_repository_def()
    jobs = {each.name for each in repository.get_all_jobs() if not each.name.startswith("__")}

    assert jobs == {
        "refresh_and_decide",
        "trade",
        "reconcile",
        "guard",
        "audit",
        "examine_history",
        "examine_strategies",
        "panic",
    }
    assert {each.name for each in repository.schedule_defs} == {
        "bar_close",
        "nightly_audit",
        "nightly_coverage",
        "nightly_soundness",
        "dead_man_switch",
        "reconciliation",
    }
    assert {each.name for each in repository.sensor_defs} == {
        "new_decisions",
        "journal_head",
        "panic_flag",
        "private_stream",
        "market_stream",
        "warm_worker",
    }


def test_schedule_and_sensors_run_without_being_switched_on() -> None:
    repository = defs.get_repository_def()

    assert {each.default_status for each in repository.schedule_defs} == {
        dg.DefaultScheduleStatus.RUNNING
    }
    assert {each.default_status for each in repository.sensor_defs} == {
        dg.DefaultSensorStatus.RUNNING
    }


def test_only_what_acts_at_the_exchange_is_a_job_of_ops() -> None:
    jobs = ("refresh_and_decide", "trade", "reconcile", "guard", "panic")

    of_ops = {
        name for name in jobs if not defs.resolve_job_def(name).asset_layer.selected_asset_keys
    }

    assert of_ops == {"trade", "reconcile", "guard", "panic"}


@pytest.mark.parametrize("name", ["trade", "reconcile", "guard", "panic"])
def test_a_job_of_ops_is_never_run_again_by_dagster(name: str) -> None:
    job = defs.resolve_job_def(name)

    assert job.tags["dagster/max_retries"] == "0"
    assert int(job.tags["dagster/max_runtime"]) == 120
    ops = [each.definition for each in job.nodes]
    assert all(isinstance(each, dg.OpDefinition) and each.retry_policy is None for each in ops)


@pytest.mark.parametrize(
    ("first", "last", "is_there"),
    [(MONTH, MONTH, True), ("2023-09-01", "2023-10-01", False)],
)
def test_materialising_every_asset_places_no_order(
    runs: Runs, market: PaperMarket, first: str, last: str, *, is_there: bool
) -> None:
    assert runs.backfill(*OF_MONTHS, first=first, last=last).success is is_there
    assert runs.assets("pair_universe", "portfolio_snapshot").success

    assert market.orders == []
    assert market.rows("SELECT * FROM execution_orders") == []
    assert market.rows("SELECT * FROM intents WHERE namespace = 'research'") == []


def test_what_a_person_wants_to_see_is_kept_beside_the_decision(
    runs: Runs, market: PaperMarket, pipeline: Pipeline
) -> None:
    result = runs.assets("decisions_4h", by_hand=True)

    assert metadata_of(result, "decisions_4h")["intents"] > 0
    assert market.rows("SELECT DISTINCT namespace FROM decisions") == [("research",)]
    kept = market.rows("SELECT research_intents FROM decisions WHERE outcome = 'signal'")
    assert kept
    assert all("confidence" in str(each) for (each,) in kept)
    assert market.rows("SELECT * FROM intents") == []
    assert pipeline.stores.decisions.pending(Namespace.TRADE) == ()
