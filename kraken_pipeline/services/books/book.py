"""Ledger, fills and balances to positions and a snapshot; differences are named."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.accounting.causes import Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.accounting.valuation import believable
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.account_reading import (
    OVERLAP,
    ReadingDesk,
    catch_up,
    fills_of,
    lookup_at,
    past_prices,
    read_account,
    with_earn,
)
from kraken_pipeline.services.books.snapshots import NavDesk, take, totals
from kraken_pipeline.services.ports.books import LedgerStore
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.services.risk.world import chosen_pairs, economic_asset, listed_asset


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDesk(ReadingDesk):
    """What keeping the books needs."""

    market: Market
    ledger: LedgerStore
    retention: timedelta
    """How long snapshots are kept; ledger and fills stay for ever."""
    valuation_pairs: Mapping[str, str]
    """An asset to the pair that a person wants it valued by, in any spelling."""
    tracks_manual: bool
    """Whether trades that no strategy made count in the sums of profit. Their coins always do."""
    tolerance: Tolerance
    """Up to what worth a drift only warns."""
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
    read = read_account(desk, catch_up(desk, prices, listing, before))
    trades, entries = read.trades, read.entries
    past = past_prices(desk, prices, listing, read.at)
    fills = fills_of(desk, trades, past)
    lookup = lookup_at(read.at, listing, prices)
    new_fills, new_entries = desk.books.book(fills, entries, lookup)
    balances = with_earn(desk, read, lambda some: desk.books.book((), some, lookup))
    desk.follow(listing, totals(balances, listing), read.at)
    short = desk.book_moves(listing, prices, read.at)
    nav = NavDesk(
        books=desk.books,
        base_currency=desk.base_currency,
        in_flight=desk.ledger.in_flight(),
        moved=desk.ledger.moved,
        price=past,
        tracks_manual=desk.tracks_manual,
    )
    taken = take(nav, balances, prices=told, listing=listing, before=before, at=read.at)
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
