"""Positions at weighted average cost: what fills make of them, in base currency.

This is the trading view: a fee is a loss when it is paid (contract 8.3, PF-7).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.values import changed, quickly_made

MANUAL = "manual"
"""The book of fills that no order of ours explains."""
DUST = "dust"
"""The book of what strategies left over, too small to be sold by itself (OMS-16)."""


def book_of(strategy_id: str, timeframe: str) -> str:
    """Name the sub-book of a strategy on one timeframe: what one opens, only it may close.

    What is of no timeframe, such as a sale of dust, is of the book of its own name.
    """
    return f"{strategy_id}@{timeframe}" if timeframe else strategy_id


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A trade of ours as the exchange reports it."""

    trade_id: str
    kraken_order_id: str
    pair: str
    side: Side
    price: Price
    qty: Qty
    cost: Decimal
    """In quote."""
    fee: Decimal
    """In quote."""
    maker: bool
    at: datetime
    quote_rate: Decimal
    """Base currency per quote unit at the time of the fill, kept once (PF-6)."""
    book: str
    """Whose position it changes: `strategy@timeframe`, or `manual`."""


def fill_of(trade: TradeReport, *, quote_rate: Decimal, book: str) -> Fill:
    """Return a trade as a fill of a book.

    Args:
        trade: as the exchange reports it.
        quote_rate: base currency per quote unit at its time.
        book: whose position it changes.
    """
    return Fill(
        trade_id=trade.trade_id,
        kraken_order_id=trade.kraken_order_id,
        pair=trade.pair,
        side=trade.side,
        price=trade.price,
        qty=trade.qty,
        cost=trade.cost,
        fee=trade.fee,
        maker=trade.maker,
        at=trade.at,
        quote_rate=quote_rate,
        book=book,
    )


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a book holds of a pair's base asset."""

    book: str
    pair: str
    qty: Qty = NOTHING
    cost: Decimal = ZERO
    """What the held qty cost, in base currency, without fees."""
    realised: Decimal = ZERO
    """In base currency, after fees."""
    fees: Decimal = ZERO
    """In base currency."""
    uncosted: Qty = NOTHING
    """Sold qty whose cost is not known: it was booked at its proceeds, without profit (PF-8)."""

    @property
    def average_price(self) -> Decimal:
        """Cost of a base unit, in base currency; zero when nothing is held."""
        return self.cost / self.qty if self.qty else ZERO

    def unrealised(self, price: Decimal) -> Decimal:
        """What the held qty would gain at `price` (base currency per base unit), without fees."""
        return self.qty * price - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A holding that went from one book to another, with what it cost; nothing was traded."""

    transfer_id: str
    pair: str
    from_book: str
    to_book: str
    qty: Qty
    cost: Decimal
    """In base currency, without fees."""
    at: datetime
    reason: str


def moved(position: Position, transfer: Transfer) -> Position:
    """Return the position after a transfer out of its book or into it.

    A book never ends below zero: should a fill that is heard very late have taken what went out,
    the difference counts as sold without a known cost.

    Raises:
        InvalidValueError: the transfer is of another pair, or of other books.

    Source: P-18.
    """
    if position.pair == transfer.pair and position.book == transfer.to_book:
        return changed(
            position,
            qty=Qty(position.qty + transfer.qty),
            cost=position.cost + transfer.cost,
        )
    if position.pair != transfer.pair or position.book != transfer.from_book:
        raise InvalidValueError(
            f"transfer {transfer.transfer_id} is of {transfer.pair} from {transfer.from_book} to "
            f"{transfer.to_book}, not of {position.pair} in {position.book}"
        )
    out = min(transfer.qty, position.qty)
    is_emptied = out == position.qty
    return changed(
        position,
        qty=Qty(position.qty - out),
        cost=ZERO if is_emptied else max(position.cost - transfer.cost, ZERO),
        uncosted=Qty(position.uncosted + transfer.qty - out),
    )


def booked(position: Position, fill: Fill) -> Position:
    """Return the position after a fill of its book and pair.

    Raises:
        InvalidValueError: the fill is of another book or pair.
    """
    if (position.book, position.pair) != (fill.book, fill.pair):
        raise InvalidValueError(
            f"fill {fill.trade_id} is of {fill.pair} in {fill.book}, "
            f"not of {position.pair} in {position.book}"
        )
    proceeds = fill.cost * fill.quote_rate
    fee = fill.fee * fill.quote_rate
    if fill.side is Side.BUY:
        return changed(
            position,
            qty=Qty(position.qty + fill.qty),
            cost=position.cost + proceeds,
            realised=position.realised - fee,
            fees=position.fees + fee,
        )
    return _sold(position, fill.qty, proceeds=proceeds, fee=fee)


def _sold(position: Position, qty: Qty, *, proceeds: Decimal, fee: Decimal) -> Position:
    held = min(qty, position.qty)
    to_flat = held == position.qty
    # to flat the whole cost goes out: no rest of a division may stay behind
    cost_out = position.cost if to_flat else position.cost * held / position.qty
    proceeds_of_held = proceeds if held == qty else proceeds * held / qty
    return changed(
        position,
        qty=Qty(position.qty - held),
        cost=position.cost - cost_out,
        realised=position.realised + proceeds_of_held - cost_out - fee,
        fees=position.fees + fee,
        uncosted=Qty(position.uncosted + qty - held),
    )
