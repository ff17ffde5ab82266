"""Ledger, fills and balances to positions and a snapshot; differences are named."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, UnreachableError
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.ledger import LedgerEntry, drifts
from kraken_pipeline.domain.lots import MANUAL, Fill, Position, book_of
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot, Valuation, drawdown, total, units_after
from kraken_pipeline.domain.orders import FATE_OPEN, Event, Fact
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing, TradeReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.ports import Account, BookStore, Clock, Market, OrderStore

TRIES: Final = 5
"""Readings of an account that moves meanwhile, before giving up."""
OVERLAP: Final = timedelta(minutes=5)
"""Read this far back again: a row may appear later than its own time says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDesk:
    """What keeping the books needs."""

    market: Market
    account: Account
    books: BookStore
    orders: OrderStore
    base_currency: Asset
    retention: timedelta
    """How long snapshots are kept; ledger and fills stay for ever."""
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What a pass over the books did."""

    fills: int
    entries: int
    settled: int
    """Orders whose fills now add up to what the exchange says."""
    snapshot: Snapshot


def keep_books(desk: BookDesk) -> Booked:
    """Read what is new of fills and ledger, move the positions, value everything, keep it.

    Raises:
        ExchangeError: the exchange did not answer; nothing of this pass is kept but whole pages.
    """
    listing, tickers = desk.market.listing(), desk.market.tickers()
    prices = PriceTable(desk.base_currency, listing.pairs, tickers)
    trades, entries, balances = _read_account(desk)
    fills = _fills(desk, trades, prices, listing)
    new_fills, new_entries = desk.books.book(fills, entries)
    # what has no price yet is in no equity yet, and so waits as a flow too
    flows = [
        each
        for each in desk.books.unvalued_flows()
        if prices.rate(listing.symbols.asset(each.asset)) is not None
    ]
    snapshot = _snapshot(desk, balances, prices, listing, flows)
    desk.books.keep_snapshot(snapshot, flows)
    desk.books.prune_snapshots(snapshot.at - desk.retention)
    return Booked(fills=new_fills, entries=new_entries, settled=_match(desk), snapshot=snapshot)


def _read_account(
    desk: BookDesk,
) -> tuple[Sequence[TradeReport], Sequence[LedgerEntry], Mapping[str, Balance]]:
    """Read fills, ledger and balances of one instant: nothing may move while they are read.

    Raises:
        UnreachableError: the account moved during every try.
    """
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    for _ in range(TRIES):
        before = desk.account.balances()
        trades = desk.account.trades(since=None if last_fill is None else last_fill - OVERLAP)
        entries = desk.account.ledger(since=None if last_entry is None else last_entry - OVERLAP)
        if before == desk.account.balances():
            return trades, entries, before
    raise UnreachableError(f"the account moved during each of {TRIES} readings; try again")


def _whose(desk: BookDesk, trades: Sequence[TradeReport]) -> Mapping[str, str]:
    """Return whose book each order belongs to, also where the order's reply is not written yet."""
    ids = sorted({each.kraken_order_id for each in trades})
    known = dict(desk.books.strategy_books(ids))
    unsure = {each.cl_ord_id: each for each in desk.orders.reserving() if each.state in FATE_OPEN}
    strange = [each for each in ids if each not in known]
    reports = desk.account.orders(strange) if unsure and strange else {}
    for kraken_order_id, report in reports.items():
        order = unsure.get(ClOrdId(report.cl_ord_id or ""))
        if order is not None:
            known[kraken_order_id] = book_of(order.strategy_id, order.timeframe)
    return known


def _fills(
    desk: BookDesk, trades: Sequence[TradeReport], prices: PriceTable, listing: Listing
) -> list[Fill]:
    books = _whose(desk, trades)
    return [
        Fill(
            trade_id=each.trade_id,
            kraken_order_id=each.kraken_order_id,
            pair=each.pair,
            side=each.side,
            price=each.price,
            qty=each.qty,
            cost=each.cost,
            fee=each.fee,
            maker=each.maker,
            at=each.at,
            quote_rate=_rate(prices, listing.pairs[each.pair].quote, each.trade_id),
            book=books.get(each.kraken_order_id, MANUAL),
        )
        for each in trades
    ]


def _rate(prices: PriceTable, quote: Asset, trade_id: str) -> Decimal:
    rate = prices.rate(quote)
    if rate is None:
        raise InvalidValueError(f"trade {trade_id}: nothing prices its quote {quote}")
    return rate


def _snapshot(
    desk: BookDesk,
    balances: Mapping[str, Balance],
    prices: PriceTable,
    listing: Listing,
    flows: Sequence[LedgerEntry],
) -> Snapshot:
    now = desk.clock()
    valuations = _valuations(balances, prices, listing)
    equity = total(valuations)
    before = desk.books.latest_snapshot()
    units, unit_price = units_after(
        units=ZERO if before is None else before.units,
        equity=equity,
        flows=_worth(flows, prices, listing),
        last_price=Decimal(1) if before is None else before.unit_price,
    )
    positions = tuple(each for each in desk.books.positions() if each.qty or each.realised)
    differing = drifts(
        desk.books.replayed_balances(), {name: each.total for name, each in balances.items()}
    )
    return Snapshot(
        at=now,
        equity=equity,
        cash=sum((each.qty for each in valuations if each.asset == desk.base_currency), ZERO),
        valuations=valuations,
        positions=positions,
        realised=sum((each.realised for each in positions), ZERO),
        unrealised=sum((_unrealised(each, prices, listing) for each in positions), ZERO),
        fees=sum((each.fees for each in positions), ZERO),
        units=units,
        unit_price=unit_price,
        drawdown=drawdown(
            desk.books.unit_prices(now - timedelta(hours=24)), now=now, unit_price=unit_price
        ),
        drift={
            each.asset: f"ledger says {each.replayed}, balance is {each.at_exchange}"
            for each in differing
        },
    )


def _valuations(
    balances: Mapping[str, Balance], prices: PriceTable, listing: Listing
) -> tuple[Valuation, ...]:
    held: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for bucket, balance in balances.items():
        held[listing.symbols.asset(bucket)] += balance.total
    return tuple(
        Valuation(
            asset=asset,
            qty=qty,
            price=prices.rate(asset),
            source=prices.source(asset),
        )
        for asset, qty in sorted(held.items())
        if qty
    )


def _worth(flows: Sequence[LedgerEntry], prices: PriceTable, listing: Listing) -> Decimal:
    """Value external flows in base currency, at the first prices seen after them."""
    return sum(
        (each.net * (prices.rate(listing.symbols.asset(each.asset)) or ZERO) for each in flows),
        ZERO,
    )


def _unrealised(position: Position, prices: PriceTable, listing: Listing) -> Decimal:
    rate = prices.rate(listing.pairs[position.pair].base)
    return ZERO if rate is None else position.unrealised(rate)


def _match(desk: BookDesk) -> int:
    """Settle the ended orders whose fills add up to what the exchange executed (INV-3)."""
    matched = [order for order, qty in desk.orders.unmatched() if qty == order.filled_qty]
    for order in matched:
        event = Event(
            fact=Fact.BOOKS_MATCHED,
            at=desk.clock(),
            source="books",
            detail=f"fills add up to {order.filled_qty}",
        )
        desk.orders.record(order, event)
    return len(matched)
