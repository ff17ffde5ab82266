from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from kraken_pipeline.definitions import defs
from kraken_pipeline.defs.closes import asked_of, refresh_and_decide
from kraken_pipeline.defs.partitions import BAR_CLOSE
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline_tests.defs.runs import Runs, metadata_of, reason
from kraken_pipeline_tests.paper_market import NOON, PaperMarket, paper_market


def tick(runs: Runs, due: datetime) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule says of a close."""
    return asked_of(runs.pipeline, runs.instance, due)


def asked_for(answer: dg.RunRequest | dg.SkipReason) -> set[str]:
    """Return the assets of the one run that is asked for."""
    assert isinstance(answer, dg.RunRequest)
    return {key.to_user_string() for key in answer.asset_selection or ()}


CLOSES = {
    (6, 0, 0): set(TIMEFRAMES),
    (5, 13, 0): {"1m", "5m", "15m", "1h"},
    (5, 12, 5): {"1m", "5m"},
    (5, 12, 1): {"1m"},
}


@pytest.mark.parametrize("at", list(CLOSES), ids=str)
def test_timeframes_that_close_together_share_one_run(
    runs: Runs, market: PaperMarket, at: tuple[int, int, int]
) -> None:
    due = NOON.replace(day=at[0], hour=at[1], minute=at[2])
    market.turn(due + timedelta(seconds=1))

    answer = tick(runs, due)

    names = asked_for(answer)
    assert {each.removeprefix("decisions_") for each in names if "decisions" in each} == CLOSES[at]
    assert CLOSES[at] <= {each.removeprefix("ohlc_") for each in names if "ohlc" in each}
    assert isinstance(answer, dg.RunRequest)
    assert answer.partition_key == f"{due:%Y-%m}-01"
    assert answer.tags[BAR_CLOSE] == answer.run_key == due.isoformat()


@pytest.mark.parametrize(
    ("minutes", "extra"),
    [(4, set()), (5, {"portfolio_snapshot"}), (60, {"portfolio_snapshot", "pair_universe"})],
)
def test_books_are_read_with_five_minutes_and_the_universe_with_the_hour(
    runs: Runs, market: PaperMarket, minutes: int, extra: set[str]
) -> None:
    due = NOON + timedelta(minutes=minutes)
    market.turn(due + timedelta(seconds=1))

    assert asked_for(tick(runs, due)) & {"portfolio_snapshot", "pair_universe"} == extra


def test_books_are_read_where_only_longer_timeframes_are_decided(market: PaperMarket) -> None:
    """Else what opens on them would be denied for books that nobody keeps (SYNC_STALE)."""
    market.configure("strategies: {configs: {trend_core: {timeframes: [15m]}}}\n")
    due = NOON + timedelta(minutes=15)
    market.turn(due + timedelta(seconds=1))

    with Runs.on(market) as runs:
        asked = asked_for(tick(runs, due))

    assert {"portfolio_snapshot", "decisions_15m"} <= asked
    assert "decisions_5m" not in asked


def test_no_step_of_a_close_but_those_of_its_assets_is_waited_for(
    runs: Runs, market: PaperMarket
) -> None:
    due = NOON + timedelta(minutes=60)
    market.turn(due + timedelta(seconds=1))
    answer = tick(runs, due)
    assert isinstance(answer, dg.RunRequest)
    job = defs.resolve_job_def(refresh_and_decide.name)
    run = job.get_subset(asset_selection=set(answer.asset_selection or ()))

    assert {each.name for each in run.nodes} == {
        "pair_universe",
        "ohlc",
        "books",
        "decisions",
    }


def test_the_first_run_of_all_fetches_everything(tmp_path: Path) -> None:
    due = NOON + timedelta(minutes=1)
    with paper_market(tmp_path, at=due) as new, Runs.on(new) as runs:
        names = asked_for(tick(runs, due))

    bars = {f"ohlc_{name}" for name in TIMEFRAMES}
    assert names == bars | {"pair_universe", "portfolio_snapshot", "decisions_1m"}


def test_a_late_tick_decides_what_is_still_in_time(runs: Runs, market: PaperMarket) -> None:
    market.turn(NOON + timedelta(seconds=100))

    names = asked_for(tick(runs, NOON))

    assert {each for each in names if "decisions" in each} == {
        "decisions_15m",
        "decisions_1h",
        "decisions_4h",
    }


def test_a_tick_too_late_for_all_is_skipped_and_says_so(runs: Runs, market: PaperMarket) -> None:
    market.turn(NOON + timedelta(minutes=1, seconds=21))

    said = reason(tick(runs, NOON + timedelta(minutes=1)))

    assert said.startswith("the close of 12:01 is 21 s ago")


def test_a_timeframe_that_no_strategy_decides_is_no_reason_to_run(market: PaperMarket) -> None:
    market.configure("strategies: {configs: {trend_core: {timeframes: [1h]}}}\n")
    market.turn(NOON + timedelta(minutes=5, seconds=1))
    with Runs.on(market) as runs:
        assert isinstance(tick(runs, NOON + timedelta(minutes=5)), dg.SkipReason)


def test_a_run_that_the_schedule_asks_for_can_be_run(runs: Runs, market: PaperMarket) -> None:
    due = NOON + timedelta(minutes=5)
    market.turn(due + timedelta(seconds=1))
    answer = tick(runs, due)
    assert isinstance(answer, dg.RunRequest)

    result = runs.definitions.resolve_job_def("refresh_and_decide").execute_in_process(
        instance=runs.instance,
        partition_key=answer.partition_key,
        asset_selection=list(answer.asset_selection or ()),
        tags=answer.tags,
    )

    assert metadata_of(result, "decisions_5m")["dagster/partition_row_count"] == 1
