import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, failures_of, metadata_of
from kraken_pipeline_tests.paper_market import NOON, PAIRS, PaperMarket

MARCH, APRIL = "2024-03-01", "2024-04-01"
SPRING = datetime(2024, 4, 2, 12, tzinfo=UTC)
EVERY_FRAME = tuple(f"decisions_{name}" for name in TIMEFRAMES)
DECIDED = "SELECT decision_id, timeframe, outcome, inputs_hash FROM decisions ORDER BY decision_id"


def test_each_timeframe_is_decided_once_however_often_it_is_materialised(
    runs: Runs, market: PaperMarket
) -> None:
    runs.assets(*EVERY_FRAME)
    before = market.rows(DECIDED)

    again = runs.assets(*EVERY_FRAME)

    assert sorted(str(each[1]) for each in before) == sorted(TIMEFRAMES)
    assert market.rows(DECIDED) == before
    assert metadata_of(again, "decisions_1h")["dagster/partition_row_count"] == 0


def test_two_machines_with_the_same_bars_and_books_decide_the_same(
    runs: Runs, market: PaperMarket
) -> None:
    runs.assets(*EVERY_FRAME)
    first = market.rows(DECIDED)
    (market.data_dir / "portfolio.db").rename(market.data_dir / "other.db")
    for name in ("portfolio.db-wal", "portfolio.db-shm"):
        (market.data_dir / name).unlink(missing_ok=True)
    with Runs.on(market) as others:
        others.assets("pair_universe")
        others.assets("portfolio_snapshot")
        others.assets(*EVERY_FRAME)

    assert market.rows(DECIDED) == first


def test_what_is_wanted_and_what_is_not_stands_beside_the_asset(runs: Runs) -> None:
    said = metadata_of(runs.assets("decisions_4h"), "decisions_4h")

    assert said["intents"] + sum(said["not_wanted"].values()) == len(PAIRS)
    assert said["wanted"].count("trend_core") == said["intents"] > 0
    assert said["closed_at"] == str(NOON)


@pytest.mark.parametrize("name", ["1m", "4h"])
def test_a_run_that_comes_too_late_records_that_it_skipped_its_close(
    runs: Runs, market: PaperMarket, name: str
) -> None:
    frame = TIMEFRAMES[name]
    market.turn(NOON + frame.max_lateness + timedelta(seconds=1))

    said = metadata_of(runs.assets(f"decisions_{name}", close=NOON), f"decisions_{name}")

    assert (said["skipped"], said["intents"]) == (1, 0)
    [(because, times)] = said["skipped_because"].items()
    assert because.startswith("trend_core: LATE: ")
    assert times == 1
    [(outcome, reason)] = market.rows("SELECT outcome, reason FROM decisions")
    assert outcome == "skipped"
    assert str(reason).startswith("LATE: ")


def test_a_late_run_leaves_the_next_close_to_the_next_run(runs: Runs, market: PaperMarket) -> None:
    runs.assets("decisions_1m", close=NOON - timedelta(minutes=1))

    runs.assets("decisions_1m", close=NOON)

    decided = market.rows("SELECT closed_at, outcome FROM decisions ORDER BY closed_at")
    assert [outcome for _, outcome in decided] == ["skipped", "no_signal"]
    assert len({closed_at for closed_at, _ in decided}) == 2


def test_a_run_that_ends_in_the_next_month_decides_its_own_close_only(
    runs: Runs, market: PaperMarket
) -> None:
    market.turn(NOON.replace(month=4, day=1, hour=0, second=5))

    runs.assets("decisions_1h", close=NOON.replace(day=31, hour=23))

    assert market.rows("SELECT namespace, outcome FROM decisions") == [("trade", "skipped")]


def test_a_run_in_time_decides_whatever_closed_with_it(runs: Runs, pipeline: Pipeline) -> None:
    said = metadata_of(runs.assets("decisions_1h", close=NOON), "decisions_1h")

    assert said["late"] == "no"
    assert len(pipeline.stores.decisions.pending(Namespace.TRADE)) == said["intents"] > 0


def test_a_wrong_parameter_is_named_by_the_step_that_needs_it(market: PaperMarket) -> None:
    market.configure("strategies: {configs: {trend_core: {params: {profil: balanced}}}}\n")
    with Runs.on(market) as runs:
        [said] = failures_of(runs.assets("decisions_1h"))

    assert "strategies.configs.trend_core.params" in said
    assert "did you mean profile?" in said


def test_what_a_person_materialises_can_never_become_an_order(
    runs: Runs, market: PaperMarket, pipeline: Pipeline
) -> None:
    runs.assets("decisions_1h", "decisions_1d", by_hand=True)

    assert pipeline.work() == ""
    assert market.rows("SELECT COUNT(*) FROM intents") == [(0,)]
    assert {name for (name,) in market.rows("SELECT namespace FROM decisions")} == {"research"}


def test_filling_in_the_past_leaves_the_whole_trading_database_as_it_was(
    runs: Runs, market: PaperMarket, pipeline: Pipeline
) -> None:
    """F-DAG-2."""
    lived_on(market, pipeline)
    before = dump(market)

    said = metadata_of(runs.backfill("decisions_1h", first=MARCH, last=MARCH), "decisions_1h")

    assert said["round_trips"] > 0
    assert dump(market) == before
    assert pipeline.stores.decisions.pending(Namespace.TRADE) == ()
    assert market.orders == []


def test_months_that_are_over_are_one_backtest_with_figures_for_each(
    runs: Runs, market: PaperMarket, pipeline: Pipeline
) -> None:
    lived_on(market, pipeline)
    lived_on(market, pipeline, until=datetime(2024, 5, 1, 12, tzinfo=UTC))

    result = runs.backfill("decisions_4h", first=MARCH, last=APRIL)
    again = runs.backfill("decisions_1d", first=APRIL, last=APRIL)

    made = {each.partition: each.metadata for each in told(result)}
    assert list(made) == [MARCH, APRIL]
    assert len({each["backtest"].value for each in made.values()}) == 1
    assert made[MARCH]["equity"].value != made[APRIL]["equity"].value
    assert "outcome" not in made[MARCH]
    assert "data:image/png;base64," in str(made[APRIL]["equity_fall_exposure"].value)
    beside = metadata_of(again, "decisions_1d")["beside_other_runs"]
    assert str(made[APRIL]["backtest"].value) in beside


def test_a_past_without_bars_is_refused_and_says_what_brings_them(runs: Runs) -> None:
    [said] = failures_of(runs.backfill("decisions_1h", first="2023-12-01", last="2023-12-01"))

    assert "`kraken-pipeline history fetch` and `history import` bring them" in said


def lived_on(market: PaperMarket, pipeline: Pipeline, until: datetime = SPRING) -> None:
    """Let time pass, and keep the bars of it."""
    market.turn(until)
    for name in ("1h", "4h", "1d"):
        pipeline.refresh_bars(TIMEFRAMES[name])


def told(result: dg.ExecuteInProcessResult) -> list[dg.AssetMaterialization]:
    return [each for each in result.asset_materializations_for_node("decisions") if each.metadata]


def dump(market: PaperMarket) -> list[str]:
    """Return every row of every table, and how each was made."""
    with contextlib.closing(sqlite3.connect(market.data_dir / "portfolio.db")) as database:
        return list(database.iterdump())
