from datetime import timedelta

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, failures_of, metadata_of
from kraken_pipeline_tests.paper_market import MONTH, NOON, PAIRS, PaperMarket

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


def test_two_machines_with_the_same_bars_decide_the_same(runs: Runs, market: PaperMarket) -> None:
    runs.assets(*EVERY_FRAME)
    first = market.rows(DECIDED)
    (market.data_dir / "portfolio.db").rename(market.data_dir / "other.db")
    for name in ("portfolio.db-wal", "portfolio.db-shm"):
        (market.data_dir / name).unlink(missing_ok=True)
    with Runs.on(market) as others:
        others.assets("pair_universe")
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
    """F-DAG-2: nor can what is filled in for the past."""
    runs.assets("decisions_1h", "decisions_1d", by_hand=True)
    runs.backfill("decisions_1h", first=MONTH, last=MONTH)

    assert pipeline.work() == ""
    assert market.rows("SELECT COUNT(*) FROM intents") == [(0,)]
    assert {name for (name,) in market.rows("SELECT namespace FROM decisions")} == {"research"}


def test_each_month_of_a_backfill_has_its_own_figures(runs: Runs) -> None:
    result = runs.backfill("decisions_1d", first="2024-01-01", last="2024-02-01")

    made = result.asset_materializations_for_node("decisions")
    rows = {each.partition: each.metadata["dagster/partition_row_count"].value for each in made}
    assert rows == {"2024-01-01": 31, "2024-02-01": 29}
