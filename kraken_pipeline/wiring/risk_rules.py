"""What the configuration bounds, pauses, protects and allots: nothing is asked, nothing kept."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.allocation import AllocationRules, Dynamic, Throttle
from kraken_pipeline.domain.locks import LockKind
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.protection import StopStyle
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.risk import Limits
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.risk.allocate import Measured
from kraken_pipeline.services.risk.halt import KillSwitches
from kraken_pipeline.services.risk.locks import Calm
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.fields import Section
from kraken_pipeline.settings.protections import VolatilitySpike

_THRESHOLDS: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "required_profit_pct": PERCENT,
        "max_drawdown_pct": PERCENT,
        "modelled_bps": Decimal(1),
        "max_times_usual": Decimal(1),
    }
)
"""Keys of a bound, to what one of its units is as a protection counts it."""

SYNC_AGE_BOUNDS = (120, 600)
"""Seconds; twice the sync interval, but at least and at most so much (contract 8.7)."""


def limits(settings: Settings) -> Limits:
    """Return the configured bounds; a strategy without a cap of its own gets the smallest."""
    bounds, execution = settings.risk, settings.execution
    least, most = SYNC_AGE_BOUNDS
    return Limits(
        max_risk_per_trade_pct=bounds.max_risk_per_trade_pct,
        max_portfolio_stop_risk_pct=min(
            bounds.max_portfolio_stop_risk_pct, bounds.max_portfolio_risk_pct
        ),
        max_gross_exposure_pct=bounds.max_gross_exposure_pct,
        max_per_asset_pct=bounds.max_per_asset_pct,
        max_per_strategy_pct=bounds.max_risk_per_trade_pct,
        max_open_positions=bounds.max_open_positions,
        max_pair_notional=execution.max_pair_notional_usd,
        max_total_notional=execution.max_total_notional_usd,
        max_order_notional=bounds.max_order_notional_usd,
        max_order_qty=None,
        max_order_pct_of_24h_volume=bounds.max_order_pct_of_24h_volume,
        max_order_pct_of_depth=bounds.max_order_pct_of_depth,
        max_per_cluster_pct=bounds.max_per_cluster_pct,
        min_cash_reserve_pct=bounds.min_cash_reserve_pct,
        max_orders_per_minute=bounds.max_orders_per_minute,
        max_orders_per_day=bounds.max_orders_per_day,
        max_turnover_pct_per_day=bounds.max_turnover_pct_per_day,
        max_fees_pct_per_day=bounds.max_fees_pct_per_day,
        max_daily_loss_pct=bounds.max_daily_loss_pct,
        max_daily_loss_per_strategy_pct=bounds.max_daily_loss_per_strategy_pct,
        max_exit_hours=bounds.max_exit_hours,
        min_liquidity_24h=bounds.min_liquidity_24h_usd,
        max_spread_bps=Decimal(bounds.max_spread_bps),
        min_stop_in_round_trips=bounds.min_stop_in_round_trips,
        max_quote_age_seconds=settings.market_data.ws.stale_tolerance_seconds,
        max_sync_age_seconds=min(max(2 * settings.portfolio.sync_interval_seconds, least), most),
    )


def kill_switches(settings: Settings) -> KillSwitches:
    """Return what latches by itself."""
    bounds = settings.risk
    return KillSwitches(
        max_drawdown_pct=bounds.max_daily_drawdown_pct,
        max_daily_loss_pct=bounds.max_daily_loss_pct,
        cool_off=timedelta(minutes=bounds.kill_cool_off_minutes),
        on_drift=bounds.kill_switch_on_drift,
    )


def allocation_rules(settings: Settings, parts: Mapping[str, Decimal]) -> AllocationRules:
    """Return how what strategies want is shared out, as it is configured.

    Args:
        settings: the configuration.
        parts: what their stages leave to strategies, where that is not all.
    """
    risk, strategies = settings.risk, settings.strategies
    return AllocationRules(
        weights={
            each: Decimal(strategies.config(each).strategy_weight) * PERCENT
            for each in strategies.running()
        },
        parts=parts,
        dynamic=Dynamic(
            lookback=timedelta(hours=risk.dynamic_allocation_lookback_hours),
            min_pct=risk.min_strategy_weight_pct,
            max_pct=risk.max_strategy_weight_pct,
        )
        if risk.dynamic_allocation_enabled
        else None,
        throttle=_throttle(settings),
        risk_pct=risk.max_risk_per_trade_pct,
    )


def _throttle(settings: Settings) -> Throttle | None:
    told = settings.risk.market_regime_throttle
    if not told.enabled:
        return None
    is_blocked = told.unavailable_policy == "block_new_risk"
    return Throttle(
        multipliers={
            Mood.RISK_ON: told.risk_on_allocation_multiplier,
            Mood.NEUTRAL: told.neutral_allocation_multiplier,
            Mood.RISK_OFF: told.risk_off_allocation_multiplier,
            # where it is allowed not to know, nobody knows of a reason to take anything away
            Mood.UNKNOWN: ZERO if is_blocked else told.risk_on_allocation_multiplier,
        }
    )


def measured(settings: Settings) -> Measured | None:
    """Return over how many bars the market is measured; None where it changes nothing."""
    told = settings.risk.market_regime_throttle
    if not told.enabled:
        return None
    return Measured(
        frame=timeframe(told.timeframe),
        quote=settings.universe.filters.quote,
        momentum_bars=told.momentum_lookback_bars,
        basket_bars=told.basket_momentum_lookback_bars,
        volatility_bars=told.volatility_lookback_bars,
        drawdown_bars=told.drawdown_lookback_bars,
    )


def protections(settings: Settings) -> tuple[Protection, ...]:
    """Return what pauses buying, as it is configured."""
    return tuple(_protection(each) for each in settings.risk.protections)


def _protection(entry: Section) -> Protection:
    told = {name: getattr(entry, name) for name in type(entry).model_fields}
    lock = timedelta(minutes=told["lock_minutes"])
    bounds = (told[name] * unit for name, unit in _THRESHOLDS.items() if name in told)
    kind = LockKind(told["kind"])
    return Protection(
        kind=kind,
        by_pair=told.get("scope", "all" if kind is LockKind.MAX_DRAWDOWN else "pair") == "pair",
        # without a window only the event itself counts
        window=timedelta(minutes=told["window_minutes"]) if "window_minutes" in told else lock,
        lock=lock,
        count=told.get("trades", told.get("orders", 1)),
        threshold=next(bounds, ZERO),
    )


def calm_of(settings: Settings) -> Calm | None:
    """Return how a spike of volatility is told; None where none is asked for."""
    spikes = (each for each in settings.risk.protections if isinstance(each, VolatilitySpike))
    return next((Calm(frame=timeframe(each.timeframe), bars=each.bars) for each in spikes), None)


def wants_stops(settings: Settings) -> bool:
    """Tell whether a stop shall stand for what is held."""
    return settings.execution.protective_stops != "off"


def stop_style(settings: Settings) -> StopStyle:
    """Return how stops are made."""
    execution = settings.execution
    return StopStyle(
        order_type=execution.protective_stop_type, max_slippage_bps=execution.max_slippage_bps
    )


def kraken_stops(settings: Settings) -> StopStyle | None:
    """Return how the stops are that Kraken places for each fill; None where it places none."""
    by_kraken = settings.execution.protective_stops == "conditional_close"
    return stop_style(settings) if by_kraken else None


def universe_rules(settings: Settings) -> UniverseRules:
    """Return what a pair must keep, with names as the configuration spells them."""
    filters = settings.universe.filters
    return UniverseRules(
        quote=filters.quote,
        statuses=frozenset(filters.statuses),
        asset_class=filters.asset_class,
        min_notional_24h=settings.universe.min_24h_volume_usd,
        include=frozenset(settings.universe.include_pairs),
        exclude=frozenset(settings.universe.exclude_pairs),
        venues=frozenset(filters.venues),
        country_code=settings.region.country_code,
        no_pegged_pairs=filters.exclude_pegged_pairs,
        max_spread_bps=filters.max_spread_bps,
        max_tick_bps=filters.max_tick_bps,
        max_min_order_pct=filters.max_min_order_pct,
        min_age_days=filters.min_age_days,
        volatility_days=filters.volatility_days,
        min_volatility_pct=filters.min_volatility_pct_a_year,
        max_volatility_pct=filters.max_volatility_pct_a_year,
        depth_bps=filters.depth_bps,
        min_depth=filters.min_depth_usd,
        cluster_days=filters.cluster_days,
        cluster_correlation=filters.cluster_correlation,
        max_per_cluster=filters.max_per_cluster,
        results_days=filters.results_days,
        max_loss=filters.max_loss_usd,
        base_currency=Asset(settings.portfolio.base_currency),
        refreshes=settings.universe.refreshes_to_change,
    )
