"""What the exchange says of our orders, trades and balances, in our words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.market_reports import AssetListed
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.values import quickly_made


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What can be traded, and every way to spell it."""

    symbols: SymbolTable
    pairs: dict[str, Pair]
    """Our name to the pair."""
    assets: Mapping[str, AssetListed] = field(default_factory=dict)
    """Kraken's own id to the asset or bucket."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Kraken's own id of what could not be read, to why: it is not listed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One bucket of the account."""

    total: Decimal
    """With what open orders hold."""
    held: Decimal
    """By open orders."""
    credit: Decimal | None = None
    """What the account may overdraw, where it has a credit line."""
    credit_used: Decimal | None = None
    """Of that."""

    @property
    def available(self) -> Decimal:
        """What an order may still use."""
        return self.total - self.held + (self.credit or ZERO) - (self.credit_used or ZERO)


@quickly_made
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
    """`pending`, `open`, `closed`, `canceled` or `expired`, as Kraken says it; or a new word."""
    qty: Qty
    filled_qty: Qty
    limit_price: Decimal | None
    """None where the order has no fixed limit: a market order, or one by its distance."""
    avg_fill_price: Price | None
    fee: Decimal
    """In quote."""
    opened_at: datetime
    reason: str
    """Why it ended, in the exchange's words; empty where it says none."""
    description: str = ""
    """In the exchange's words: `buy 0.1 XBTUSD @ limit 50000.0`."""
    close_description: str = ""
    """Its conditional close, likewise; empty where it has none."""
    trigger_price: Decimal | None = None
    """In quote per base. None where nothing fires it, or what fires it is a distance."""
    cost: Decimal | None = None
    """Of what filled, in quote."""
    flags: frozenset[str] | None = None
    """In the exchange's words: `post`, `fciq`, `viqc`."""
    userref: int | None = None
    closed_at: datetime | None = None
    """When it ended, where it did."""
    expires_at: datetime | None = None
    """When it will end by itself, where it will."""
    parent_id: str | None = None
    """The order that this one closes, for the child of a conditional close."""
    trade_ids: tuple[str, ...] | None = None
    """Its trades; None where they were not asked for, or there are none."""


@quickly_made
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


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """A part of a long list, which the exchange gives from the newest row on."""

    rows: tuple[Row, ...]
    """The oldest first."""
    counted: int
    """How many rows the list has up to its end."""
    end: str
    """The end, in the exchange's words: every further page is asked with it."""
    next_skip: int | None
    """How many rows lie before the next page; None where this is the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The exchange took the order."""

    kraken_order_id: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The order was checked or noted and does not exist at any exchange."""

    description: str
