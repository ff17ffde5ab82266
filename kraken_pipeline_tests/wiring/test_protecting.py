from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, Order
from kraken_pipeline.domain.protection import Protection, Step, is_stop
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.orders.flatten import Extent
from kraken_pipeline.services.protection.protect import Protected
from kraken_pipeline.wiring.flattening import flatten_positions
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.protecting import Kept
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy

ON = "execution: {protective_stops: after_fill}\n"


def _run(pipeline: Pipeline) -> None:
    """Do what a run of the trading job does."""
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()
    pipeline.protect(owner="a test")
    pipeline.tend_dust()
    pipeline.finish_plans()


def _stops(pipeline: Pipeline) -> dict[str, Decimal]:
    orders: list[Order] = [
        each
        for each in pipeline.stores.orders.reserving()
        if is_stop(each) and each.state in AT_THE_EXCHANGE
    ]
    pairs = {each.pair for each in orders}
    return {
        pair: sum((each.open_qty for each in orders if each.pair == pair), ZERO) for pair in pairs
    }


def _held(pipeline: Pipeline) -> dict[str, Decimal]:
    return {each.pair: each.qty for each in pipeline.stores.books.positions() if each.qty}


@pytest.fixture
def protected(market: PaperMarket) -> PaperMarket:
    market.configure(ON)
    return market


def test_what_a_run_buys_has_its_stop_when_the_run_is_over(protected: PaperMarket) -> None:
    with protected.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        _run(pipeline)

        held = _held(pipeline)
        assert held
        assert _stops(pipeline) == held
        assert pipeline.stores.orders.unfinished_plans() == ()
        assert pipeline.work().startswith("resting-")


def test_what_was_done_for_stops_is_said_in_a_line() -> None:
    place = ("trend@1h", "XBTUSD")
    missing = Protection(
        book=place[0],
        pair=place[1],
        missing_since=MOMENT,
        failures=1,
        last_error="no",
        updated_at=MOMENT,
    )
    protected = Protected(steps=Counter({Step.PLACE: 2}), errors={place: "refused"}, left={})
    nothing = Protected(steps=Counter(), errors={}, left={})

    said = str(Kept(protected=protected, overdue=(missing,)))
    assert said == "2 place, XBTUSD in trend@1h: refused, UNPROTECTED XBTUSD in trend@1h"
    assert str(Kept(protected=nothing, overdue=())) == "as they should be"


def test_a_holding_without_its_stop_is_work_every_ten_seconds(protected: PaperMarket) -> None:
    with protected.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        pipeline.assess(Namespace.TRADE, run_id="a test")
        pipeline.submit(Namespace.TRADE, owner="a test")
        pipeline.settle()
        first = pipeline.work()
        protected.turn(MOMENT + timedelta(seconds=10))

        assert first.startswith("stops-")
        assert pipeline.work() != first


def test_without_stops_nothing_is_placed_and_nothing_is_work(pipeline: Pipeline) -> None:
    pipeline.decide(timeframe("4h"), run_id="a test")
    _run(pipeline)

    assert _held(pipeline)
    assert _stops(pipeline) == {}
    assert pipeline.work() == ""
    assert pipeline.protect(owner="a test") is None


def test_an_entry_that_rests_is_looked_at_every_ten_seconds_where_stops_follow(
    protected: PaperMarket,
) -> None:
    with protected.pipeline() as pipeline:
        resting_buy(pipeline)
        first = pipeline.work()
        protected.turn(MOMENT + timedelta(seconds=10))

        assert first.startswith("resting-")
        assert pipeline.work() != first


def test_stops_that_are_switched_off_are_taken_away(protected: PaperMarket) -> None:
    with protected.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        _run(pipeline)
    protected.configure("execution: {protective_stops: 'off'}\n")

    with protected.pipeline() as pipeline:
        assert pipeline.work().startswith("stops-")
        pipeline.protect(owner="a test")

        assert _stops(pipeline) == {}
        assert pipeline.work() == ""


def test_a_flatten_sells_what_stops_hold(protected: PaperMarket) -> None:
    with protected.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        _run(pipeline)
        said: list[str] = []
        done = flatten_positions(pipeline, Extent(), reason="a test", owner="ann", tell=said.append)

        assert done.is_done
        assert sum(_held(pipeline).values(), ZERO) < Decimal("0.001")
        assert _stops(pipeline) == {}


def test_kraken_places_the_stops_of_a_run_where_it_is_told_to(market: PaperMarket) -> None:
    market.configure("execution: {protective_stops: conditional_close}\n")
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        _run(pipeline)

        held = _held(pipeline)
        sent = [each for each in pipeline.stores.orders.reserving() if each.deadline is not None]
        assert held
        assert {each.pair for each in pipeline.stores.orders.reserving()} == set(held)
        assert _stops(pipeline) == held
        assert sent == []
        assert pipeline.work().startswith("resting-")
