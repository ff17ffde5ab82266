"""The worst price that an order may trade at, and the limit that it goes with."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.market_reports import Level
from kraken_pipeline.domain.money import BPS, PERCENT, ZERO, Price, round_down, round_up
from kraken_pipeline.domain.order_terms import Trigger

AWAY: Final = {Side.BUY: 1, Side.SELL: -1}
"""Which way a price gets worse."""


def limit_price(
    side: Side, decision_price: Price, *, max_slippage_bps: int, tick: Decimal
) -> Price:
    """Return the limit that keeps an order within its slippage bound, on the pair's tick.

    The bound is measured from the price that was decided on, so that waiting cannot widen it, and
    rounded inwards: a buy down, a sell up.

    Args:
        side: buy or sell.
        decision_price: what the decision saw, in quote per base.
        max_slippage_bps: how much worse the price may be, in basis points of `decision_price`.
        tick: the pair's smallest price step, in quote per base.

    Raises:
        InvalidValueError: no price above zero lies both within the bound and on the tick.

    Source: OMS-5, PF-9; Kraken refuses a price that is off the pair's `tick_size`.
    """
    slack = decision_price * max_slippage_bps * BPS
    worst = on_tick(side, decision_price + AWAY[side] * slack, tick)
    if worst <= 0:
        raise InvalidValueError(
            f"no {side} price on tick {tick} within {max_slippage_bps} bps of {decision_price}"
        )
    return worst


def on_tick(side: Side, price: Decimal, tick: Decimal) -> Price:
    """Return the price on the tick that is next to one and no worse: a buy's down, a sell's up."""
    return Price(round_down(price, tick) if side is Side.BUY else round_up(price, tick))


def better(side: Side, one: Price, other: Price) -> Price:
    """Return the better of two limits, for whoever trades: a buy's lower, a sell's higher."""
    return min(one, other) if side is Side.BUY else max(one, other)


def passive_price(side: Side, bound: Price, ticker: Ticker) -> Price:
    """Return the best price of the own side, or the bound where that is better or none is there."""
    own_best = ticker.bid if side is Side.BUY else ticker.ask
    return better(side, bound, own_best) if own_best > 0 else bound


def crossing_price(
    side: Side, bound: Price, ticker: Ticker, *, max_slippage_bps: int, tick: Decimal
) -> Price:
    """Return the best price of the other side with the slippage on top, never past the bound.

    Where the market has come towards the order since the decision, it need not pay what it was
    ready to pay then.

    Args:
        side: buy or sell.
        bound: the worst price by the decision, on the tick.
        ticker: what the market says now.
        max_slippage_bps: how much worse than the best price it may trade, in basis points.
        tick: the pair's smallest price step, in quote per base.

    Source: OMS-5.
    """
    opposite_best = ticker.ask if side is Side.BUY else ticker.bid
    within_sight = on_tick(side, opposite_best * (1 + AWAY[side] * max_slippage_bps * BPS), tick)
    return better(side, bound, within_sight) if within_sight > 0 else bound


def sweep_price(side: Side, bound: Price, levels: Sequence[Level], qty: Decimal) -> Price:
    """Return the price down to which the other side of the book holds all of a qty.

    Args:
        side: buy or sell.
        bound: the worst price by the decision; what waits beyond it is not counted on.
        levels: of the other side, the best price first, as deep as it was asked for.
        qty: to trade, in base.

    Returns:
        The price of the last level that is needed; the bound where they do not hold enough.

    Source: OMS-5.
    """
    found = ZERO
    for level in levels:
        found += level.qty
        if better(side, level.price, bound) != level.price:
            break
        if found >= qty:
            return level.price
    return bound


def trigger_price(trigger: Trigger, side: Side, ticker: Ticker) -> Decimal:
    """Return where a trigger would fire were the market to turn now, in quote per base.

    Args:
        trigger: a price, or a distance behind the best price since it was placed.
        side: of the order: one that buys trails above the market.
        ticker: what the market says now.
    """
    if trigger.price is not None:
        return trigger.price
    return ticker.last * (1 + AWAY[side] * (trigger.trail_pct or ZERO) * PERCENT)
