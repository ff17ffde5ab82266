from datetime import timedelta

import dagster as dg

from kraken_pipeline.defs.reconcile import reconciliation
from kraken_pipeline.defs.trading import CAUSE
from kraken_pipeline.domain.orders import Event, Fact, State
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, as_answer, verdicts_of
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy

CHECKS = {
    "orders_have_evidence",
    "no_foreign_orders",
    "holds_explained",
    "two_clean_passes",
    "books_equal_balances",
    "ledger_explained",
    "prices_cover_what_is_held",
    "profit_is_explained",
    "compared_in_time",
}
FAR_OFF = {"pair": "XDGUSD", "type": "buy", "ordertype": "limit", "volume": "100", "price": "0.01"}


def tick(runs: Runs) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule says."""
    context = dg.build_schedule_context(
        instance=runs.instance,
        scheduled_execution_time=MOMENT,
        resources={"pipeline": runs.pipeline},
    )
    return as_answer(reconciliation(context))


def cause_of(answer: dg.RunRequest | dg.SkipReason) -> str:
    return answer.tags[CAUSE] if isinstance(answer, dg.RunRequest) else "none"


def test_the_first_of_all_is_due_and_then_one_an_hour(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    assert cause_of(tick(runs)) == Cause.HOURLY
    assert runs.job("reconcile", **{CAUSE: Cause.HOURLY.value}).success
    assert cause_of(tick(runs)) == "none"

    market.turn(MOMENT + timedelta(minutes=59))
    assert cause_of(tick(runs)) == "none"
    market.turn(MOMENT + timedelta(minutes=60))
    assert cause_of(tick(runs)) == Cause.HOURLY


def test_while_something_rests_one_is_due_each_minute(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    pipeline.reconcile(Cause.HOURLY, run_id="run")
    resting_buy(pipeline)
    assert cause_of(tick(runs)) == "none"

    market.turn(MOMENT + timedelta(seconds=60))
    assert cause_of(tick(runs)) == Cause.MINUTE

    assert runs.job("trade").success
    assert cause_of(tick(runs)) == "none"


def test_a_repair_is_followed_by_passes_until_two_are_clean(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    order = resting_buy(pipeline)
    pipeline.stores.orders.record(
        order, Event(fact=Fact.CANCELED_SEEN, at=pipeline.clock(), source="a wrong reply")
    )
    market.turn(MOMENT + timedelta(minutes=3))
    result = runs.job("reconcile", **{CAUSE: Cause.HOURLY.value})
    assert not verdicts_of(result, "portfolio_snapshot")["two_clean_passes"]

    market.turn(MOMENT + timedelta(minutes=4))

    assert cause_of(tick(runs)) == Cause.MINUTE


def test_by_hand_every_check_is_told_with_its_figures(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)

    result = runs.job("reconcile")

    assert verdicts_of(result, "portfolio_snapshot") == dict.fromkeys(CHECKS, True)
    told = {each.check_name: each.metadata for each in result.get_asset_check_evaluations()}
    assert told["orders_have_evidence"]["at_exchange"].value == 1
    assert told["two_clean_passes"]["cause"].value == "hand"


def test_pf_16_a_loop_that_stands_still_is_told(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    pipeline.reconcile(Cause.HOURLY, run_id="run")
    resting_buy(pipeline)
    market.turn(MOMENT + timedelta(hours=2, minutes=1))

    result = runs.assets("portfolio_snapshot")

    found = {each.check_name: each for each in result.get_asset_check_evaluations()}
    check = found["compared_in_time"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    late = str(check.metadata["late"].value)
    assert late.startswith("not compared as a whole since")
    assert "an order rests" in late


def test_an_order_of_somebody_elses_warns_and_stays(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    pipeline.edge.gateway._line.call("AddOrder", FAR_OFF, call=Call.WRITE)  # type: ignore[attr-defined]

    result = runs.job("reconcile")

    [check] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "no_foreign_orders"
    ]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert len(market.open_orders) == 1


def test_a_run_of_the_trade_job_tells_every_check(runs: Runs, pipeline: Pipeline) -> None:
    assert runs.assets("decisions_1h", close=MOMENT.replace(second=0)).success

    result = runs.job("trade")

    assert set(verdicts_of(result, "portfolio_snapshot")) == CHECKS


def test_a_snapshot_tells_what_the_last_comparison_found_and_compares_nothing(
    runs: Runs, pipeline: Pipeline
) -> None:
    never = runs.assets("portfolio_snapshot")
    assert verdicts_of(never, "portfolio_snapshot") == {
        **dict.fromkeys(CHECKS, True),
        "two_clean_passes": False,
        "compared_in_time": False,
    }
    assert pipeline.stores.passes.newest(1) == ()
    pipeline.reconcile(Cause.HOURLY, run_id="run")

    assert verdicts_of(runs.assets("portfolio_snapshot"), "portfolio_snapshot") == dict.fromkeys(
        CHECKS, True
    )
    assert len(pipeline.stores.passes.newest(9)) == 1


def test_comparing_cancels_what_is_over_and_places_nothing(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    order = resting_buy(pipeline)
    market.turn(order.expires_at + timedelta(seconds=1))

    assert runs.job("reconcile").success

    assert pipeline.stores.orders.order(order.local_id).state is State.CANCELED
    assert len(market.orders) == 1
