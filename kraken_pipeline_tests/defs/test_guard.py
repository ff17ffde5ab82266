from datetime import timedelta

import dagster as dg
import pytest

from kraken_pipeline.defs.guard import dead_man_switch
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.signs import BEAT, GUARDIAN, Presence
from kraken_pipeline_tests.defs.runs import Runs, as_answer
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy


def look(runs: Runs) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule says."""
    context = dg.build_schedule_context(
        instance=runs.instance,
        scheduled_execution_time=MOMENT,
        resources={"pipeline": runs.pipeline},
    )
    return as_answer(dead_man_switch(context))


def seconds_left(market: PaperMarket) -> float | None:
    timer = market.served.exchange.account.timer
    return None if timer is None else (timer - market.served.exchange.clock.now()).total_seconds()


def test_where_nothing_rests_nothing_is_run(runs: Runs, market: PaperMarket) -> None:
    assert isinstance(look(runs), dg.SkipReason)
    assert seconds_left(market) is None


def test_the_first_order_arms_it_and_the_schedule_renews_it_before_half_of_it_is_over(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    assert seconds_left(market) == 600
    assert isinstance(look(runs), dg.SkipReason)

    market.turn(MOMENT + timedelta(seconds=180))
    assert isinstance(look(runs), dg.RunRequest)
    assert runs.job("guard").success

    assert seconds_left(market) == 600
    assert len(market.open_orders) == 1


def test_it_is_turned_off_with_the_last_order_that_rested(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    pipeline.cancel(resting_buy(pipeline))
    assert isinstance(look(runs), dg.RunRequest)

    assert runs.job("guard").success

    assert seconds_left(market) is None
    assert isinstance(look(runs), dg.SkipReason)


def test_a_guardian_that_lives_is_left_to_it(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    presence = Presence(market.data_dir)
    presence.show(system_now())
    resting_buy(pipeline)
    assert seconds_left(market) == 60
    market.turn(MOMENT + timedelta(seconds=50))

    answer = look(runs)

    assert isinstance(answer, dg.SkipReason)
    assert "the guardian keeps it" in str(answer.skip_message)
    presence.leave()
    assert isinstance(look(runs), dg.RunRequest)


def test_a_guardian_that_is_lost_stops_opening_and_is_forgotten_with_a_resume(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    (market.data_dir / GUARDIAN).touch()
    pipeline.show_life()
    assert [each.kind for each in pipeline.halts()] == [HaltKind.GUARD]
    assert isinstance(look(runs), dg.SkipReason)

    pipeline.resume(reason="no guardian any more", by="somebody")

    assert pipeline.halts() == ()
    resting_buy(pipeline)
    assert seconds_left(market) == 600


def test_what_the_switch_canceled_is_found_and_the_books_say_so(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    market.turn(MOMENT + timedelta(minutes=11))
    assert market.open_orders == []

    assert isinstance(look(runs), dg.RunRequest)
    assert runs.job("guard").success

    assert market.rows("SELECT status FROM execution_orders") == [("canceled",)]
    assert seconds_left(market) is None


@pytest.mark.parametrize(
    "config", ["execution: {dead_man_switch_seconds: 0}\n", "execution: {mode: dry_run}\n"]
)
def test_where_there_is_no_switch_nothing_is_armed(market: PaperMarket, config: str) -> None:
    market.configure(config)
    with market.pipeline() as pipeline:
        resting_buy(pipeline)
        pipeline.tend_switch(owner="a test")

        assert not pipeline.switch_needs_tending
    assert seconds_left(market) is None


def test_the_order_service_shows_that_it_lives(pipeline: Pipeline, market: PaperMarket) -> None:
    pipeline.show_life()

    assert (market.data_dir / BEAT).exists()
