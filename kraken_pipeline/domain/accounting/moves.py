"""What an event did to each economic asset, and what that was worth when it happened."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.symbols import Asset


class Basis(StrEnum):
    """How well it is known what an arrival cost (PF-8)."""

    PAID = "paid"
    """It was traded for something whose worth is known."""
    KNOWN = "known"
    """A person stated what it had cost."""
    MARKET = "market"
    """Its price on the day it came; an estimate, and shown as one."""
    INCOME = "income"
    """A reward: what it was worth on arrival was earned then."""
    CARRIED = "carried"
    """It was another asset before, which was renamed: its lots go on as they are (UNI-9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMove:
    """One economic asset in one event.

    Over the moves of a trade or a conversion, what came in less what went out is less by the fees:
    `sum(value where qty > 0) - sum(value where qty < 0) == -sum(fee)`.
    """

    move_id: str
    """Of the first of its ledger entries; the same however often it is made."""
    event_id: str
    at: datetime
    cause: Cause
    asset: Asset
    qty: Decimal
    """What the account has more (above zero) or less of, fees in the asset itself included."""
    value: Decimal | None
    """What that qty was worth, in base currency, never below zero; None while nobody can say, and
    where nothing was valued since lots are carried on."""
    fee: Decimal
    """Paid through this move, in base currency: a part of `value` where the asset went out, kept
    from it where it came in. Below zero where a fee came back."""
    basis: Basis
    cost: Decimal | None
    """What an arrival counts as having cost; `value` unless a person stated another."""
    tax_fee: Decimal
    """What of its event's fees is a part of what this arrival cost, or is taken off what was had
    for this departure, where fees are not expensed (tax view). In base currency."""
    price_source: str
    """Of the value, for a person."""

    @property
    def is_priced(self) -> bool:
        """Whether it is known what it was worth, or it need not be."""
        return self.value is not None or self.basis is Basis.CARRIED
