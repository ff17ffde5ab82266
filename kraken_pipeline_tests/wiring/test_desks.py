from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, RefusedError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.settings import Settings
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.pipeline import Pipeline, connect
from kraken_pipeline.wiring.protecting import protect_desk
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


@pytest.mark.parametrize(("interval", "age"), [(10, 120), (60, 120), (200, 400), (86_400, 600)])
def test_books_may_be_twice_their_interval_old_but_two_minutes_at_least_and_ten_at_most(
    interval: int, age: int
) -> None:
    limits = desks.limits(settings(portfolio={"sync_interval_seconds": interval}))

    assert limits.max_sync_age_seconds == age


def test_of_two_bounds_on_the_loss_at_the_stops_the_lower_one_holds() -> None:
    told = settings(risk={"max_portfolio_risk_pct": 4, "max_portfolio_stop_risk_pct": 7})

    assert desks.limits(told).max_portfolio_stop_risk_pct == Decimal(4)


def test_a_strategy_without_a_cap_may_hold_what_one_trade_may_risk() -> None:
    told = settings(
        strategies={"enabled": ["mine"], "configs": {"mine": {"type": "trend_core"}}},
        risk={"max_risk_per_trade_pct": 2},
    )

    assert told.strategy_cap_pct("mine") == desks.limits(told).max_per_strategy_pct == Decimal(2)


def test_a_strategy_of_another_name_follows_the_rules_of_its_type() -> None:
    told = settings(
        strategies={
            "enabled": ["mine"],
            "configs": {"mine": {"type": "trend_core", "timeframes": ["1h"], "userref": 7}},
        }
    )

    [mine] = desks.configured_strategies(told)

    assert (mine.strategy_id, mine.strategy.name) == ("mine", "trend_core")
    assert (mine.timeframes, mine.userref) == (("1h",), 7)


@pytest.mark.parametrize("name", list(STRATEGIES))
def test_every_strategy_of_ours_runs_with_nothing_configured_but_its_name(name: str) -> None:
    [found] = desks.configured_strategies(settings(strategies={"enabled": [name]}))

    assert found.strategy is STRATEGIES[name]
    assert found.timeframes == found.strategy.timeframes


def test_a_strategy_that_is_switched_off_is_not_checked_and_does_not_run() -> None:
    told = settings(
        strategies={
            "enabled": ["trend_core"],
            "configs": {"trend_core": {"enabled": False, "params": {"nonsense": 1}}},
        }
    )

    assert desks.configured_strategies(told) == ()


def test_a_type_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="use one of trend_core"):
        desks.configured_strategies(settings(strategies={"enabled": ["momentum"]}))


def test_a_sender_holds_the_lease_of_its_namespace_as_long_as_configured(
    market: PaperMarket,
) -> None:
    market.configure("execution: {lease_seconds: 7, submit_deadline_seconds: 3}\n")
    with market.pipeline() as pipeline:
        desk = desks.submit(pipeline, Namespace.TRADE, "a test")

    assert (desk.lease, desk.deadline) == (timedelta(seconds=7), timedelta(seconds=3))
    assert (desk.namespace, desk.owner) == (Namespace.TRADE, "a test")


def test_a_rehearsal_never_goes_where_orders_are_placed(pipeline: Pipeline) -> None:
    with pytest.raises(RefusedError, match="rehearsal"):
        desks.submit(pipeline, Namespace.REHEARSAL, "a test")


def test_the_panic_file_is_looked_for_at_each_order(pipeline: Pipeline) -> None:
    desk = desks.submit(pipeline, Namespace.TRADE, "a test")
    assert not desk.panic_is_latched()

    pipeline.panic_file.touch()

    assert desk.panic_is_latched()
    [told] = pipeline.halts()
    assert (told.kind, "made by hand" in told.reason) == (HaltKind.PANIC, True)


def test_what_the_books_say_of_a_panic_elsewhere_keeps_stops_away(pipeline: Pipeline) -> None:
    desk = protect_desk(pipeline, desks.settle(pipeline))
    assert not desk.panic_is_latched()

    pipeline.stores.halts.latch(HaltKind.PANIC, reason="there", at=pipeline.clock(), by="panic")

    assert desk.panic_is_latched()


def test_a_halt_needs_no_exchange(market: PaperMarket) -> None:
    alone = connect(market.environ | {"KRAKEN_PIPELINE_SIMULATOR_URL": "http://127.0.0.1:1"})

    assert alone.halt(reason="a test", by="somebody")
    assert alone.halts()[0].latched_at > MOMENT
    alone.close()
