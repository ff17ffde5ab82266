"""What the configuration says reaches the rules, and what it does not say asks nothing."""

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.locks import LockKind
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.settings import Settings, load
from kraken_pipeline.wiring.risk_rules import (
    allocation_rules,
    kill_switches,
    kraken_stops,
    limits,
    measured,
    protections,
    universe_rules,
    wants_stops,
)
from kraken_pipeline_tests.paper_market import PaperMarket


def settings(**sections: object) -> Settings:
    return Settings.model_validate(sections)


@pytest.mark.parametrize(("interval", "age"), [(10, 120), (60, 120), (200, 400), (86_400, 600)])
def test_books_may_be_twice_their_interval_old_but_two_minutes_at_least_and_ten_at_most(
    interval: int, age: int
) -> None:
    found = limits(settings(portfolio={"sync_interval_seconds": interval}))

    assert found.max_sync_age_seconds == age


def test_of_two_bounds_on_the_loss_at_the_stops_the_lower_one_holds() -> None:
    told = settings(risk={"max_portfolio_risk_pct": 4, "max_portfolio_stop_risk_pct": 7})

    assert limits(told).max_portfolio_stop_risk_pct == Decimal(4)


def test_a_strategy_without_a_cap_may_hold_what_one_trade_may_risk() -> None:
    told = settings(
        strategies={"enabled": ["mine"], "configs": {"mine": {"type": "trend_core"}}},
        risk={"max_risk_per_trade_pct": 2},
    )

    assert told.strategy_cap_pct("mine") == limits(told).max_per_strategy_pct == Decimal(2)


def test_a_loss_of_a_day_may_have_another_bound_than_a_fall() -> None:
    found = kill_switches(settings(risk={"max_daily_drawdown_pct": 9, "max_daily_loss_pct": 3}))

    assert (found.max_drawdown_pct, found.max_daily_loss_pct) == (Decimal(9), Decimal(3))


@pytest.mark.parametrize(
    ("way", "wanted", "by_kraken"),
    [("off", False, False), ("after_fill", True, False), ("conditional_close", True, True)],
)
def test_stops_are_placed_by_who_is_configured_to(
    way: str, *, wanted: bool, by_kraken: bool
) -> None:
    told = settings(execution={"protective_stops": way})

    assert wants_stops(told) is wanted
    assert (kraken_stops(told) is not None) is by_kraken


def sharing(**risk: object) -> Settings:
    configs = {"a": {"strategy_weight": 40}}
    return settings(risk=risk, strategies={"enabled": ["a", "b"], "configs": configs})


def test_by_default_only_a_strategys_weight_counts() -> None:
    found = allocation_rules(sharing(), {})

    assert found.weights == {"a": Decimal("0.4"), "b": Decimal(1)}
    assert (found.dynamic, found.throttle, measured(sharing())) == (None, None, None)


def test_results_count_where_they_are_configured_to() -> None:
    found = allocation_rules(sharing(dynamic_allocation_enabled=True), {}).dynamic

    assert found is not None
    assert found.lookback == timedelta(hours=72)
    assert (found.min_pct, found.max_pct) == (ZERO, Decimal(50))


def test_an_unknown_market_blocks_unless_it_is_allowed() -> None:
    def left(**more: object) -> Decimal:
        throttle = allocation_rules(
            sharing(market_regime_throttle={"enabled": True, **more}), {}
        ).throttle
        assert throttle is not None
        assert set(throttle.multipliers) == set(Mood)
        return throttle.multipliers[Mood.UNKNOWN]

    assert left() == ZERO
    assert left(unavailable_policy="allow") == 1


def test_the_market_is_measured_over_as_many_bars_as_the_longest_measure_needs() -> None:
    told = sharing(market_regime_throttle={"enabled": True, "drawdown_lookback_bars": 70})

    found = measured(told)

    assert found is not None
    assert (found.frame.name, found.quote, found.bars) == ("4h", "USD", 70)


def told(*entries: object) -> tuple[Protection, ...]:
    return protections(settings(risk={"protections": list(entries)}))


def test_an_entry_of_the_configuration_becomes_a_protection_in_shares() -> None:
    [found] = told({"kind": "max_drawdown", "window_minutes": 90, "lock_minutes": 30, "trades": 7})

    assert found == Protection(
        kind=LockKind.MAX_DRAWDOWN,
        by_pair=False,
        window=timedelta(minutes=90),
        lock=timedelta(minutes=30),
        count=7,
        threshold=Decimal("0.05"),
    )


@pytest.mark.parametrize(
    ("kind", "by_pair", "count", "threshold"),
    [
        ("cooldown", True, 1, "0"),
        ("stop_loss_guard", False, 4, "0"),
        ("low_profit_pair", True, 2, "0"),
        ("loss_streak", False, 5, "0"),
        ("reject_streak", True, 3, "0"),
        ("slippage_guard", True, 3, "25"),
        ("volatility_spike", True, 1, "4"),
    ],
)
def test_every_kind_is_judged_as_its_entry_says(
    kind: str, count: int, threshold: str, *, by_pair: bool
) -> None:
    [found] = told(kind)

    assert (found.by_pair, found.count, found.threshold) == (by_pair, count, Decimal(threshold))
    assert found.lock > timedelta()
    assert found.window >= timedelta(minutes=1)


ON = """  filters:
    exclude_pegged_pairs: true
    max_spread_bps: 20
    max_tick_bps: 21
    max_min_order_pct: 5
    min_age_days: 30
    min_volatility_pct_a_year: 10
    max_volatility_pct_a_year: 200
    min_depth_usd: 5000
    depth_bps: 40
    max_per_cluster: 3
    cluster_correlation: 0.8
    cluster_days: 50
    max_loss_usd: 100
    results_days: 14
"""


def rules(market: PaperMarket, more: str) -> UniverseRules:
    market.configure(more)
    return universe_rules(load(market.environ).settings)


def test_every_bound_that_is_configured_reaches_the_rules(market: PaperMarket) -> None:
    on, off = rules(market, ON.replace("0.8", '"0.8"')), rules(market, "")
    changed = {
        each.name for each in fields(on) if getattr(on, each.name) != getattr(off, each.name)
    }

    assert len(changed) == len(ON.splitlines()) - 1
    assert (on.min_depth, on.depth_bps, on.max_loss) == (Decimal(5000), 40, Decimal(100))


def test_bounds_that_are_not_configured_ask_nothing(market: PaperMarket) -> None:
    off = rules(market, "")

    assert {off.min_depth, off.max_per_cluster, off.max_loss, off.max_spread_bps} == {None}
