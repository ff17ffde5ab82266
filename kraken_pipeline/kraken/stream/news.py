"""What the private stream told us that we did not know. Facts; they never change."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Qty
from kraken_pipeline.domain.reports import TradeReport


class Source(StrEnum):
    """How something was heard. All ways end at the same handler."""

    LIVE = "live"
    """As it happened."""
    SNAPSHOT = "snapshot"
    """From what the stream shows at its beginning, as a difference to what was known."""
    PAGE = "page"
    """From REST, read after a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """An order as far as the stream showed it. None is what it has not said."""

    kraken_order_id: str
    cl_ord_id: str | None = None
    pair: str | None = None
    """Our name, or Kraken's spelling of a pair that is not listed."""
    side: Side | None = None
    order_type: str | None = None
    status: str
    """As the stream says it: `pending_new`, `new`, `partially_filled`, `filled`, `canceled`,
    `expired`, or a word that is new to us and ends nothing."""
    qty: Qty | None = None
    """In base."""
    filled_qty: Qty
    """Cumulative, in base; it never falls."""
    avg_fill_price: Decimal | None = None
    """In quote per base."""
    limit_price: Decimal | None = None
    """In quote per base; None also where it is a distance."""
    trigger_price: Decimal | None = None
    """In quote per base; None also where it is a distance."""
    fee: Decimal | None = ZERO
    """Of all that filled, in quote; None while not every fill of it was heard."""
    parent_id: str | None = None
    """The order that this one closes, for the child of a conditional close."""
    reason: str = ""
    """In Kraken's words."""
    at: datetime
    """UTC, of the newest thing that was heard of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNews:
    """An order is not as it was."""

    order: OrderSeen
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FillNews:
    """A fill, told once whatever it was heard from."""

    trade: TradeReport
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceNews:
    """What the account has of an asset changed."""

    asset: str
    """As the stream spells it: `BTC`."""
    total: Decimal
    """Over all wallets, with what open orders hold."""
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerNews:
    """A ledger entry as the stream shows it."""

    entry_id: str
    refid: str
    type: str
    subtype: str
    asset: str
    """As the stream spells it: `BTC`."""
    wallet: str
    """`spot/main`."""
    amount: Decimal
    """Signed."""
    fee: Decimal
    balance: Decimal
    """Of that wallet, afterwards."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapNews:
    """The stream was not heard for a while. What happened meanwhile is read from REST."""

    since: datetime
    """Fills from this instant on are read again. UTC."""
    why: str


News = OrderNews | FillNews | BalanceNews | LedgerNews | GapNews
