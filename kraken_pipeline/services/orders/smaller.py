"""What is left of an order that was refused for want of funds (OMS-17)."""

from collections.abc import Sequence
from decimal import Decimal

from kraken_pipeline.domain.errors import ExchangeError
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import ZERO, Qty, round_down
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.sizing import minimum_qty
from kraken_pipeline.services.ports.exchange import Holding, Quoting
from kraken_pipeline.services.risk.world import Funds, funds_of


def smaller_qty(
    order: Order,
    others: Sequence[Order],
    *,
    market: Quoting,
    account: Holding,
    min_notional: Decimal,
) -> Qty:
    """Read the balances again and return what they still pay for, or nothing.

    Args:
        order: that was refused.
        others: ours that may still fill, without it.
        market: tells the rules of the pair.
        account: tells balances and fees.
        min_notional: of a buy, in base currency.

    Returns:
        Less than was refused, and no less than the exchange and the configuration accept; else
        nothing: then our reckoning is not the exchange's, and shrinking further would be a guess.
    """
    try:
        listing = market.listing()
        pair = listing.pairs.get(order.pair)
        if pair is None:
            return Qty(ZERO)
        funds = funds_of(account, listing, names={each.pair for each in (order, *others)})
    except ExchangeError:
        return Qty(ZERO)
    qty = _affordable(order, others, pair, funds)
    least = minimum_qty(
        pair,
        price=order.limit_price,
        quote_rate=order.quote_rate,
        min_notional=min_notional if order.side is Side.BUY else ZERO,
    )
    return qty if least <= qty < order.qty else Qty(ZERO)


def _affordable(order: Order, others: Sequence[Order], pair: Pair, funds: Funds) -> Qty:
    if order.side is Side.BUY:
        with_fee = order.limit_price * (1 + funds.fee_share(pair.name))
        return Qty(round_down(max(funds.free_cash(pair.quote, others), ZERO) / with_fee, pair.lot))
    selling = [each for each in others if each.side is Side.SELL and each.base == pair.base]
    return Qty(round_down(max(funds.free_qty(pair.base, selling), ZERO), pair.lot))
