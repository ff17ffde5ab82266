"""What a trade says of itself less what the ledger booked: kept for each fill, never dropped.

Money is reckoned with the ledger's amounts; the trade's cost may have more decimals (PF-2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import EXACT, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """By how much the ledger's rows of a trade differ from the trade: ledger less trade."""

    trade_id: str
    base: Decimal
    """Of the qty, in the base asset."""
    quote: Decimal
    """Of the cost, in the quote asset."""
    fee: Decimal | None
    """In the quote asset; None where the fee was not taken in it."""

    @property
    def is_none(self) -> bool:
        """Whether ledger and trade say the same."""
        return not (self.base or self.quote or self.fee)


def residual_of(fill: Fill, entries: Sequence[LedgerEntry]) -> Residual:
    """Return what the ledger's rows of a trade leave of it.

    A side without a row was booked as nothing.

    Args:
        fill: the trade.
        entries: every row of its refid.
    """
    sign = 1 if fill.side is Side.BUY else -1
    with localcontext(EXACT):
        base = [each for each in entries if each.amount * sign > 0]
        quote = [each for each in entries if each.amount * sign < 0]
        in_quote = all(not each.fee for each in entries if each not in quote)
        return Residual(
            trade_id=fill.trade_id,
            base=sum((abs(each.amount) for each in base), ZERO) - fill.qty,
            quote=sum((abs(each.amount) for each in quote), ZERO) - fill.cost,
            fee=sum((each.fee for each in quote), ZERO) - fill.fee if in_quote else None,
        )
