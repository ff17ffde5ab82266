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
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.accounting.valuation import believable
from kraken_pipeline.domain.errors import ConflictError, UnreachableError
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.ledger import LedgerEntry, drifts
from kraken_pipeline.domain.lots import MANUAL, Fill, book_of
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import FATE_OPEN, Event, Fact, Order, State
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing, TradeReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.past_prices import Closes, PastPrices
from kraken_pipeline.services.ports import (
    Account,
    BookStore,
    Clock,
    LedgerStore,
    Market,
    OrderStore,
)
from kraken_pipeline.services.snapshots import NavDesk, take, totals
from kraken_pipeline.services.sync import LongList, read_long
from kraken_pipeline.services.world import chosen_pairs, economic_asset, listed_asset

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
    valuation_pairs: Mapping[str, str]
    """An asset to the pair that a person wants it valued by, in any spelling."""
    tracks_manual: bool
    """Whether trades that no strategy made count in the sums of profit. Their coins always do."""
    clock: Clock
    tolerance: Tolerance
    """Up to what worth a drift only warns."""
    closes: Closes
    """Certified closes, for what came while nobody saw a ticker."""
    book_moves: Callable[[Listing, PriceTable, datetime], Mapping[Asset, Decimal]]
    """Told names and prices once the ledger is kept and explained: keeps the account's own books
    and says of what more went out than came (`services.accounts`)."""
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
    older_prices: Mapping[str, tuple[Asset, ...]]
    """Flows that bought their units with the prices of the look before, by entry, for these assets:
    of their own time nobody knows any."""
    short: Mapping[Asset, Decimal]
    """Assets of which more went out than is known to have come, and how much."""
    has_grave_drift: bool
    """Whether books and balances differ by more than what only warns."""


def keep_books(desk: BookDesk) -> Booked:
    """Read what is new of fills and ledger, move the positions, value everything, keep it.

    Raises:
        ExchangeError: the exchange did not answer; nothing of this pass is kept but whole pages.
    """
    listing, tickers = desk.market.listing(), desk.market.tickers()
    chosen = chosen_pairs(desk.valuation_pairs, listing.symbols)
    told = PriceTable(desk.base_currency, listing.pairs, tickers, chosen)
    before = desk.books.latest_snapshot()
    prices = believable(told, before=before, now=desk.clock())
    read = _read_account(desk, _catch_up(desk, prices, listing, before))
    trades, entries = read.trades, read.entries
    fills = _fills(desk, trades, prices, listing)
    new_fills, new_entries = desk.books.book(fills, entries, _lookup(read.at, listing, prices))
    desk.follow(listing, totals(read.balances, listing), read.at)
    short = desk.book_moves(listing, prices, read.at)
    nav = NavDesk(
        books=desk.books,
        base_currency=desk.base_currency,
        in_flight=desk.ledger.in_flight(),
        moved=desk.ledger.moved,
        price=PastPrices(
            base_currency=desk.base_currency,
            listing=listing,
            now=read.at,
            tickers=prices,
            closes=desk.closes,
        ),
        tracks_manual=desk.tracks_manual,
    )
    taken = take(nav, read.balances, prices=told, listing=listing, before=before, at=read.at)
    desk.books.keep_snapshot(taken.snapshot, taken.flows, taken.day, taken.older_prices)
    desk.books.prune_snapshots(read.at - desk.retention)
    late = _note_late_fills(desk, fills)
    return Booked(
        fills=new_fills,
        entries=new_entries,
        settled=_match(desk),
        late=late,
        snapshot=taken.snapshot,
        unexplained=_unexplained(desk, listing),
        in_flight=nav.in_flight,
        older_prices=taken.older_prices,
        short=short,
        has_grave_drift=bool(taken.snapshot.drift)
        and desk.tolerance.is_grave(taken.drift_worth, taken.snapshot.equity),
    )


def _unexplained(desk: BookDesk, listing: Listing) -> Mapping[Asset, Sequence[Unexplained]]:
    found: defaultdict[Asset, list[Unexplained]] = defaultdict(list)
    for each in desk.ledger.unexplained():
        bucket = each.told.entry.asset
        # a suffix that is new is of the asset before it, as far as anybody can say (U-AST-1)
        stem = listed_asset(listing.symbols, bucket.partition(".")[0])
        found[stem or economic_asset(listing.symbols, bucket)].append(each)
    return dict(found)


def _lookup(at: datetime, listing: Listing, prices: PriceTable) -> Lookup:
    """Return what names and prices are known as the account is read."""

    def worth_of(asset: Asset, qty: Decimal) -> Decimal | None:
        rate = prices.rate(asset)
        return None if rate is None else rate * qty

    return Lookup(at=at, asset_of=partial(listed_asset, listing.symbols), worth_of=worth_of)


def _catch_up(
    desk: BookDesk, prices: PriceTable, listing: Listing, before: Snapshot | None
) -> Sequence[LedgerEntry] | None:
    """Read what is long of the past: all of it at first, and whatever came while nobody looked.

    A list that is short is left to the reading of one instant, and so is the rest of a long one.

    Returns:
        The newest entries of the ledger where one page holds them; None where they must be read.
    """
    now = desk.clock()
    if before is not None and now - before.at <= LONG_AGO:
        return None
    lookup = _lookup(now, listing, prices)
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    read_long(
        desk.long_trades,
        lambda some: desk.books.book(_fills(desk, some, prices, listing), (), lookup),
        since=None if last_fill is None else last_fill - OVERLAP,
    )
    return read_long(
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


def _read_account(desk: BookDesk, newest: Sequence[LedgerEntry] | None) -> _Read:
    """Read fills, ledger and balances of one instant: nothing may move while they are read.

    Fills are not asked for where they would tell nothing: the ledger is no longer than the one that
    is kept, adds up to the balances, and no order waits for its fills. That halves what a quiet
    look costs of the key's counter (NET-3).

    Args:
        desk: what keeping the books needs.
        newest: entries that were read just now; None to read them. Where they show nothing new and
            the balances agree, nothing moved between the two.

    Raises:
        UnreachableError: the account moved during every try.
    """
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    for _ in range(TRIES):
        at = desk.clock()
        before = desk.account.balances()
        if newest is not None and _is_all_kept(desk, newest, last_entry, before):
            return _Read(at=at, trades=(), entries=newest, balances=before)
        newest = None
        entries = desk.account.ledger(since=None if last_entry is None else last_entry - OVERLAP)
        if _is_all_kept(desk, entries, last_entry, before):
            return _Read(at=at, trades=(), entries=entries, balances=before)
        trades = desk.account.trades(since=_fills_since(desk, last_fill, at))
        if before == desk.account.balances():
            return _Read(at=at, trades=trades, entries=entries, balances=before)
    raise UnreachableError(f"the account moved during each of {TRIES} readings; try again")


def _is_all_kept(
    desk: BookDesk,
    entries: Sequence[LedgerEntry],
    last_entry: datetime | None,
    balances: Mapping[str, Balance],
) -> bool:
    """Tell whether the kept ledger is the exchange's; a row that came late moves the sums."""
    if last_entry is None:
        return False
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
