from datetime import timedelta

import pytest
import requests

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    InvalidValueError,
    UnreachableError,
)
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES, timeframe
from kraken_pipeline.wiring.exchange import KEY
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline_tests.paper_market import MOMENT, NOON, PaperMarket, paper_market, resting_buy
from kraken_pipeline_tests.store.builders import sending


def decided(pipeline: Pipeline, name: str = "4h") -> None:
    pipeline.decide(timeframe(name), run_id="a test")


def traded(pipeline: Pipeline, name: str = "4h") -> None:
    decided(pipeline, name)
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()
    pipeline.finish_plans()


def test_live_is_refused_before_a_folder_is_made(market: PaperMarket) -> None:
    market.configure("execution: {mode: live}\nrisk: {max_per_strategy_pct: {trend_core: 5}}\n")
    elsewhere = market.root / "elsewhere"

    with pytest.raises(ConfigurationError, match="live trading is refused"):
        connect(market.environ | {"KRAKEN_PIPELINE_DATA_DIR": str(elsewhere)})

    assert not elsewhere.exists()


def test_a_key_that_is_refused_stops_opening_until_a_person_looked(market: PaperMarket) -> None:
    with market.pipeline() as pipeline:
        taken = {"name": KEY, "remove": True}
        requests.post(f"{market.served.url}/_sim/keys", json=taken, timeout=5).raise_for_status()

        with pytest.raises(AuthError):
            pipeline.keep_books()

        [halt] = pipeline.halts()
    assert (halt.kind, halt.latched_by) == (HaltKind.AUTH, "books")
    assert "keys doctor" in halt.action


def test_whole_bars_are_not_stale_and_one_minute_later_one_timeframe_is(
    pipeline: Pipeline,
) -> None:
    assert pipeline.stale_frames(MOMENT) == ()
    assert pipeline.stale_frames(MOMENT + timedelta(minutes=1)) == (TIMEFRAMES["1m"],)


def test_a_timeframe_is_undecided_until_every_strategy_decided_it(pipeline: Pipeline) -> None:
    decided(pipeline)

    assert {each.name for each in pipeline.undecided_frames(MOMENT)} == set(TIMEFRAMES) - {"4h"}


def test_bars_without_a_universe_are_refused_with_the_remedy(market: PaperMarket) -> None:
    with paper_market(market.root / "new") as new, new.pipeline() as pipeline:
        assert pipeline.has_no_universe
        with pytest.raises(InvalidValueError, match="refresh pair_universe first"):
            pipeline.refresh_bars(TIMEFRAMES["1h"])


def test_work_is_named_by_what_waits_and_nothing_has_no_name(pipeline: Pipeline) -> None:
    names = [pipeline.work()]
    decided(pipeline)
    names += [pipeline.work(), pipeline.work()]
    pipeline.assess(Namespace.TRADE, run_id="a test")
    names.append(pipeline.work())
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    names.append(pipeline.work())

    nothing, wished, again, planned, done = names
    assert (nothing, done) == ("", "")
    assert wished == again != planned


def test_orders_that_wait_are_tried_again_every_ten_seconds(
    pipeline: Pipeline, market: PaperMarket
) -> None:
    decided(pipeline)
    pipeline.assess(Namespace.TRADE, run_id="a test")
    names = []
    for seconds in (1, 10, 11, 19, 21):
        market.turn(MOMENT + timedelta(seconds=seconds))
        names.append(pipeline.work())

    assert names[0] == names[1]
    assert names[0].startswith("W")
    assert all(each.startswith("waiting-") for each in names[2:])
    assert names[2] == names[3] != names[4]


def test_orders_that_rest_are_looked_at_once_a_minute(
    pipeline: Pipeline, market: PaperMarket
) -> None:
    resting_buy(pipeline)
    first = pipeline.work()
    market.turn(MOMENT + timedelta(seconds=20))
    same = pipeline.work()
    market.turn(MOMENT + timedelta(seconds=60))

    assert first.startswith("resting-")
    assert (same, pipeline.work() == first) == (first, False)


def test_orders_of_open_fate_are_looked_for_twice_a_minute(
    pipeline: Pipeline, market: PaperMarket
) -> None:
    sending(pipeline.stores.database)
    names = []
    for seconds in (10, 29, 30):
        market.turn(NOON + timedelta(seconds=seconds))
        names.append(pipeline.work())

    assert names[0].startswith("resting-")
    assert names[0] == names[1] != names[2]


def test_a_rehearsal_is_no_work_for_the_trading_job(market: PaperMarket) -> None:
    with market.pipeline(rehearse=True) as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test", namespace=Namespace.REHEARSAL)

        assert pipeline.work() == ""


def test_a_plan_is_settled_when_its_last_order_ended(
    pipeline: Pipeline, market: PaperMarket
) -> None:
    traded(pipeline)

    [(status, completed_at, summary)] = market.rows(
        "SELECT status, completed_at, summary FROM execution_results"
    )
    assert (status, completed_at is None) == ("settled", False)
    assert "filled" in str(summary)


def test_an_order_that_rests_keeps_its_plan_open(pipeline: Pipeline, market: PaperMarket) -> None:
    order = resting_buy(pipeline)
    assert pipeline.open_at_exchange() == (order.local_id,)

    canceled = pipeline.cancel(order)

    assert canceled.state == "canceled"
    assert pipeline.open_at_exchange() == ()
    assert market.open_orders == []


def test_a_decision_of_another_close_may_be_asked_for(pipeline: Pipeline) -> None:
    [made] = pipeline.decide(
        timeframe("4h"), run_id="a test", closed_at=NOON - timedelta(hours=4), late="LATE: a test"
    )

    assert made.closed_at == NOON - timedelta(hours=4)


@pytest.mark.parametrize("kind", [HaltKind.DRAWDOWN, HaltKind.LOSS, HaltKind.DRIFT])
def test_each_breach_calls_for_panic_once(pipeline: Pipeline, kind: HaltKind) -> None:
    a_while_ago = MOMENT - timedelta(hours=2)
    pipeline.stores.halts.latch(kind, reason="a test", at=a_while_ago, by="a test")
    first = pipeline.breach()
    pipeline.resume(reason="looked at", by="somebody")
    assert pipeline.breach() == ""
    pipeline.stores.halts.latch(kind, reason="a test", at=MOMENT, by="a test")

    assert first != pipeline.breach() != ""


def test_each_stage_is_told_with_its_seconds_and_what_it_gave(market: PaperMarket) -> None:
    told: list[tuple[str, float, object]] = []
    pipeline = connect(market.environ, observer=lambda *stage: told.append(stage))
    universe = pipeline.refresh_universe()
    pipeline.close()

    [(name, seconds, outcome)] = told
    assert (name, outcome) == ("universe", universe)
    assert seconds > 0


def test_a_stage_that_fails_is_not_told_as_done(market: PaperMarket) -> None:
    told: list[str] = []
    environ = market.environ | {"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1"}
    pipeline = connect(environ, observer=lambda name, *_: told.append(name))
    with pytest.raises(UnreachableError):
        pipeline.refresh_universe()
    pipeline.close()

    assert told == []
