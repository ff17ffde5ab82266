"""What of a configuration lets more happen than before: that needs a person's word (CFG-5)."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final

Value = Decimal | bool | tuple[str, ...] | None
Bounds = Mapping[str, Value]
"""Key to value; None where no bound is set."""


class Way(Enum):
    """In which direction a setting lets more happen."""

    UP = "up"
    DOWN = "down"
    ON = "on"
    OFF = "off"
    MORE = "more"
    """With a name more."""
    FEWER = "fewer"
    """With an entry less."""


WAYS: Final[Mapping[str, Way]] = MappingProxyType(
    {
        "risk.max_risk_per_trade_pct": Way.UP,
        "risk.max_portfolio_risk_pct": Way.UP,
        "risk.max_portfolio_stop_risk_pct": Way.UP,
        "risk.max_open_positions": Way.UP,
        "risk.max_per_asset_pct": Way.UP,
        "risk.max_per_strategy_pct": Way.UP,
        "risk.max_per_cluster_pct": Way.UP,
        "risk.max_gross_exposure_pct": Way.UP,
        "risk.max_daily_drawdown_pct": Way.UP,
        "risk.max_daily_loss_pct": Way.UP,
        "risk.max_daily_loss_per_strategy_pct": Way.UP,
        "risk.kill_cool_off_minutes": Way.DOWN,
        "risk.kill_switch_on_drift": Way.OFF,
        "risk.max_order_notional_usd": Way.UP,
        "risk.max_order_qty": Way.UP,
        "risk.max_order_pct_of_24h_volume": Way.UP,
        "risk.max_order_pct_of_depth": Way.UP,
        "risk.max_exit_hours": Way.UP,
        "risk.min_cash_reserve_pct": Way.DOWN,
        "risk.min_liquidity_24h_usd": Way.DOWN,
        "risk.min_stop_in_round_trips": Way.DOWN,
        "risk.max_orders_per_minute": Way.UP,
        "risk.max_orders_per_day": Way.UP,
        "risk.max_turnover_pct_per_day": Way.UP,
        "risk.max_fees_pct_per_day": Way.UP,
        "risk.max_spread_bps": Way.UP,
        "risk.protections": Way.FEWER,
        "risk.market_regime_throttle.enabled": Way.OFF,
        "execution.max_pair_notional_usd": Way.UP,
        "execution.max_total_notional_usd": Way.UP,
        "execution.max_slippage_bps": Way.UP,
        "execution.max_concurrent_orders": Way.UP,
        "execution.max_plan_age_seconds": Way.UP,
        "execution.allow_market_orders": Way.ON,
        "execution.live_strategy_allowlist": Way.MORE,
        "strategies.enabled": Way.MORE,
        "strategies.stage.canary": Way.MORE,
        "strategies.stage.live": Way.MORE,
        "market_data.ws.stale_tolerance_seconds": Way.UP,
    }
)
"""Settings that bound what may be lost. One of a mapping is named by its key and the entry's; of
stages, who is at one at which real money is spent, and who at the last."""


def way_of(key: str) -> Way:
    """Return the direction in which a setting, or an entry of one, lets more happen."""
    return WAYS[key] if key in WAYS else WAYS[key.rpartition(".")[0]]


def loosened(known: Bounds, now: Bounds) -> tuple[str, ...]:
    """Return what lets more happen than what is known, each as a person reads it.

    Args:
        known: what a person agreed to.
        now: what is configured.
    """
    return tuple(
        f"{key} was {_said(known.get(key))} and is {_said(now.get(key))}"
        for key in _keys(known, now)
        if _is_looser(way_of(key), known.get(key), now.get(key))
    )


def _keys(known: Bounds, now: Bounds) -> Iterator[str]:
    """Give the keys that can have become looser.

    The cap of a strategy that was not there is none that was raised: the strategy is what is new.
    """
    for key in sorted(known.keys() | now.keys()):
        is_of_a_new_strategy = key not in known and key.startswith("risk.max_per_strategy_pct.")
        is_of_one_that_left = key not in now and key.startswith("risk.max_per_strategy_pct.")
        if not is_of_a_new_strategy and not is_of_one_that_left:
            yield key


def _is_looser(way: Way, known: Value, now: Value) -> bool:
    if way in {Way.ON, Way.OFF}:
        return known is not now and now is (way is Way.ON)
    if way in {Way.MORE, Way.FEWER}:
        before, after = _names(known), _names(now)
        return bool(after - before) if way is Way.MORE else bool(before - after)
    if known == now or known is None:
        return False
    if now is None or not isinstance(known, Decimal) or not isinstance(now, Decimal):
        return True
    return now > known if way is Way.UP else now < known


def _names(value: Value) -> frozenset[str]:
    return frozenset(value) if isinstance(value, Collection) else frozenset()


def _said(value: Value) -> str:
    if value is None:
        return "no bound"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value)
