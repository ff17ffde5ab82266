"""What stands between the books and the exchange now, and why: nothing of it is left out. Pure.

An open order holds funds, a move between buckets is on its way, fills are awaited: these explain
why two figures differ. What explains nothing stands beside it: balances that drift, entries of the
ledger that nobody can explain, and books that together hold more than there is.

Source: PF-2, PF-14, F-MON-10.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kraken_pipeline.domain.accounting.causes import Explained, Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.vaults import Look
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import MANUAL, Position
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, Order
from kraken_pipeline.domain.symbols import Asset


class What(StrEnum):
    """Why books and exchange may differ, or that they do."""

    HELD = "held by an order"
    ON_ITS_WAY = "between two buckets"
    AWAITED = "fills awaited"
    UNTOLD = "trades awaited"
    UNSEEN = "vaults not seen"
    UNKNOWN = "entry without a cause"
    DRIFT = "balance differs"
    LACKING = "books hold more than there is"
    UNCOVERED = "sold more than its book held"


EXPLAINED = frozenset({What.HELD, What.ON_ITS_WAY, What.AWAITED, What.UNTOLD})
"""What is a reason; the others need a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPoint:
    """One of them."""

    what: What
    of: str
    """The order, the bucket, the asset, or the book and its pair."""
    said: str
    """With figures."""
    since: datetime | None
    """None where it is not known."""

    @property
    def is_explained(self) -> bool:
        """Whether it is a reason and no fault."""
        return self.what in EXPLAINED


def of_orders(
    open_orders: Iterable[Order], unmatched: Iterable[tuple[Order, Decimal]]
) -> Iterable[OpenPoint]:
    """Yield what open orders hold, and which ended ones wait for their fills.

    Args:
        open_orders: that may still fill.
        unmatched: ended orders that filled, with what of it is booked.
    """
    for each in open_orders:
        if each.state in AT_THE_EXCHANGE:
            qty = f"{each.side} {plain(each.open_qty)} {each.pair} at {plain(each.limit_price)}"
            yield _point(What.HELD, each.local_id, qty, each.created_at)
    for each, booked in unmatched:
        if booked != each.filled_qty:
            said = f"filled {plain(each.filled_qty)} {each.pair}, booked {plain(booked)}"
            yield _point(What.AWAITED, each.local_id, said, each.updated_at)


def of_moves(in_flight: Iterable[InFlight]) -> Iterable[OpenPoint]:
    """Yield what left one bucket and is in no other yet."""
    for each in in_flight:
        said = f"{plain(each.qty)} of {each.entry.entry_id}"
        yield _point(What.ON_ITS_WAY, each.entry.asset, said, each.entry.at)


def of_unexplained(unexplained: Iterable[Unexplained]) -> Iterable[OpenPoint]:
    """Yield each entry that nobody can explain, with why not (PF-2)."""
    for each in unexplained:
        entry = each.told.entry
        said = f"{plain(entry.net)} of {entry.entry_id}: {each.told.why}"
        yield _point(What.UNKNOWN, entry.asset, said, entry.at)


def of_trades(without_fill: Iterable[Explained]) -> Iterable[OpenPoint]:
    """Yield by bucket what trades moved of which the ledger tells and no fill is kept.

    Args:
        without_fill: the entries, oldest first. What is traded by hand in a currency that nothing
            prices stays among them.
    """
    by_bucket: defaultdict[str, list[LedgerEntry]] = defaultdict(list)
    for each in without_fill:
        by_bucket[each.entry.asset].append(each.entry)
    for bucket, some in sorted(by_bucket.items()):
        moved = plain(sum((each.net for each in some), ZERO))
        more = f" and {len(some) - 1} more" if len(some) > 1 else ""
        yield _point(What.UNTOLD, bucket, f"{moved} of {some[0].entry_id}{more}", some[0].at)


def of_vaults(last: Look | None) -> Iterable[OpenPoint]:
    """Yield that nobody tells what lies in vaults, where the last look was refused."""
    if last is not None and last.refused:
        said = (
            f"refused: {last.refused}. What leaves for a vault stays on its way; give the reader's "
            "key the permission to query funds"
        )
        yield _point(What.UNSEEN, "Earn/Allocations", said, last.at)


def of_books(
    snapshot: Snapshot, bases: Mapping[str, Asset], drifting_since: datetime | None
) -> Iterable[OpenPoint]:
    """Yield which balances differ, and what strategies' books hold that is not there.

    Args:
        snapshot: of now.
        bases: pair to what is bought in it; one that is not named is left out.
        drifting_since: since when a bucket differs.
    """
    for bucket, said in sorted(snapshot.drift.items()):
        yield _point(What.DRIFT, bucket, said, drifting_since)
    ours = [each for each in snapshot.positions if each.book != MANUAL]
    there = {each.asset: each.qty for each in snapshot.valuations}
    by_asset: defaultdict[Asset, list[Position]] = defaultdict(list)
    for each in ours:
        if each.qty and each.pair in bases:
            by_asset[bases[each.pair]].append(each)
        if each.uncosted:
            said = f"{plain(each.uncosted)} more was sold than it held"
            yield _point(What.UNCOVERED, f"{each.book} {each.pair}", said, None)
    for asset, some in sorted(by_asset.items()):
        held, has = sum((each.qty for each in some), ZERO), there.get(asset, ZERO)
        if held > has:
            books = ", ".join(f"{each.book} {plain(each.qty)}" for each in some)
            said = f"{books}; there is {plain(has)}, {plain(held - has)} is lacking"
            yield _point(What.LACKING, asset, said, None)


def _point(what: What, of: str, said: str, since: datetime | None) -> OpenPoint:
    return OpenPoint(what=what, of=of, said=said, since=since)
