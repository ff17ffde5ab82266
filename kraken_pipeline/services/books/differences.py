"""What is held against what orders need, and the kept books against the exchange."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.domain.accounting.partings import replayed
from kraken_pipeline.domain.holds import Hold, unexplained_holds
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reconciliations import Finding, Kind
from kraken_pipeline.domain.reports import Balance, Listing, OrderReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.snapshots import drifting_of
from kraken_pipeline.services.books.vaults import VaultDesk, with_vaults
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.services.risk.halt import READS_LAG
from kraken_pipeline.services.risk.world import economic_asset


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyDesk:
    """What comparing money needs."""

    settling: SettleDesk
    market: Market
    books: BookStore
    vaults: VaultDesk


def holds_left(
    balances: Mapping[str, Balance], listing: Listing, shown: Sequence[OrderReport]
) -> tuple[Hold, ...]:
    """Return what of each asset is held and not needed by the open orders, or the other way."""
    held: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    for bucket, balance in balances.items():
        held[economic_asset(listing.symbols, bucket)] += balance.held
    steps = {
        economic_asset(listing.symbols, key): Decimal(1).scaleb(-each.decimals)
        for key, each in listing.assets.items()
        if each.decimals is not None
    }
    return unexplained_holds(held, shown, listing.pairs, steps)


def has_moved(desk: MoneyDesk, balances: Mapping[str, Balance]) -> bool:
    """Tell whether ledger and balances part, or fills of an order are late by too much."""
    is_drifting = bool(drifting_of(desk.books, with_vaults(desk.vaults, balances)))
    return is_drifting or any(
        _lacks_fills(desk, *each) for each in desk.settling.orders.unmatched()
    )


def of_books(desk: MoneyDesk, booked: Booked) -> Iterator[Finding]:
    """Yield what keeping the books brought to light."""
    if booked.fills:
        yield Finding(kind=Kind.FILLS_BOOKED, subject="books", said=f"count={booked.fills}")
    for name in booked.late:
        said = "fills that came after it had ended"
        yield Finding(kind=Kind.ORDER_BACK, subject=name, said=said)
    now, since = booked.snapshot.at, desk.books.drifting_since()
    is_old = since is not None and now - since >= READS_LAG
    for asset, said in sorted(booked.snapshot.drift.items()):
        if is_old:
            where = replayed(asset, desk.books.entries_of(asset))
            kind = Kind.DRIFT if booked.has_grave_drift else Kind.DRIFT_SMALL
            yield Finding(kind=kind, subject=asset, said=f"{said}; {where}")
        else:
            yield Finding(kind=Kind.DRIFT_PENDING, subject=asset, said=said)
    for asset, qty in sorted(booked.short.items()):
        said = f"{plain(qty)} more went out than is known to have come"
        yield Finding(kind=Kind.SHORT, subject=asset, said=said)
    for order, qty in desk.settling.orders.unmatched():
        if _lacks_fills(desk, order, qty):
            said = f"filled={order.filled_qty}, booked={qty}"
            yield Finding(kind=Kind.FILLS_MISSING, subject=order.local_id, said=said)


def _lacks_fills(desk: MoneyDesk, order: Order, booked: Decimal) -> bool:
    """Tell whether fills of an order that ended are missing for longer than reads may lag."""
    now = desk.settling.clock()
    return booked != order.filled_qty and now - order.updated_at >= READS_LAG
