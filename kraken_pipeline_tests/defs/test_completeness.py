"""The check of whole histories, as a person runs it."""

from dataclasses import replace
from typing import Any, Final

import dagster as dg

from kraken_pipeline.definitions import defs
from kraken_pipeline.defs.completeness import CHECK, history_is_complete
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.past_months import kept_of
from kraken_pipeline_tests.defs.runs import QUIET, Runs

COLUMNS: Final = ("open", "high", "low", "close", "volume", "trades")


def judged(runs: Runs) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what the check says of each timeframe."""
    result = dg.materialize(
        [history_is_complete],
        selection=dg.AssetSelection.checks(history_is_complete),
        instance=runs.instance,
        resources={"pipeline": runs.pipeline},
        run_config=QUIET,
    )
    return {each.asset_key.to_user_string(): each for each in result.get_asset_check_evaluations()}


def figures(told: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """Return the check's metadata."""
    return {name: each.value for name, each in told.metadata.items()}


def test_every_timeframe_is_judged_in_one_step_with_a_picture(runs: Runs) -> None:
    told = judged(runs)

    assert set(told) == {f"ohlc_{name}" for name in TIMEFRAMES}
    assert all("data:image/png" in figures(each)["coverage"] for each in told.values())
    assert all(each.passed for each in told.values())


def test_bars_that_nobody_fetched_are_named_with_reason_and_remedy(runs: Runs) -> None:
    hour = TIMEFRAMES["1h"]
    stored = kept_of(runs.pipeline, hour).present["ETHUSD"]
    market = runs.pipeline.edge.market
    page = market.candles(market.listing().pairs["ETHUSD"], hour, None)
    row = {name: getattr(page, name)[:1] for name in COLUMNS}
    older = replace(page, opened_at=(stored[0][0] - 10 * hour.seconds,), **row)
    runs.pipeline.stores.bars.append(hour, [older])

    told = judged(runs)["ohlc_1h"]

    assert not told.passed
    assert figures(told)["uncertified_bars"] == 9 + 3 * 10
    assert figures(told)["uncertified_by_reason"] == {"not_fetched": 39}
    assert "| ETHUSD |" in figures(told)["uncertified"]
    assert "history fetch ETHUSD --since" in figures(told)["uncertified"]


def test_no_close_looks_at_all_of_history() -> None:
    job = defs.resolve_job_def("refresh_and_decide")

    checks = {each.name for each in job.asset_layer.asset_graph.asset_check_keys}
    assert "fresh" in checks
    assert CHECK not in checks
