"""What prices mean for an order's type: its trigger and its limit; pure.

Source: kraken/rest.md §6. `#` takes the sign that suits the side and the type: a stop buys above
and sells below, everything else buys below and sells above. Both prices of a triggered type are
counted from the last price, but for the limit of a trailing one, which is counted from its trigger.
"""

from decimal import Decimal

from kraken_pipeline.simulator import price_syntax
from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import KINDS, Closing, Trigger, stop_of


def trigger_of(
    close: Closing, side: Side, pair: Pair, last: Decimal, reference: str = "last"
) -> Trigger | None:
    """Return what an order of a type waits for; None for a type that waits for nothing.

    Args:
        close: the type and the prices as they are spelled.
        side: of the order.
        pair: its pair.
        last: the price that relative ones are counted from, quote per base.
        reference: the price that is watched.

    Raises:
        RefusedError: a price is not spelled as the type asks for.
    """
    kind = KINDS[close.ordertype]
    if not kind.fired:
        return None
    above = (side is Side.BUY) is (kind.fired == "stopped")
    if not kind.trails:
        stop = price_syntax.price(close.price, "price", last, pair.tick, lower=not above)
        return Trigger(price=stop, reference=reference)
    trail = price_syntax.distance(close.price, "price")
    offset = price_syntax.distance(close.price2, "price2") if kind.limited else None
    return Trigger(
        price=stop_of(trail, last, pair.tick, above=above),
        reference=reference,
        trail=trail,
        offset=offset,
        peak=last,
    )


def limit_of(close: Closing, side: Side, pair: Pair, last: Decimal) -> Decimal | None:
    """Return the limit of an order of a type, quote per base.

    It is None for a type that takes any price, or that knows its limit when its trigger fires.

    Args:
        close: the type and the prices as they are spelled.
        side: of the order.
        pair: its pair.
        last: the price that relative ones are counted from, quote per base.

    Raises:
        RefusedError: the price is not spelled as the type asks for.
    """
    kind = KINDS[close.ordertype]
    if not kind.limited or kind.trails:
        return None
    if not kind.fired:
        lower = side is Side.BUY
        return price_syntax.price(close.price, "price", last, pair.tick, lower=lower)
    lower = (side is Side.BUY) is not (kind.fired == "stopped")
    return price_syntax.price(close.price2, "price2", last, pair.tick, lower=lower)
