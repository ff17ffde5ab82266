"""How orders are made, from the settings: for all, and for a strategy that says otherwise."""

from collections.abc import Mapping
from dataclasses import replace

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.sections import OrderChoice


def usual_style(settings: Settings) -> OrderStyle:
    """Return how orders are made where nothing says otherwise."""
    execution = settings.execution
    return OrderStyle(
        order_type=execution.default_order_type,
        urgency=Urgency(execution.urgency),
        time_in_force=execution.time_in_force,
        post_only=execution.post_only,
        allows_market=execution.allow_market_orders,
        max_slippage_bps=execution.max_slippage_bps,
        min_notional=execution.min_order_notional_usd,
    )


def strategy_styles(settings: Settings) -> Mapping[str, OrderStyle]:
    """Return how the orders of each running strategy are made.

    Raises:
        ConfigurationError: what one of them says does not go together.
    """
    return {each: _style_of(settings, each) for each in settings.strategies.running()}


def _style_of(settings: Settings, strategy_id: str) -> OrderStyle:
    choice = settings.strategies.config(strategy_id).order
    where = f"strategies.configs.{strategy_id}.order"
    if choice.post_only and choice.urgency not in {None, "passive"}:
        raise ConfigurationError(
            f"{where}: post_only is true, so urgency can't be {choice.urgency}"
        )
    if choice.urgency == "urgent" and choice.time_in_force == "GTC":
        raise ConfigurationError(f"{where}: what is urgent does not rest; leave time_in_force out")
    if choice.urgency == "passive" and choice.time_in_force in {"IOC", "FOK"}:
        raise ConfigurationError(f"{where}: what is passive rests; leave time_in_force out")
    return _chosen(usual_style(settings), choice)


def _chosen(style: OrderStyle, choice: OrderChoice) -> OrderStyle:
    """Return a style with a strategy's own choices; an urgency of its own is no post-only one."""
    if choice.urgency is not None:
        style = replace(style, urgency=Urgency(choice.urgency), post_only=False)
    if choice.order_type is not None:
        style = replace(style, order_type=choice.order_type, post_only=False)
    if choice.time_in_force is not None:
        style = replace(style, time_in_force=choice.time_in_force)
    if choice.post_only is not None:
        style = replace(style, post_only=choice.post_only)
    return style
