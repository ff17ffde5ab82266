"""Ledger, fills and balances to positions and a snapshot; differences are named."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from kraken_pipeline.domain.accounting.causes import Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.errors import ConflictError, UnreachableError
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.ledger import LedgerEntry, drifts
from kraken_pipeline.domain.lots import MANUAL, Fill, Position, book_of
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.nav import Snapshot, Valuation, drawdown, total, units_after
from kraken_pipeline.domain.nav_days import NavDay, Reading, day_after, fall
from kraken_pipeline.domain.orders import FATE_OPEN, Event, Fact, Order, State
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing, TradeReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.ports import (
    Account,
    BookStore,
    Clock,
    LedgerStore,
    Market,
    OrderStore,
)
from kraken_pipeline.services.sync import LongList, read_long
from kraken_pipeline.services.world import economic_asset, listed_asset

MISSED_FILLS: Final = timedelta(days=1)
"""How far back the ledger is asked for trades whose fill is not kept. What nothing prices never
is: without an end it would be read for ever."""
TRIES: Final = 5
"""Readings of an account that moves meanwhile, before giving up."""
LONG_AGO: Final = timedelta(days=1)
"""After so long without a look there may be more than a few pages to read."""
OVERLAP: Final = timedelta(minutes=5)
"""Read this far back again: a row may appear later than its own time says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDesk:
    """What keeping the books needs."""

    market: Market
    account: Account
    books: BookStore
    ledger: LedgerStore
    long_ledger: LongList[LedgerEntry]
    long_trades: LongList[TradeReport]
    orders: OrderStore
    base_currency: Asset
    retention: timedelta
    """How long snapshots are kept; ledger and fills stay for ever."""
    clock: Clock
    book_moves: Callable[[Listing, PriceTable, datetime], object]
    """Told names and prices once the ledger is kept and explained: keeps the account's own books
    (`services.accounts`)."""
    follow: Callable[[Listing, Mapping[Asset, Decimal], datetime], object] = (
        lambda listing, totals, at: None
    )
    """Told what the account has of each asset, once fills and ledger are kept and before anything
    is valued: holdings may have another name by now (UNI-9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What a pass over the books did."""

    fills: int
    entries: int
    settled: int
    """Orders whose fills now add up to what the exchange says."""
    late: tuple[str, ...]
    """Our ids of the orders that filled more after they had been seen to end."""
    snapshot: Snapshot
    unexplained: Mapping[Asset, Sequence[Unexplained]]
    """Entries of the ledger that nobody can explain, by asset."""
    in_flight: tuple[InFlight, ...]
    """Ends of moves between buckets whose other end has not come."""


def keep_books(desk: BookDesk) -> Booked:
    """Read what is new of fills and ledger, move the positions, value everything, keep it.

    Raises:
        ExchangeError: the exchange did not answer; nothing of this pass is kept but whole pages.
    """
    listing, tickers = desk.market.listing(), desk.market.tickers()
    prices = PriceTable(desk.base_currency, listing.pairs, tickers)
    _catch_up(desk, prices, listing)
    read = _read_account(desk)
    trades, entries = read.trades, read.entries
    fills = _fills(desk, trades, prices, listing)
    new_fills, new_entries = desk.books.book(fills, entries, _lookup(read.at, listing, prices))
    desk.follow(listing, _totals(read.balances, listing), read.at)
    desk.book_moves(listing, prices, read.at)
    # what has no price yet is in no equity yet, and so waits as a flow too
    flows = [
        each
        for each in desk.books.unvalued_flows()
        if prices.rate(economic_asset(listing.symbols, each.asset)) is not None
    ]
    snapshot, valued, day = _snapshot(desk, read, prices, listing, flows)
    desk.books.keep_snapshot(snapshot, valued, day)
    desk.books.prune_snapshots(snapshot.at - desk.retention)
    late = _note_late_fills(desk, fills)
    return Booked(
        fills=new_fills,
        entries=new_entries,
        settled=_match(desk),
        late=late,
        snapshot=snapshot,
        unexplained=_unexplained(desk, listing),
        in_flight=desk.ledger.in_flight(),
    )


def _unexplained(desk: BookDesk, listing: Listing) -> Mapping[Asset, Sequence[Unexplained]]:
    found: defaultdict[Asset, list[Unexplained]] = defaultdict(list)
    for each in desk.ledger.unexplained():
        found[economic_asset(listing.symbols, each.told.entry.asset)].append(each)
    return dict(found)


def _lookup(at: datetime, listing: Listing, prices: PriceTable) -> Lookup:
    """Return what names and prices are known as the account is read."""

    def worth_of(asset: Asset, qty: Decimal) -> Decimal | None:
        rate = prices.rate(asset)
        return None if rate is None else rate * qty

    return Lookup(at=at, asset_of=partial(listed_asset, listing.symbols), worth_of=worth_of)


def _catch_up(desk: BookDesk, prices: PriceTable, listing: Listing) -> None:
    """Read what is long of the past: all of it at first, and whatever came while nobody looked.

    A list that is short is left to the reading of one instant, and so is the rest of a long one.
    """
    now, last_entry = desk.clock(), desk.books.last_entry_at()
    if last_entry is not None and now - last_entry <= LONG_AGO:
        return
    before = desk.books.latest_snapshot()
    if before is not None and now - before.at <= LONG_AGO:
        return
    lookup = _lookup(now, listing, prices)
    last_fill = desk.books.last_fill_at()
    read_long(
        desk.long_trades,
        lambda some: desk.books.book(_fills(desk, some, prices, listing), (), lookup),
        since=None if last_fill is None else last_fill - OVERLAP,
    )
    read_long(
        desk.long_ledger,
        lambda some: desk.books.book((), some, lookup),
        since=None if last_entry is None else last_entry - OVERLAP,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What was read of the account."""

    at: datetime
    """Before the first of it was asked for: it is no younger, whatever came in between."""
    trades: Sequence[TradeReport]
    entries: Sequence[LedgerEntry]
    balances: Mapping[str, Balance]


def _read_account(desk: BookDesk) -> _Read:
    """Read fills, ledger and balances of one instant: nothing may move while they are read.

    Fills are not asked for where they would tell nothing: the ledger is no longer than the one that
    is kept, adds up to the balances, and no order waits for its fills. That halves what a quiet
    look costs of the key's counter (NET-3).

    Raises:
        UnreachableError: the account moved during every try.
    """
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    for _ in range(TRIES):
        at = desk.clock()
        before = desk.account.balances()
        entries = desk.account.ledger(since=None if last_entry is None else last_entry - OVERLAP)
        if last_entry is not None and _is_all_kept(desk, entries, last_entry, before):
            return _Read(at=at, trades=(), entries=entries, balances=before)
        trades = desk.account.trades(since=_fills_since(desk, last_fill, at))
        if before == desk.account.balances():
            return _Read(at=at, trades=trades, entries=entries, balances=before)
    raise UnreachableError(f"the account moved during each of {TRIES} readings; try again")


def _is_all_kept(
    desk: BookDesk,
    entries: Sequence[LedgerEntry],
    last_entry: datetime,
    balances: Mapping[str, Balance],
) -> bool:
    """Tell whether the kept ledger is the exchange's; a row that came late moves the sums."""
    grew = any(each.at > last_entry for each in entries)
    if grew or desk.orders.unmatched() or desk.books.unfilled_since(last_entry - MISSED_FILLS):
        return False
    totals = {name: each.total for name, each in balances.items()}
    return not drifts(desk.books.replayed_balances(), totals)


def _fills_since(desk: BookDesk, last_fill: datetime | None, now: datetime) -> datetime | None:
    """Return from when on fills are read; None from the first.

    Fills may be shown later than the ledger's entries of them: whatever the ledger tells of and no
    fill explains is asked for again (PF-2).
    """
    if last_fill is None:
        return None
    missed = desk.books.unfilled_since(now - MISSED_FILLS)
    return min(last_fill, last_fill if missed is None else missed) - OVERLAP


def _whose(desk: BookDesk, trades: Sequence[TradeReport]) -> Mapping[str, str]:
    """Return whose book each order belongs to, also where the order's reply is not written yet.

    An order that a person wrote off may have filled all the same (F-SUB-20).
    """
    ids = sorted({each.kraken_order_id for each in trades})
    known = dict(desk.books.strategy_books(ids))
    strange = [each for each in ids if each not in known]
    if not strange:
        return known
    unsure = {
        each.cl_ord_id: each
        for each in (*desk.orders.reserving(), *desk.orders.written_off(since=EPOCH))
        if each.state in FATE_OPEN | {State.WRITTEN_OFF}
    }
    reports = desk.account.orders(strange) if unsure else {}
    for kraken_order_id, report in reports.items():
        order = unsure.get(ClOrdId(report.cl_ord_id or ""))
        if order is not None:
            known[kraken_order_id] = book_of(order.strategy_id, order.timeframe)
    return known


def _fills(
    desk: BookDesk, trades: Sequence[TradeReport], prices: PriceTable, listing: Listing
) -> list[Fill]:
    """Return the trades as fills of a book.

    A trade of somebody else's that nothing prices is left to the ledger: its coins are counted,
    its profit is not known. One of ours takes the rate at which it was approved.
    """
    books = _whose(desk, trades)
    ours = desk.orders.with_exchange_ids(sorted({each.kraken_order_id for each in trades}))
    approved_at = {each.kraken_order_id: each.quote_rate for each in ours}
    fills = []
    for each in _as_kept(desk, trades, listing):
        pair = listing.pairs.get(each.pair)
        rate = None if pair is None else prices.rate(pair.quote)
        rate = approved_at.get(each.kraken_order_id) if rate is None else rate
        if rate is not None:
            fills.append(_fill(each, rate, books.get(each.kraken_order_id, MANUAL)))
    return fills


def _as_kept(
    desk: BookDesk, trades: Sequence[TradeReport], listing: Listing
) -> Sequence[TradeReport]:
    """Return trades under the names under which they are kept, where a pair was renamed since.

    A pair that is not listed any more is told by other letters than before, or as its successor.
    """
    if not trades:
        return trades
    first = min(each.at for each in trades) - OVERLAP
    kept = {each.trade_id: each.pair for each in desk.books.fills_after(first)}
    return [
        replace(each, pair=kept[each.trade_id])
        if each.trade_id in kept and kept[each.trade_id] not in listing.pairs
        else each
        for each in trades
    ]


def _fill(trade: TradeReport, quote_rate: Decimal, book: str) -> Fill:
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


def _snapshot(
    desk: BookDesk,
    read: _Read,
    prices: PriceTable,
    listing: Listing,
    flows: Sequence[LedgerEntry],
) -> tuple[Snapshot, Sequence[LedgerEntry], NavDay]:
    """Return the snapshot, which of the flows are in its units, and its day with it.

    While something held has no price, units and their price stand still, and flows wait: taken for
    nothing, it would look like a loss (PF-12).
    """
    now, balances = read.at, read.balances
    valuations = _valuations(_owned(desk, balances, listing), prices)
    equity = total(valuations)
    before = desk.books.latest_snapshot()
    is_frozen = any(each.price is None for each in valuations)
    if before is not None and is_frozen:
        flows, units, unit_price = (), before.units, before.unit_price
    else:
        units, unit_price = units_after(
            units=ZERO if before is None else before.units,
            equity=equity,
            flows=_worth(flows, prices, listing),
            last_price=Decimal(1) if before is None else before.unit_price,
        )
    positions = tuple(each for each in desk.books.positions() if each.qty or each.realised)
    drift = _drift(desk, balances)
    cash = sum((each.qty for each in valuations if each.asset == desk.base_currency), ZERO)
    day = day_after(
        desk.books.newest_day(now),
        Reading(
            at=now,
            unit_price=unit_price,
            equity=equity,
            exposure=equity - cash,
            flows=_worth(flows, prices, listing),
            is_sure=not is_frozen and not drift,
        ),
    )
    snapshot = Snapshot(
        at=now,
        equity=equity,
        cash=cash,
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
        drawdown_of_day=fall(day.first_unit_price, unit_price),
        drawdown_of_all_time=fall(day.peak_unit_price, unit_price),
        drift=drift,
    )
    return snapshot, flows, day


def _drift(desk: BookDesk, balances: Mapping[str, Balance]) -> dict[str, str]:
    """Return how replay and balance differ, by bucket."""
    differing = drifts(
        desk.books.replayed_balances(), {name: each.total for name, each in balances.items()}
    )
    return {
        each.asset: f"ledger says {each.replayed}, balance is {each.at_exchange}"
        for each in differing
    }


def _totals(balances: Mapping[str, Balance], listing: Listing) -> dict[Asset, Decimal]:
    """Return what the account has of each economic asset, whatever the bucket."""
    totals: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for bucket, balance in balances.items():
        totals[economic_asset(listing.symbols, bucket)] += balance.total
    return dict(totals)


def _owned(
    desk: BookDesk, balances: Mapping[str, Balance], listing: Listing
) -> Mapping[Asset, Decimal]:
    """Return what the account has of each asset, also what is between two buckets (PF-11)."""
    owned = defaultdict(lambda: ZERO, _totals(balances, listing))
    for each in desk.ledger.in_flight():
        owned[economic_asset(listing.symbols, each.entry.asset)] += each.qty
    return owned


def _valuations(owned: Mapping[Asset, Decimal], prices: PriceTable) -> tuple[Valuation, ...]:
    return tuple(
        Valuation(
            asset=asset,
            qty=qty,
            price=prices.rate(asset),
            source=prices.source(asset),
        )
        for asset, qty in sorted(owned.items())
        if qty
    )


def _worth(flows: Sequence[LedgerEntry], prices: PriceTable, listing: Listing) -> Decimal:
    """Value external flows in base currency, at the first prices seen after them."""
    return sum(
        (
            each.net * (prices.rate(economic_asset(listing.symbols, each.asset)) or ZERO)
            for each in flows
        ),
        ZERO,
    )


def _unrealised(position: Position, prices: PriceTable, listing: Listing) -> Decimal:
    pair = listing.pairs.get(position.pair)
    rate = None if pair is None else prices.rate(pair.base)
    return ZERO if rate is None else position.unrealised(rate)


def _note_late_fills(desk: BookDesk, fills: Sequence[Fill]) -> tuple[str, ...]:
    """Write what filled of an order after it had been seen to end, and name it (U-DUP-5)."""
    late = []
    ids = sorted({each.kraken_order_id for each in fills})
    for order in desk.orders.with_exchange_ids(ids):
        if order.state not in {State.CANCELED, State.EXPIRED}:
            continue
        own = [
            each
            for each in desk.books.fills_after(order.created_at - OVERLAP)
            if each.kraken_order_id == order.kraken_order_id
        ]
        qty = sum((each.qty for each in own), ZERO)
        if order.filled_qty < qty <= order.qty:
            event = Event(
                fact=Fact.FILL_SEEN,
                at=desk.clock(),
                source="books",
                detail="fills that came after the order had ended",
                filled_qty=Qty(qty),
                avg_fill_price=Price(sum((each.cost for each in own), ZERO) / qty),
                fee=sum((each.fee for each in own), ZERO),
            )
            _write(desk, order, event)
            late.append(order.local_id)
    return tuple(late)


def _match(desk: BookDesk) -> int:
    """Settle the ended orders whose fills add up to what the exchange executed (INV-3).

    What one bought beyond its size is handed over before: settled, it is looked at no more.
    """
    matched = [
        order
        for order, qty in desk.orders.unmatched()
        if qty == order.filled_qty and desk.books.hand_over(order, at=desk.clock())
    ]
    for order in matched:
        event = Event(
            fact=Fact.BOOKS_MATCHED,
            at=desk.clock(),
            source="books",
            detail=f"fills add up to {order.filled_qty}",
        )
        _write(desk, order, event)
    return len(matched)


def _write(desk: BookDesk, order: Order, event: Event) -> None:
    # whoever was first changed the order; the next pass looks at it again
    with suppress(ConflictError):
        desk.orders.record(order, event)
