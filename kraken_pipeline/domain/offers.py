"""What an order offers: its limit, the worst price that it may trade at, and where it fires."""

from dataclasses import dataclass, replace

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Pair, Side, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_style import Manner
from kraken_pipeline.domain.order_terms import Close, Trigger, Urgency
from kraken_pipeline.domain.pricing import (
    crossing_price,
    limit_price,
    on_tick,
    passive_price,
    trigger_price,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How an order is made, with its prices on the pair's tick, in quote per base."""

    manner: Manner
    bound: Price
    """The worst price that it may trade at."""
    limit: Price
    """What it goes with, or counts with where its type has no limit; never past the bound."""


def offer_of(
    manner: Manner,
    *,
    side: Side,
    decision_price: Price,
    pair: Pair,
    ticker: Ticker | None,
    max_slippage_bps: int,
) -> Offer:
    """Return an order's prices (OMS-5).

    What waits for a trigger is bounded from where that fires, all else from the decision's price.
    What is urgent goes with the bound, until the depth of the book says less.

    Args:
        manner: how the order is made.
        side: buy or sell.
        decision_price: what the decision saw, in quote per base.
        pair: whose tick holds.
        ticker: what the market says now; None where it does not answer.
        max_slippage_bps: how much worse than its measure a price may be, in basis points.

    Raises:
        InvalidValueError: no price lies within the bound, or one is measured from the market and
            that does not answer.
    """
    manner = _on_tick(manner, side, pair)
    measured_from = _measure(manner, side, decision_price, pair, ticker)
    bound = limit_price(side, measured_from, max_slippage_bps=max_slippage_bps, tick=pair.tick)
    limit = bound
    if ticker is not None and manner.order_type == "limit":
        if manner.urgency is Urgency.PASSIVE:
            limit = passive_price(side, bound, ticker)
        elif manner.urgency is Urgency.NORMAL:
            limit = crossing_price(
                side, bound, ticker, max_slippage_bps=max_slippage_bps, tick=pair.tick
            )
    return Offer(manner=manner, bound=bound, limit=limit)


def _measure(
    manner: Manner, side: Side, decision_price: Price, pair: Pair, ticker: Ticker | None
) -> Price:
    """Return the price that the bound is measured from."""
    if manner.trigger is None:
        return decision_price
    if manner.trigger.price is not None:
        return manner.trigger.price
    if ticker is None:
        raise InvalidValueError(f"no quote of {pair.name} to trail")
    return Price(trigger_price(manner.trigger, side, ticker))


def _on_tick(manner: Manner, side: Side, pair: Pair) -> Manner:
    if manner.trigger is None and manner.close is None:
        return manner
    return replace(
        manner,
        trigger=_trigger_on_tick(manner.trigger, side, pair),
        close=_close_on_tick(manner.close, side, pair),
    )


def _trigger_on_tick(trigger: Trigger | None, side: Side, pair: Pair) -> Trigger | None:
    if trigger is None or trigger.price is None:
        return trigger
    return replace(trigger, price=on_tick(side, trigger.price, pair.tick))


def _close_on_tick(close: Close | None, side: Side, pair: Pair) -> Close | None:
    if close is None:
        return None
    other = Side.SELL if side is Side.BUY else Side.BUY
    trigger, limit = (
        None if price is None else on_tick(other, price, pair.tick)
        for price in (close.trigger_price, close.limit_price)
    )
    return replace(close, trigger_price=trigger, limit_price=limit)
