"""How well orders were executed: refused or ended by the exchange, and at which price (RSK-7)."""

from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import BPS
from kraken_pipeline.domain.orders import State

TAKEN: Final = frozenset({State.LIVE, State.AMENDING, State.CANCELING, State.FILLED, State.EXPIRED})
"""The exchange took the order."""
TOLD: Final = TAKEN | {State.REJECTED, State.CANCELED}
"""It is known what the exchange made of it."""
_OUR_DOING: Final = ("", "User requested", "Order replaced")
"""Why the exchange says that it canceled, where nothing is wrong with the order."""
_AT_ONCE: Final = frozenset({"IOC", "FOK"})
"""What finds nobody is canceled: that is no rejection."""


def was_rejected(
    state: State, *, filled: Decimal, time_in_force: str, is_asked_for: bool, why: str
) -> bool:
    """Tell whether an order was refused, or canceled by the exchange without a fill (F-SUB-8).

    Args:
        state: one of `TOLD`.
        filled: in base units.
        time_in_force: as it was sent.
        is_asked_for: whether we asked for its cancel.
        why: what the exchange said with the cancel.
    """
    if state is State.REJECTED:
        return True
    ended_unfilled = state is State.CANCELED and not filled
    is_ours = is_asked_for or why in _OUR_DOING or time_in_force in _AT_ONCE
    return ended_unfilled and not is_ours


def slippage_bps(side: Side, *, expected: Decimal, qty: Decimal, cost: Decimal) -> Decimal:
    """Return how much worse than expected an order filled; below zero where it was better.

    Args:
        side: of the order.
        expected: quote per base, above zero.
        qty: that filled, in base, above zero.
        cost: of that, in quote.
    """
    price = cost / qty
    worse = price - expected if side is Side.BUY else expected - price
    return worse / expected / BPS
