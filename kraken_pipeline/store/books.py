"""Fills, ledger, positions and snapshots."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BindParameter, bindparam, func, select

from kraken_pipeline.domain.accounting.causes import Cause, Lack
from kraken_pipeline.domain.accounting.kinds import OPERATOR
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.book_steps import Place, Step
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill, Position, book_of
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.symbols import VAULT, Asset
from kraken_pipeline.store import (
    book_steps,
    booking,
    handovers,
    nav_days,
    positions,
    snapshots,
)
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.ledger import entry_of, explain_news
from kraken_pipeline.store.order_rows import in_chunks
from kraken_pipeline.store.prepared import Prepared
from kraken_pipeline.store.replayed import Replayed
from kraken_pipeline.store.schema.books import fills
from kraken_pipeline.store.schema.ledger import entry_causes, ledger_entries
from kraken_pipeline.store.schema.nav import valued_flows
from kraken_pipeline.store.schema.orders import execution_orders

NONE_OLDER: Final[Mapping[str, Sequence[Asset]]] = MappingProxyType({})
_NAMES: Final[BindParameter[Any]] = bindparam("names", expanding=True)
_LAST_FILL: Final = Prepared(select(func.max(fills.c.at)))
_LAST_ENTRY: Final = Prepared(
    select(ledger_entries.c.at)
    # an entry of our own does not tell how far the exchange's were read
    .where(
        ledger_entries.c.type != OPERATOR,
        ledger_entries.c.asset.not_like(f"%.{VAULT}"),
    )
    .order_by(ledger_entries.c.at.desc())
    .limit(1)
)
_WHOSE: Final = Prepared(
    select(
        execution_orders.c.kraken_order_id,
        execution_orders.c.strategy_id,
        execution_orders.c.timeframe,
    ).where(execution_orders.c.kraken_order_id.in_(_NAMES))
)
_UNFILLED: Final = Prepared(
    select(func.min(ledger_entries.c.at)).where(
        ledger_entries.c.type == "trade",
        ledger_entries.c.at >= bindparam("since"),
        ledger_entries.c.refid.not_in(select(fills.c.trade_id)),
    )
)
_OF_BUCKET: Final = Prepared(
    select(ledger_entries)
    .where(ledger_entries.c.asset == bindparam("bucket"))
    .order_by(ledger_entries.c.at, ledger_entries.c.entry_id)
)
_UNVALUED: Final = Prepared(
    select(ledger_entries)
    .join(entry_causes)
    .where(
        # what nobody can explain is no profit; what waits for its other side is neither
        entry_causes.c.cause.in_((Cause.FLOW.value, Cause.UNKNOWN.value)),
        entry_causes.c.lacks == Lack.NOTHING.value,
        ledger_entries.c.entry_id.not_in(select(valued_flows.c.entry_id)),
    )
    .order_by(ledger_entries.c.at, ledger_entries.c.entry_id)
)
_ALL_FILLS: Final = select(fills).order_by(fills.c.at, fills.c.trade_id)
_FILLS_AFTER: Final = _ALL_FILLS.where(fills.c.at > bindparam("after"))


class SqlBookStore:
    """Books in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._replayed: Final = Replayed()
        self._is_explained = False

    def last_fill_at(self) -> datetime | None:
        """Return the time of the newest fill that is booked."""
        with self._database.reading() as connection:
            last: datetime | None = _LAST_FILL.value(connection)
        return last

    def last_entry_at(self) -> datetime | None:
        """Return the time of the newest ledger entry of the exchange's that is kept."""
        with self._database.reading() as connection:
            last: datetime | None = _LAST_ENTRY.value(connection)
        return last

    def strategy_books(self, kraken_order_ids: Sequence[str]) -> Mapping[str, str]:
        """Return whose book each order's fills belong to; one that is not ours is left out."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for some in in_chunks(kraken_order_ids):
                rows = _WHOSE.rows(connection, {"names": some})
                found.update((each[0], book_of(each[1], each[2])) for each in rows)
        return found

    def book(
        self, fills: Sequence[Fill], entries: Sequence[LedgerEntry], lookup: Lookup
    ) -> tuple[int, int]:
        """Keep what is new, explain it, move the positions, and return how many were new.

        A fill that was taken for `manual` and is now told as a strategy's moves to its book. What
        an order bought beyond what we ordered goes to `manual` at once, with the same write.

        Raises:
            ImpossibleFactError: a trade or an entry that is kept is told otherwise now; nothing
                of this call is kept.
        """
        with self._database.writing() as connection:
            new_fills, moved = booking.new_fills(connection, fills)
            new_entries = booking.new_entries(connection, entries)
            booking.keep(connection, new_fills, new_entries)
            if new_fills or new_entries or not self._is_explained:
                explain_news(
                    connection,
                    new_fills,
                    new_entries,
                    lookup,
                    may_lack_causes=not self._is_explained,
                )
            booking.move_positions(connection, new_fills, moved)
            handovers.hand_over_new(connection, [*new_fills, *moved])
            booking.note(connection, [*new_fills, *moved], new_entries)
        self._is_explained = True
        return len(new_fills), len(new_entries)

    def hand_over(self, order: Order, *, at: datetime) -> bool:
        """Give `manual` what an ended order bought beyond what we ordered, each unit once.

        Returns:
            Whether nothing is left to give: while the book's own sales may take it, something is.
        """
        with self._database.reading() as connection:
            if not handovers.excess(connection, order):
                return True
        with self._database.writing() as connection:
            return handovers.hand_over(connection, order, at=at)

    def positions(self) -> tuple[Position, ...]:
        """Return every position, also flat ones."""
        with self._database.reading() as connection:
            return positions.all_positions(connection)

    def steps(self) -> Mapping[Place, Sequence[Step]]:
        """Return what changed each book's position of each pair."""
        with self._database.reading() as connection:
            return book_steps.steps(connection)

    def unfilled_since(self, since: datetime) -> datetime | None:
        """Return when the first trade since then was that the ledger tells of and no fill does."""
        with self._database.reading() as connection:
            at: datetime | None = _UNFILLED.value(connection, {"since": since})
        return at

    def replayed_balances(self) -> Mapping[str, Decimal]:
        """Return what the kept ledger adds up to, by bucket."""
        with self._database.reading() as connection:
            return self._replayed.sums(connection)

    def entries_of(self, bucket: str) -> tuple[LedgerEntry, ...]:
        """Return the kept entries of a bucket, oldest first."""
        with self._database.reading() as connection:
            return tuple(entry_of(row) for row in _OF_BUCKET.named(connection, {"bucket": bucket}))

    def unvalued_flows(self) -> tuple[LedgerEntry, ...]:
        """Return what came from outside or left and is in no snapshot's units, oldest first."""
        with self._database.reading() as connection:
            return tuple(entry_of(row) for row in _UNVALUED.named(connection))

    def fills_after(self, at: datetime | None) -> tuple[Fill, ...]:
        """Return booked fills after an instant, oldest first."""
        wanted = _ALL_FILLS if at is None else _FILLS_AFTER
        with self._database.reading() as connection:
            rows = connection.execute(wanted, {} if at is None else {"after": at}).mappings()
            return tuple(positions.fill_of(row) for row in rows)

    def keep_snapshot(
        self,
        snapshot: Snapshot,
        flows: Sequence[LedgerEntry],
        day: NavDay | None = None,
        older_prices: Mapping[str, Sequence[Asset]] = NONE_OLDER,
    ) -> None:
        """Keep a snapshot, over one of the same instant, with the flows that are in its units.

        Args:
            snapshot: that is kept until it is pruned.
            flows: that are in its units and were in no others.
            day: its UTC day with it in it, kept for ever.
            older_prices: flows whose units were reckoned with older prices of these assets.

        Raises:
            ConflictError: a flow is in the units of a snapshot already; nothing is kept.
        """
        with self._database.writing() as connection:
            snapshots.keep(connection, snapshot)
            if flows:
                snapshots.mark_valued(connection, snapshot, flows, older_prices)
            if day is not None:
                nav_days.keep(connection, day)

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        with self._database.reading() as connection:
            return snapshots.latest(connection)

    def snapshot_before(self, at: datetime) -> Snapshot | None:
        """Return the newest snapshot of an instant or before it that is not pruned."""
        with self._database.reading() as connection:
            return snapshots.before(connection, at)

    def unit_prices(self, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Return instants and unit prices of the snapshots since then, oldest first."""
        with self._database.reading() as connection:
            return snapshots.unit_prices(connection, since)

    def newest_day(self, at: datetime) -> NavDay | None:
        """Return the UTC day of an instant, or the newest before it that is kept."""
        with self._database.reading() as connection:
            return nav_days.newest(connection, at)

    def days_since(self, day: date) -> tuple[NavDay, ...]:
        """Return the kept UTC days from that one on, oldest first."""
        with self._database.reading() as connection:
            return nav_days.since(connection, day)

    def trades_since(self, day: date) -> tuple[TradeDay, ...]:
        """Return what was traded in each UTC day from that one on; quiet days have no row."""
        with self._database.reading() as connection:
            return nav_days.trades_since(connection, day)

    def drifting_since(self) -> datetime | None:
        """Return when drift was first seen that has been there ever since; None if none is."""
        with self._database.reading() as connection:
            return snapshots.drifting_since(connection)

    def prune_snapshots(self, before: datetime) -> int:
        """Delete snapshots older than that but the newest; ledger and fills stay."""
        with self._database.writing() as connection:
            return snapshots.prune(connection, before)
