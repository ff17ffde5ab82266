"""What a person adds to the ledger where it and the exchange's balance part for good (PF-15)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.kinds import OPERATOR, rule_of
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO

PREFIX: Final = "ADJ-"
"""Of our entries' ids; Kraken's begin with `L`."""
_HEX: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """One bucket's ledger brought to what the exchange has, by a person who says why.

    Raises:
        InvalidValueError: there is no reason, or nothing to adjust.
    """

    bucket: str
    """By Kraken's own id."""
    replayed: Decimal
    """What the ledger added up to."""
    at_exchange: Decimal
    """The balance, read in one instant with the ledger."""
    at: datetime
    """Not before any entry that was kept then."""
    by: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise InvalidValueError("an adjustment needs its reason: give --reason")
        if self.replayed == self.at_exchange:
            raise InvalidValueError(f"the ledger of {self.bucket} is what the exchange has")

    @property
    def amount(self) -> Decimal:
        """What the ledger lacks; below zero where it has too much."""
        with localcontext(EXACT):
            return self.at_exchange - self.replayed

    @property
    def entry_id(self) -> str:
        """The same for the same adjustment, however often it is asked for."""
        told = [self.bucket, self.replayed, self.at_exchange, self.at]
        return f"{PREFIX}{digest(told)[:_HEX]}"

    @property
    def explained(self) -> Explained:
        """The entry that it adds, with its cause."""
        entry = LedgerEntry(
            entry_id=self.entry_id,
            refid=self.entry_id,
            type=OPERATOR,
            subtype="",
            asset=self.bucket,
            amount=self.amount,
            fee=ZERO,
            balance=self.at_exchange,
            at=self.at,
        )
        return Explained(
            entry=entry, cause=Cause.ADJUSTMENT, event_id=entry.refid, why=rule_of(entry).said
        )
