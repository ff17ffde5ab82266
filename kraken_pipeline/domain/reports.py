"""What the exchange says of our orders, trades and balances, in our words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.symbols import SymbolTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What can be traded, and every way to spell it."""

    symbols: SymbolTable
    pairs: dict[str, Pair]
    """Our name to the pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One bucket of the account."""

    total: Decimal
    """With what open orders hold."""
    held: Decimal
    """By open orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """An order as the exchange shows it."""

    kraken_order_id: str
    cl_ord_id: str | None
    pair: str
    """Our name."""
    side: Side
    order_type: str
    status: str
    """`pending`, `open`, `closed`, `canceled` or `expired`, as Kraken says it."""
    qty: Qty
    filled_qty: Qty
    limit_price: Decimal
    """Zero for a market order."""
    avg_fill_price: Price | None
    fee: Decimal
    """In quote."""
    opened_at: datetime
    reason: str
    """Why it ended, in the exchange's words; empty where it says none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeReport:
    """A trade of ours as the exchange shows it."""

    trade_id: str
    kraken_order_id: str
    pair: str
    """Our name."""
    side: Side
    price: Price
    qty: Qty
    cost: Decimal
    """In quote."""
    fee: Decimal
    """In quote."""
    maker: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The exchange took the order."""

    kraken_order_id: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The order was checked or noted and does not exist at any exchange."""

    description: str
