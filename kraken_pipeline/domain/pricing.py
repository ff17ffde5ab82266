"""The worst price that an order may trade at."""

from decimal import Decimal

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import BPS, Price, round_down, round_up


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
    if side is Side.BUY:
        worst = round_down(decision_price + slack, tick)
    else:
        worst = round_up(decision_price - slack, tick)
    if worst <= 0:
        raise InvalidValueError(
            f"no {side} price on tick {tick} within {max_slippage_bps} bps of {decision_price}"
        )
    return Price(worst)
