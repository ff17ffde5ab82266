"""What the exchange tells of an account: read as of one instant, and made fills of our books.

The reading half of `services.book`. Of what it reads it keeps only what is long of the past.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import MANUAL, Fill, book_of, fill_of
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import FATE_OPEN, State
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Balance, Listing, TradeReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import EPOCH
from kraken_pipeline.services.books.past_prices import Closes, PastPrices
from kraken_pipeline.services.books.snapshots import drifting_of
from kraken_pipeline.services.books.sync import LongList, read_long
from kraken_pipeline.services.books.vaults import (
    Fresh,
    VaultDesk,
    book_vaults,
    is_due,
    is_news,
    look,
    moved_at,
    with_vaults,
)
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.exchange import Account, Clock
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.risk.world import listed_asset

MISSED_FILLS: Final = timedelta(days=1)
"""How far back the ledger is asked for trades whose fill is not kept. What nothing prices never
is: without an end it would be read for ever."""
TRIES: Final = 5
"""Readings of an account that moves meanwhile, before giving up."""
LONG_AGO: Final = timedelta(days=1)
"""After so long without a look there may be more than a few pages to read."""
OVERLAP: Final = timedelta(minutes=5)
"""Read this far back again: a row may appear later than its own time says."""
ITSELF: Final = Decimal(1)
"""What a unit of the base currency is worth in base currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """What reading the account needs."""

    account: Account
    vaults: VaultDesk
    books: BookStore
    long_ledger: LongList[LedgerEntry]
    long_trades: LongList[TradeReport]
    orders: OrderStore
    base_currency: Asset
    closes: Closes
    """Certified closes, for what came while nobody saw a ticker."""
    clock: Clock


def lookup_at(at: datetime, listing: Listing, prices: PriceTable) -> Lookup:
    """Return what names and prices are known as the account is read."""

    def worth_of(asset: Asset, qty: Decimal) -> Decimal | None:
        rate = prices.rate(asset)
        return None if rate is None else rate * qty

    return Lookup(at=at, asset_of=partial(listed_asset, listing.symbols), worth_of=worth_of)


def past_prices(
    desk: ReadingDesk, prices: PriceTable, listing: Listing, now: datetime
) -> PastPrices:
    """Return what finds the price of a time that is over; `now` is when `prices` were seen."""
    return PastPrices(
        base_currency=desk.base_currency,
        listing=listing,
        now=now,
        tickers=prices,
        closes=desk.closes,
    )


def catch_up(
    desk: ReadingDesk, prices: PriceTable, listing: Listing, before: Snapshot | None
) -> Sequence[LedgerEntry] | None:
    """Read what is long of the past: all of it at first, and whatever came while nobody looked.

    A list that is short is left to the reading of one instant, and so is the rest of a long one.

    Returns:
        The newest entries of the ledger where one page holds them; None where they must be read.
    """
    now = desk.clock()
    if before is not None and now - before.at <= LONG_AGO:
        return None
    lookup = lookup_at(now, listing, prices)
    past = past_prices(desk, prices, listing, now)
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    read_long(
        desk.long_trades,
        lambda some: desk.books.book(fills_of(desk, some, past), (), lookup),
        since=None if last_fill is None else last_fill - OVERLAP,
    )
    return read_long(
        desk.long_ledger,
        lambda some: desk.books.book((), some, lookup),
        since=None if last_entry is None else last_entry - OVERLAP,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was read of the account."""

    at: datetime
    """Before the first of it was asked for: it is no younger, whatever came in between."""
    trades: Sequence[TradeReport]
    entries: Sequence[LedgerEntry]
    balances: Mapping[str, Balance]
    earn: Fresh | None
    """What Earn told; None where it was not asked."""


def read_account(desk: ReadingDesk, newest: Sequence[LedgerEntry] | None) -> Read:
    """Read fills, ledger and balances of one instant: nothing may move while they are read.

    Fills are not asked for where they would tell nothing: the ledger is no longer than the one that
    is kept, adds up to the balances, and no order waits for its fills. That halves what a quiet
    look costs of the key's counter (NET-3). Earn is asked only where that is due.

    Args:
        desk: what reading the account needs.
        newest: entries that were read just now; None to read them. Where they show nothing new and
            the balances agree, nothing moved between the two.

    Raises:
        UnreachableError: the account moved during every try.
    """
    last_fill, last_entry = desk.books.last_fill_at(), desk.books.last_entry_at()
    for _ in range(TRIES):
        at = desk.clock()
        before = desk.account.balances()
        entries, newest = newest, None
        is_kept = entries is not None and _is_all_kept(desk, entries, last_entry, before)
        if entries is None or not is_kept:
            since = None if last_entry is None else last_entry - OVERLAP
            entries = desk.account.ledger(since=since)
            is_kept = _is_all_kept(desk, entries, last_entry, before)
        is_earns = is_due(desk.vaults, moved_at(desk.vaults, entries), at)
        earn = look(desk.vaults, before, at) if is_earns else None
        quiet = Read(at=at, trades=(), entries=entries, balances=before, earn=earn)
        if is_kept and (earn is None or not is_news(desk.vaults, earn)):
            return quiet
        trades = () if is_kept else desk.account.trades(since=_fills_since(desk, last_fill, at))
        if before == desk.account.balances():
            return replace(quiet, trades=trades)
    raise UnreachableError(f"the account moved during each of {TRIES} readings; try again")


def with_earn(
    desk: ReadingDesk, read: Read, book: Callable[[Sequence[LedgerEntry]], object]
) -> Mapping[str, Balance]:
    """Return the balances with what vaults hold, whose entries are booked.

    Earn is asked where the kept ledger differs: it may be the reason. Where the account moves
    meanwhile, the next pass asks again.
    """
    earn, balances = read.earn, with_vaults(desk.vaults, read.balances)
    if earn is None and drifting_of(desk.books, balances):
        since = desk.books.drifting_since() or read.at
        if is_due(desk.vaults, since, read.at):
            earn = look(desk.vaults, read.balances, read.at)
            earn = earn if desk.account.balances() == read.balances else None
    if earn is None:
        return balances
    book_vaults(desk.vaults, earn, read.at, book)
    return with_vaults(desk.vaults, read.balances)


def _is_all_kept(
    desk: ReadingDesk,
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
    return not drifting_of(desk.books, with_vaults(desk.vaults, balances))


def _fills_since(desk: ReadingDesk, last_fill: datetime | None, now: datetime) -> datetime | None:
    """Return from when on fills are read; None from the first.

    Fills may be shown later than the ledger's entries of them: whatever the ledger tells of and no
    fill explains is asked for again (PF-2).
    """
    if last_fill is None:
        return None
    missed = desk.books.unfilled_since(now - MISSED_FILLS)
    return min(last_fill, last_fill if missed is None else missed) - OVERLAP


def _whose(desk: ReadingDesk, trades: Sequence[TradeReport]) -> Mapping[str, str]:
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


def fills_of(desk: ReadingDesk, trades: Sequence[TradeReport], past: PastPrices) -> list[Fill]:
    """Return the trades as fills of a book, each at what its quote was worth when it was made.

    Where nobody can say that, one of ours takes the rate at which it was approved, and one of
    somebody else's what the quote is worth now. What nothing prices is left to the ledger: its
    coins are counted, its profit is not known (PF-6).
    """
    listing, books = past.listing, _whose(desk, trades)
    ours = desk.orders.with_exchange_ids(sorted({each.kraken_order_id for each in trades}))
    approved_at = {each.kraken_order_id: each.quote_rate for each in ours}
    fills = []
    for each in _as_kept(desk, trades, listing):
        pair = listing.pairs.get(each.pair)
        rate = None if pair is None else _rate_then(past, pair.quote, each.at)
        rate = approved_at.get(each.kraken_order_id) if rate is None else rate
        rate = past.tickers.rate(pair.quote) if rate is None and pair is not None else rate
        if rate is not None:
            book = books.get(each.kraken_order_id, MANUAL)
            fills.append(fill_of(each, quote_rate=rate, book=book))
    return fills


def _rate_then(past: PastPrices, quote: Asset, at: datetime) -> Decimal | None:
    if quote == past.base_currency:
        return ITSELF
    point = past(quote, at)
    return None if point is None else point.price


def _as_kept(
    desk: ReadingDesk, trades: Sequence[TradeReport], listing: Listing
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
