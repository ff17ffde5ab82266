"""What the exchange shows of the account beside balances, orders, trades and ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.money import Price, Qty


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What the exchange reckons the account to be worth, in one asset."""

    asset: str
    """In which all of it is told, as it was asked for: `ZUSD`."""
    equivalent: Decimal
    """All balances together."""
    trade_balance: Decimal
    """Those of them that count as collateral."""
    margin_used: Decimal
    equity: Decimal
    free_margin: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendReport:
    """What an order was changed to, or how it began."""

    amend_id: str
    kind: str
    """`original`, `user`, `restated`, or a new word."""
    qty: Qty
    """The total from then on, in base."""
    remaining_qty: Qty | None
    display_qty: Qty | None
    limit_price: Price | None
    trigger_price: Price | None
    post_only: bool | None
    reason: str
    """In the exchange's words; empty where it says none."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsMove:
    """A deposit or a withdrawal on its way, or arrived."""

    refid: str
    """Of its entry in the ledger."""
    asset: str
    """By Kraken's own id."""
    method: str
    amount: Decimal
    fee: Decimal | None
    """In the same asset; None where the exchange did not say."""
    status: str
    """`Initial`, `Pending`, `Settled`, `Success`, `Failure`, or a new word."""
    note: str | None
    """More of the status: `canceled`, `onhold`, `return`."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTier:
    """What is paid from a volume on."""

    maker_pct: Decimal
    taker_pct: Decimal
    from_volume: Decimal
    """Of the last 30 days, in the currency of the schedule."""
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSchedule:
    """The account's volume, and what it leads to."""

    currency: str
    volume: Decimal
    """Of the last 30 days, in the currency."""
    tiers: Mapping[str, tuple[FeeTier, ...]]
    """Our name of a pair to its tiers, the lowest volume first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What lies in one of Kraken's ways to earn, whatever state it is in."""

    strategy_id: str
    asset: str
    """In Kraken's words."""
    qty: Decimal
    """With what is on its way in or out of it."""
    rewarded: Decimal
    """What it ever earned, in the asset."""
