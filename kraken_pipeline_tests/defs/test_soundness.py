"""The checks of strategies: sound ones pass them each night."""

import dagster as dg

from kraken_pipeline.defs.soundness import CLOSES, nightly_soundness
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket


def test_the_strategies_of_a_fresh_machine_are_sound_on_the_stored_bars(
    runs: Runs, market: PaperMarket
) -> None:
    before = market.rows("SELECT COUNT(*) FROM decisions")

    found = runs.job("examine_strategies").get_asset_check_evaluations()

    told = {each.check_name: each for each in found}
    assert set(told) == {f"sound_on_{name}" for name in TIMEFRAMES}
    assert all(each.passed for each in found)
    daily = told["sound_on_4h"]
    assert str(daily.metadata["trend_core"].value).startswith(f"{CLOSES} closes, ")
    assert market.rows("SELECT COUNT(*) FROM decisions") == before


def test_they_are_asked_every_night(runs: Runs) -> None:
    context = dg.build_schedule_context(
        instance=runs.instance,
        scheduled_execution_time=MOMENT,
        resources={"pipeline": runs.pipeline},
    )

    assert isinstance(nightly_soundness(context), dg.RunRequest)
