from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from kraken_pipeline.settings.sections import Settings
from kraken_pipeline.settings.showing import leaves

SIX = ("1m", "5m", "15m", "1h", "4h", "1d")

DEFAULTS: dict[str, object] = {
    "region.code": "US_CA",
    "region.country_code": None,
    "region.capabilities.supports_margin": False,
    "region.capabilities.supports_futures": False,
    "region.capabilities.supports_staking": False,
    "region.default_quote": "USD",
    "universe.include_pairs": (),
    "universe.exclude_pairs": (),
    "universe.min_24h_volume_usd": Decimal(100_000),
    "universe.refreshes_to_change": 3,
    "universe.aliases": (),
    "universe.when_restricted": "propose",
    "universe.filters.quote": "USD",
    "universe.filters.statuses": ("online",),
    "universe.filters.asset_class": "currency",
    "universe.filters.venues": (),
    "universe.filters.exclude_pegged_pairs": False,
    "universe.filters.max_spread_bps": None,
    "universe.filters.max_tick_bps": None,
    "universe.filters.max_min_order_pct": None,
    "universe.filters.min_age_days": None,
    "universe.filters.volatility_days": 30,
    "universe.filters.min_volatility_pct_a_year": None,
    "universe.filters.max_volatility_pct_a_year": None,
    "universe.filters.min_depth_usd": None,
    "universe.filters.depth_bps": 50,
    "universe.filters.max_per_cluster": None,
    "universe.filters.cluster_correlation": Decimal("0.9"),
    "universe.filters.cluster_days": 60,
    "universe.filters.max_loss_usd": None,
    "universe.filters.results_days": 30,
    "market_data.ws.stale_tolerance_seconds": 60,
    "market_data.ws_timeframes": ("1m",),
    "market_data.backfill_timeframes": ("1h", "4h", "1d"),
    "market_data.ohlc_tail_refresh_interval_seconds": 3600,
    "market_data.ohlc_store.backend": "parquet",
    "market_data.ohlc_store.root_dir": None,
    "market_data.metadata_path": None,
    "portfolio.base_currency": "USD",
    "portfolio.valuation_pairs": {},
    "portfolio.include_assets": (),
    "portfolio.exclude_assets": (),
    "portfolio.cost_basis_method": "wac",
    "portfolio.track_manual_trades": True,
    "portfolio.snapshot_retention_days": 30,
    "portfolio.reconciliation_tolerance": Decimal("1.0"),
    "portfolio.reconciliation_relative_tolerance_pct": Decimal("0.10"),
    "portfolio.sync_interval_seconds": 300,
    "portfolio.db_path": None,
    "portfolio.db_url": None,
    "portfolio.auto_migrate_schema": True,
    "risk.max_risk_per_trade_pct": Decimal("1.0"),
    "risk.max_portfolio_risk_pct": Decimal(10),
    "risk.max_open_positions": 10,
    "risk.max_per_asset_pct": Decimal(5),
    "risk.max_per_strategy_pct.trend_core": Decimal(10),
    "risk.max_daily_drawdown_pct": Decimal(10),
    "risk.kill_cool_off_minutes": 60,
    "risk.kill_switch_on_drift": True,
    "risk.include_manual_positions": True,
    "risk.volatility_lookback_bars": 20,
    "risk.min_liquidity_24h_usd": Decimal(100_000),
    "risk.max_gross_exposure_pct": Decimal(10),
    "risk.max_portfolio_stop_risk_pct": Decimal(10),
    "risk.max_order_pct_of_24h_volume": Decimal(1),
    "risk.max_order_pct_of_depth": Decimal(50),
    "risk.max_order_notional_usd": None,
    "risk.max_order_qty": {},
    "risk.max_per_cluster_pct": None,
    "risk.max_exit_hours": Decimal(24),
    "risk.min_cash_reserve_pct": Decimal(1),
    "risk.max_orders_per_minute": 60,
    "risk.max_orders_per_day": 2_000,
    "risk.max_turnover_pct_per_day": Decimal(1_000),
    "risk.max_fees_pct_per_day": Decimal(2),
    "risk.max_daily_loss_pct": Decimal(5),
    "risk.max_daily_loss_per_strategy_pct": Decimal(3),
    "risk.max_spread_bps": 100,
    "risk.min_stop_in_round_trips": Decimal(0),
    "risk.protections": (),
    "risk.dynamic_allocation_enabled": False,
    "risk.dynamic_allocation_lookback_hours": 72,
    "risk.min_strategy_weight_pct": Decimal(0),
    "risk.max_strategy_weight_pct": Decimal(50),
    "risk.market_regime_throttle.enabled": False,
    "risk.market_regime_throttle.timeframe": "4h",
    "risk.market_regime_throttle.momentum_lookback_bars": 63,
    "risk.market_regime_throttle.basket_momentum_lookback_bars": 63,
    "risk.market_regime_throttle.volatility_lookback_bars": 63,
    "risk.market_regime_throttle.drawdown_lookback_bars": 63,
    "risk.market_regime_throttle.risk_on_allocation_multiplier": Decimal("1.0"),
    "risk.market_regime_throttle.neutral_allocation_multiplier": Decimal("0.75"),
    "risk.market_regime_throttle.risk_off_allocation_multiplier": Decimal("0.25"),
    "risk.market_regime_throttle.unavailable_policy": "block_new_risk",
    "strategies.enabled": ("trend_core",),
    "strategies.evaluation_seconds": 5,
    "strategies.evaluation_memory_mb": 1024,
    "strategies.quarantine_after": 3,
    "strategies.configs": {},
    "execution.mode": "paper",
    "execution.default_order_type": "limit",
    "execution.max_slippage_bps": 50,
    "execution.time_in_force": "GTC",
    "execution.post_only": False,
    "execution.urgency": "normal",
    "execution.allow_market_orders": False,
    "execution.funds_cooldown_seconds": 300,
    "execution.validate_only": True,
    "execution.allow_live_trading": False,
    "execution.paper_tests_completed": False,
    "execution.live_strategy_allowlist": (),
    "execution.dead_man_switch_seconds": 600,
    "execution.max_retries": 3,
    "execution.retry_backoff_seconds": 2,
    "execution.retry_backoff_factor": Decimal("2.0"),
    "execution.max_concurrent_orders": 10,
    "execution.min_order_notional_usd": Decimal(20),
    "execution.max_pair_notional_usd": None,
    "execution.max_total_notional_usd": None,
    "execution.max_plan_age_seconds": 60,
    "execution.submit_deadline_seconds": 5,
    "execution.unknown_settle_seconds": 120,
    "execution.lease_seconds": 30,
    "execution.protective_stops": "off",
    "execution.protective_stop_type": "stop-loss",
    "execution.unprotected_action": "retry",
    "execution.unprotected_after_seconds": 10,
    "execution.account_tier": "starter",
    "guard.timeout_seconds": 60,
    "guard.interval_seconds": 20,
    "guard.protect": "stops",
    "guard.maintenance": (),
    "paper.market": "own",
    "paper.mirror_url": None,
    "fees.source": "account",
    "fees.assumed_maker_pct": Decimal("0.40"),
    "fees.assumed_taker_pct": Decimal("0.80"),
    "fees.ladders": (),
    "clock.max_skew_ms": 500,
}


def given(dotted: str, value: object) -> Settings:
    tree: Any = value  # a nest of mappings, as deep as the key is
    for key in reversed(dotted.split(".")):
        tree = {key: tree}
    return Settings.model_validate(tree)


def test_every_default_is_the_documented_one_and_there_are_no_others() -> None:
    assert {".".join(leaf.path): leaf.value for leaf in leaves(Settings())} == DEFAULTS


@pytest.mark.parametrize("key", [key for key in DEFAULTS if key.endswith(("_pct", "_volume"))])
def test_no_percentage_is_negative_or_above_a_hundred(key: str) -> None:
    for wrong in ("-0.01", "100.01"):
        with pytest.raises(ValidationError):
            given(key, wrong)


@pytest.mark.parametrize(
    ("key", "lowest", "highest"),
    [
        ("risk.max_open_positions", 1, 1000),
        ("risk.max_spread_bps", 1, 10_000),
        ("risk.volatility_lookback_bars", 2, 10_000),
        ("execution.max_slippage_bps", 0, 1000),
        ("execution.dead_man_switch_seconds", 0, 86_399),
        ("execution.max_retries", 0, 10),
        ("execution.max_concurrent_orders", 1, 225),
        ("execution.submit_deadline_seconds", 2, 60),
        ("execution.unknown_settle_seconds", 60, 3600),
        ("execution.lease_seconds", 5, 600),
        ("execution.max_plan_age_seconds", 1, 3600),
        ("market_data.ohlc_tail_refresh_interval_seconds", 0, 86_400),
        ("market_data.ws.stale_tolerance_seconds", 1, 3600),
        ("portfolio.snapshot_retention_days", 1, 3650),
        ("portfolio.sync_interval_seconds", 10, 86_400),
        ("guard.timeout_seconds", 10, 86_399),
        ("clock.max_skew_ms", 1, 10_000),
    ],
)
def test_a_whole_number_stays_within_its_bounds(key: str, lowest: int, highest: int) -> None:
    given(key, lowest)
    given(key, highest)
    for wrong in (lowest - 1, highest + 1, True, Decimal(lowest), str(lowest), None):
        with pytest.raises(ValidationError):
            given(key, wrong)


@pytest.mark.parametrize("value", [1.5, True, None, "1e3", "1_0", " 1", "nan", "", [1], "٣"])
def test_money_is_made_of_digits_and_of_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        given("execution.min_order_notional_usd", value)


def test_money_may_be_text_or_a_whole_number() -> None:
    for value in ("20.50", 20, Decimal("20.5")):
        found = given("execution.min_order_notional_usd", value).execution.min_order_notional_usd

        assert found == Decimal(str(value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("execution.mode", "Live"),
        ("execution.post_only", "yes"),
        ("execution.post_only", 1),
        ("region.default_quote", "usd"),
        ("region.country_code", "usa"),
        ("universe.include_pairs", "BTC/USD"),
        ("universe.include_pairs", ["BTC/USD", "BTC/USD"]),
        ("universe.include_pairs", [""]),
        ("market_data.ws_timeframes", []),
        ("market_data.ws_timeframes", ["2m"]),
        ("portfolio.cost_basis_method", "average"),
        ("portfolio.db_url", "mysql://h/db"),
        ("strategies.enabled", ["trend core"]),
        ("strategies.configs", {"x": {"strategy_weight": 0}}),
        ("strategies.configs", {"x": {"userref": 2**31}}),
        ("strategies.configs", {"1x": {}}),
        ("risk", None),
        ("risk", []),
        ("ui", {"enabled": True}),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        given(key, value)


def test_nothing_can_be_changed_afterwards() -> None:
    settings = Settings()

    with pytest.raises(ValidationError):
        settings.execution.mode = "live"
    with pytest.raises(TypeError):
        settings.risk.max_per_strategy_pct["x"] = Decimal(1)  # type: ignore[index]  # that is the point


def test_a_strategy_is_named_and_typed_by_its_id_and_runs_on_every_timeframe() -> None:
    [found] = given("strategies.configs", {"mine": {}}).strategies.configs.values()

    assert (found.name, found.type, found.enabled) == ("mine", "mine", True)
    assert found.timeframes == SIX
    assert (dict(found.params), found.userref, found.strategy_weight) == ({}, None, 100)


def test_a_strategy_without_a_section_runs_with_the_defaults() -> None:
    found = Settings().strategies.config("trend_core")

    assert (found.name, found.type, found.timeframes) == ("trend_core", "trend_core", SIX)


def test_only_what_is_listed_and_not_switched_off_runs() -> None:
    strategies = {"enabled": ["a", "b"], "configs": {"b": {"enabled": False}, "c": {}}}

    assert given("strategies", strategies).strategies.running() == ("a",)


def test_what_runs_also_keeps_what_is_said_of_it() -> None:
    configs = {"b": {"enabled": False, "strategy_weight": 50}}
    strategies = given("strategies", {"enabled": ["a", "b"], "configs": configs})

    also = strategies.running_also(["b", "a", "c"]).strategies

    assert also.running() == ("a", "b", "c")
    assert also.config("b").strategy_weight == 50
    assert strategies.strategies.running() == ("a",)


def test_the_filter_takes_the_quote_of_the_region() -> None:
    assert given("region.default_quote", "EUR").universe.filters.quote == "EUR"


def test_the_filter_keeps_its_own_quote() -> None:
    tree = {"region": {"default_quote": "EUR"}, "universe": {"filters": {"quote": "GBP"}}}

    assert Settings.model_validate(tree).universe.filters.quote == "GBP"


def test_the_cap_of_the_demo_goes_with_the_demo() -> None:
    assert dict(given("strategies.enabled", ["other"]).risk.max_per_strategy_pct) == {}


def test_a_strategy_without_a_cap_is_held_to_the_risk_of_one_trade() -> None:
    settings = Settings()

    assert settings.strategy_cap_pct("trend_core") == 10
    assert settings.strategy_cap_pct("other") == 1


def test_a_database_address_is_not_shown() -> None:
    assert "hidden-word" not in repr(given("portfolio.db_url", "postgresql://u:hidden-word@h/d"))
