"""What is too small to be sold by itself (OMS-16)."""

from decimal import Decimal

from kraken_pipeline.domain.lots import DUST, MANUAL, Position
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.sizing import minimum_qty

NOT_A_STRATEGYS = frozenset({DUST, MANUAL})
"""Books whose holdings no strategy ever sells."""


def is_strategys(holding: Position) -> bool:
    """Tell whether there is something that a strategy holds."""
    return bool(holding.qty) and holding.book not in NOT_A_STRATEGYS


def smallest_sale(pair: Pair, ticker: Ticker | None) -> Qty | None:
    """Return the smallest qty, in base, that can be sold at the best bid.

    None while nobody is known to bid: what can't be valued is not called dust.

    Source: Kraken's `ordermin` and `costmin`.
    """
    if ticker is None or ticker.bid <= 0:
        return None
    return minimum_qty(pair, price=ticker.bid, quote_rate=Decimal(1), min_notional=ZERO)
