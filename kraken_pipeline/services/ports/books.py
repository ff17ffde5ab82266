"""What the strategies hold, and whether it agrees with the exchange."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.accounting.causes import Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reconciliations import Cause, CleanRun, Reconciliation
from kraken_pipeline.domain.symbols import Asset


class Positions(Protocol):
    """What every book holds, and what all of it was worth last."""

    def positions(self) -> tuple[Position, ...]:
        """Return every position, also flat ones."""
        ...

    def latest_snapshot(self) -> Snapshot | None:
        """Return the newest snapshot.

        Raises:
            StorageError: what stands there is none.
        """
        ...


class BookStore(Positions, Protocol):
    """Fills, ledger, positions and snapshots."""

    def last_fill_at(self) -> datetime | None:
        """Return the time of the newest fill that is booked."""
        ...

    def last_entry_at(self) -> datetime | None:
        """Return the time of the newest ledger entry that is kept."""
        ...

    def strategy_books(self, kraken_order_ids: Sequence[str]) -> Mapping[str, str]:
        """Return whose book each order's fills belong to; one that is not ours is left out."""
        ...

    def book(
        self, fills: Sequence[Fill], entries: Sequence[LedgerEntry], lookup: Lookup
    ) -> tuple[int, int]:
        """Keep what is new, explain it, move the positions, and return how many were new."""
        ...

    def hand_over(self, order: Order, *, at: datetime) -> bool:
        """Give `manual` what an ended order bought beyond what we ordered; False to try again."""
        ...

    def unfilled_since(self, since: datetime) -> datetime | None:
        """Return when the first trade since then was that the ledger tells of and no fill does."""
        ...

    def replayed_balances(self) -> Mapping[str, Decimal]:
        """Return what the kept ledger adds up to, by bucket."""
        ...

    def entries_of(self, bucket: str) -> tuple[LedgerEntry, ...]:
        """Return the kept entries of a bucket, oldest first."""
        ...

    def unvalued_flows(self) -> tuple[LedgerEntry, ...]:
        """Return the deposits and withdrawals that are in no snapshot's units yet."""
        ...

    def fills_after(self, at: datetime | None) -> tuple[Fill, ...]:
        """Return booked fills after an instant, oldest first."""
        ...

    def keep_snapshot(
        self,
        snapshot: Snapshot,
        flows: Sequence[LedgerEntry],
        day: NavDay | None = None,
        older_prices: Mapping[str, Sequence[Asset]] = ...,
    ) -> None:
        """Keep a snapshot, its day, and that these flows are in its units, in one transaction."""
        ...

    def newest_day(self, at: datetime) -> NavDay | None:
        """Return the UTC day of an instant, or the newest before it that is kept."""
        ...

    def snapshot_before(self, at: datetime) -> Snapshot | None:
        """Return the newest snapshot of an instant or before it that is kept.

        Raises:
            StorageError: what stands there is none.
        """
        ...

    def unit_prices(self, since: datetime) -> tuple[tuple[datetime, Decimal], ...]:
        """Return instants and unit prices of the snapshots since then."""
        ...

    def days_since(self, day: date) -> tuple[NavDay, ...]:
        """Return the kept UTC days from that one on, oldest first."""
        ...

    def trades_since(self, day: date) -> tuple[TradeDay, ...]:
        """Return what was traded in each UTC day from that one on; quiet days have no row."""
        ...

    def drifting_since(self) -> datetime | None:
        """Return when drift was first seen that has been there ever since; None if none is."""
        ...

    def prune_snapshots(self, before: datetime) -> int:
        """Delete snapshots older than that and return how many; ledger and fills stay."""
        ...


class LedgerStore(Protocol):
    """Why each ledger entry is there."""

    def unexplained(self) -> tuple[Unexplained, ...]:
        """Return the entries that nobody can explain, oldest first."""
        ...

    def in_flight(self) -> tuple[InFlight, ...]:
        """Return the ends of moves between buckets whose other end has not come."""
        ...

    def moved(self, since: datetime, until: datetime | None) -> Mapping[str, Decimal]:
        """Return by how much entries that are in no units yet changed each bucket in a while."""
        ...


class ReconciliationStore(Protocol):
    """Comparisons of the books with the exchange, as they ended."""

    def keep(self, found: Reconciliation) -> None:
        """Keep one, as the newest."""
        ...

    def newest(self, count: int) -> tuple[Reconciliation, ...]:
        """Return the last ones, the newest first."""
        ...

    def clean_run(self) -> CleanRun:
        """Return what is known of the clean ones since the last that was not clean."""
        ...

    def last_at(self, *causes: Cause) -> datetime | None:
        """Return when the newest was made, of some causes or of any."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete the clean ones older than that and return how many."""
        ...
