"""The checks on decisions: sound strategies pass them each night, and no close waits for them."""

import dagster as dg

from kraken_pipeline.defs.closes import refresh_and_decide
from kraken_pipeline.defs.soundness import CHECK, CLOSES, nightly_soundness
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket


def test_the_strategies_of_a_fresh_machine_are_sound_on_the_stored_bars(
    runs: Runs, market: PaperMarket
) -> None:
    before = market.rows("SELECT COUNT(*) FROM decisions")

    found = runs.job("examine_strategies").get_asset_check_evaluations()

    assert sorted(each.asset_key.to_user_string() for each in found) == sorted(
        f"decisions_{name}" for name in TIMEFRAMES
    )
    assert all(each.passed for each in found)
    [daily] = [each for each in found if each.asset_key.to_user_string() == "decisions_4h"]
    assert str(daily.metadata["trend_core"].value).startswith(f"{CLOSES} closes, ")
    assert market.rows("SELECT COUNT(*) FROM decisions") == before


def test_no_close_waits_for_them(runs: Runs) -> None:
    repository = runs.definitions.get_repository_def()
    steps = {each.name for each in repository.get_job(refresh_and_decide.name).nodes}
    at_night = {each.name for each in repository.get_job("examine_strategies").nodes}

    assert CHECK not in steps
    assert {CHECK} == at_night


def test_they_are_asked_every_night(runs: Runs) -> None:
    context = dg.build_schedule_context(
        instance=runs.instance,
        scheduled_execution_time=MOMENT,
        resources={"pipeline": runs.pipeline},
    )

    assert isinstance(nightly_soundness(context), dg.RunRequest)
