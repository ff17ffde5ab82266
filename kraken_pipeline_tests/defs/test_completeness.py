"""The whole history, judged as the night's run does it."""

import shutil
from dataclasses import replace
from typing import Any, Final

import dagster as dg

from kraken_pipeline.definitions import defs
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.past_months import kept_of
from kraken_pipeline_tests.defs.runs import Runs, metadata_of

COLUMNS: Final = ("open", "high", "low", "close", "volume", "trades")


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what each check says."""
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def figures(told: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """Return the check's metadata."""
    return {name: each.value for name, each in told.metadata.items()}


def test_every_timeframe_is_counted_drawn_and_judged(runs: Runs) -> None:
    result = runs.job("examine_history")

    said, told = metadata_of(result, "history_coverage"), checks_of(result)
    assert set(told) == {f"complete_{name}" for name in TIMEFRAMES}
    assert all(each.passed for each in told.values())
    assert all("data:image/png" in said[f"coverage_{name}"] for name in TIMEFRAMES)
    assert said["bars_1h"] == 4 * 720


def test_bars_that_nobody_fetched_are_named_with_reason_and_remedy(runs: Runs) -> None:
    hour = TIMEFRAMES["1h"]
    stored = kept_of(runs.pipeline, hour).present["ETHUSD"]
    market = runs.pipeline.edge.market
    page = market.candles(market.listing().pairs["ETHUSD"], hour, None)
    row = {name: getattr(page, name)[:1] for name in COLUMNS}
    older = replace(page, opened_at=(stored[0][0] - 10 * hour.seconds,), **row)
    runs.pipeline.stores.bars.append(hour, [older])

    result = runs.job("examine_history")

    told = checks_of(result)["complete_1h"]
    assert metadata_of(result, "history_coverage")["uncertified_bars_1h"] == 9
    assert not told.passed
    assert figures(told)["uncertified_by_reason"] == {"not_fetched": 9}
    assert "| ETHUSD |" in figures(told)["uncertified"]
    assert "history fetch ETHUSD --since" in figures(told)["uncertified"]


def test_no_close_looks_at_all_of_history() -> None:
    job = defs.resolve_job_def("refresh_and_decide")

    asked = job.get_subset(asset_selection={dg.AssetKey("ohlc_1m"), dg.AssetKey("decisions_1m")})
    assert {each.name for each in asked.nodes} == {"ohlc", "decisions"}


def test_a_pair_without_any_bar_is_named(runs: Runs) -> None:
    for folder in (runs.pipeline.stores.bars_dir / "4h").iterdir():
        shutil.rmtree(folder, ignore_errors=True)
    market = runs.pipeline.edge.market
    page = market.candles(market.listing().pairs["ETHUSD"], TIMEFRAMES["4h"], None)
    runs.pipeline.stores.bars.append(TIMEFRAMES["4h"], [page])

    told = checks_of(runs.job("examine_history"))["complete_4h"]

    assert not told.passed
    assert figures(told)["without_bars"] == "ADAUSD, SOLUSD, XDGUSD"
