"""What strategies are left of what they want, from the settings and the stores."""

from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.allocation import (
    AllocationRules,
    Dynamic,
    Throttle,
)
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.allocate import AllocateDesk, Measured
from kraken_pipeline.settings import Settings
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.universe import followed_bars


def allocate_desk(parts: Parts) -> AllocateDesk:
    """What allocating needs."""
    settings = parts.loaded.settings
    return AllocateDesk(
        rules=allocation_rules(settings),
        measured=measured(settings),
        trips=SqlLockEvidence(parts.stores.database),
        positions=parts.stores.books.positions,
        bars=lambda: followed_bars(parts),
    )


def allocation_rules(settings: Settings) -> AllocationRules:
    """Return how what strategies want is shared out, as it is configured."""
    risk, strategies = settings.risk, settings.strategies
    return AllocationRules(
        weights={
            each: Decimal(strategies.config(each).strategy_weight) * PERCENT
            for each in strategies.running()
        },
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
