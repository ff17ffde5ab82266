"""What happens to an account's funds without a trade, as facts, and what they add up to; pure.

Source: kraken/rest.md §5, on the ledger, deposits and withdrawals.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

Direction = Literal["deposit", "withdrawal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A ledger row that no trade made."""

    id: str
    """Empty for the first of the two rows that some deposits have in the exported ledger.

    Such a row is an announcement: it has no balance and moves none, and Ledgers does not show it.
    """
    type: str
    subtype: str = ""
    asset: str
    """The id of the bucket that it moves: XXBT, XBT.F, KFEE."""
    amount: Decimal
    fee: Decimal
    refid: str
    aclass: str = "currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Rows were written into the ledger together."""

    at: datetime
    rows: tuple[Booking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferNoted:
    """A deposit or withdrawal began, or has another status; its ledger rows are booked apart."""

    at: datetime
    direction: Direction
    refid: str
    asset: str
    method: str
    amount: Decimal
    """Without the fee."""
    fee: Decimal
    asked: datetime
    """When it began."""
    status: str
    prop: str = ""
    """What is odd about it: canceled, return."""
    info: str = ""
    """The address."""
    txid: str = ""
    """On the asset's own chain."""
    key: str = ""
    """The name of the address that a withdrawal goes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressMade:
    """A deposit address was made."""

    at: datetime
    asset: str
    method: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawKeyKept:
    """An address that funds may be withdrawn to was written down under a name."""

    at: datetime
    key: str
    asset: str
    method: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """A report was asked for."""

    at: datetime
    id: str
    report: str
    """trades or ledgers."""
    format: str
    """CSV or TSV."""
    description: str
    fields: tuple[str, ...]
    """Empty for all."""
    asset: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRemoved:
    """A report was taken away."""

    at: datetime
    id: str


FundingFact = TransferNoted | AddressMade | WithdrawKeyKept | ExportAsked | ExportRemoved
Bookkeeping = Booked | FundingFact

BOOKKEEPING: Final[tuple[type[Bookkeeping], ...]] = (
    Booked,
    TransferNoted,
    AddressMade,
    WithdrawKeyKept,
    ExportAsked,
    ExportRemoved,
)


class Funding:
    """The transfers, addresses and reports of an account."""

    def __init__(self) -> None:
        self.transfers: dict[str, TransferNoted] = {}
        """The latest note of each deposit and withdrawal by refid, in the order they began."""
        self.addresses: list[AddressMade] = []
        self.withdraw_keys: dict[str, WithdrawKeyKept] = {}
        self.exports: dict[str, ExportAsked] = {}

    def apply(self, fact: FundingFact) -> None:
        """Change by what happened."""
        match fact:
            case TransferNoted():
                self.transfers[fact.refid] = fact
            case AddressMade():
                self.addresses.append(fact)
            case WithdrawKeyKept():
                self.withdraw_keys[fact.key] = fact
            case ExportAsked():
                self.exports[fact.id] = fact
            case ExportRemoved():
                del self.exports[fact.id]
