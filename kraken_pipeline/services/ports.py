"""What services need from outside. Adapters fit by shape and inherit nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.account_reports import AmendReport
from kraken_pipeline.domain.accounting.causes import Unexplained
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.activity import Lately
from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.bars import Admitted, Candles, MonthReport
from kraken_pipeline.domain.certificates import Certificate, Difference, Span
from kraken_pipeline.domain.cooldowns import Cooldown
from kraken_pipeline.domain.errors import OrderRefusedError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.halts import Halt, HaltKind, Scope
from kraken_pipeline.domain.ids import PlanId
from kraken_pipeline.domain.intents import Decision, Intent, Namespace
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Fill, Position
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.market_reports import Depth, TradesPage
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.domain.orders import Event, Order
from kraken_pipeline.domain.plans import Plan, PlanResult
from kraken_pipeline.domain.reconciliations import (
    Cause,
    CleanRun,
    ForeignOrder,
    Reconciliation,
)
from kraken_pipeline.domain.reports import (
    Balance,
    Listing,
    OrderReport,
    Page,
    Placed,
    Rehearsed,
    TradeReport,
)
from kraken_pipeline.domain.switch import Switch, SwitchReport
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.domain.universe import Refresh, Universe
from kraken_pipeline.strategies.base import Bars

Clock = Callable[[], datetime]
"""Tells the exchange's time, aware and in UTC."""


class Quoting(Protocol):
    """What is listed, and what it costs now. Every method may raise `ExchangeError`."""

    def listing(self) -> Listing:
        """Return every pair and asset that the exchange lists."""
        ...

    def tickers(self) -> Mapping[str, Ticker]:
        """Return the ticker of every listed pair, by our name, in one call."""
        ...

    def system_status(self) -> str:
        """Return `online`, `maintenance`, `cancel_only` or `post_only`."""
        ...


class Market(Quoting, Protocol):
    """The exchange's public side. Every method may raise `ExchangeError`."""

    def listed_in(self, country_code: str) -> frozenset[str]:
        """Return Kraken's keys of the pairs that it lists for a country, such as `US:TX`."""
        ...

    def depth(self, pair: Pair) -> Depth:
        """Return the book of a pair, as deep as is usual."""
        ...

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles from `since` (an open time) on, or as many as there are."""
        ...

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        """Return anybody's trades after a cursor (nanoseconds since 1970), oldest first."""
        ...


class Holding(Protocol):
    """What the account has and what it pays. Every method may raise `ExchangeError`."""

    def balances(self) -> Mapping[str, Balance]:
        """Return each bucket by Kraken's own asset id."""
        ...

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        """Return what the account pays on each pair, by our name, in one call."""
        ...


class Account(Holding, Protocol):
    """The exchange's private side, reading only. Every method may raise `ExchangeError`."""

    def open_orders(self, cl_ord_id: str | None = None) -> tuple[OrderReport, ...]:
        """Return open orders, all or of one client order id."""
        ...

    def closed_orders(
        self, *, since: datetime, cl_ord_id: str | None = None
    ) -> tuple[OrderReport, ...]:
        """Return orders that ended after `since`, every page."""
        ...

    def orders(self, kraken_order_ids: Sequence[str]) -> Mapping[str, OrderReport]:
        """Return orders by Kraken's id, whatever their state; one never issued is left out."""
        ...

    def amends(self, kraken_order_id: str) -> tuple[AmendReport, ...]:
        """Return what an order was at first and after each change, the oldest first."""
        ...

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return our trades after `since`, every page, unconsolidated, oldest first."""
        ...

    def ledger(self, *, since: datetime | None) -> tuple[LedgerEntry, ...]:
        """Return ledger entries after `since`, every page, oldest first."""
        ...

    def trades_page(self, *, since: datetime | None, end: str, skip: int) -> Page[TradeReport]:
        """Return one page of our trades, from the newest on."""
        ...

    def ledger_page(self, *, since: datetime | None, end: str, skip: int) -> Page[LedgerEntry]:
        """Return one page of the ledger, from the newest entry on."""
        ...


class Gateway(Protocol):
    """Where orders go. Which one it is was chosen when it was made (MOD-1)."""

    def add(self, order: Order, *, deadline: datetime) -> Placed | Rehearsed:
        """Send the order once.

        Raises:
            OrderRefusedError: it will not exist.
            UnreachableError: it never left, or was turned away; it does not exist.
            AuthError: the key was refused; it does not exist.
            InvalidValueError: it cannot be written as a request; nothing was sent.
            ConfigurationError: nothing can be sent as things are set up; nothing was.
            OutcomeUnknownError: it may exist.
            UnexpectedReplyError: it may exist.
        """
        ...

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | Rehearsed | OrderRefusedError, ...]:
        """Send 2 to 15 orders of one pair at once, and say what became of each, in their order.

        Raises:
            ExchangeError: what it says holds of every one of the orders; see `add`.
            InvalidValueError: they cannot be written as one request; nothing was sent.
        """
        ...

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests, once (OMS-12).

        Raises:
            OrderRefusedError: the order stays as it was, or is not open any more.
            UnreachableError: the request was not done.
            RefusedError: nothing of ours rests here that could be changed.
            OutcomeUnknownError: the order may be changed.
            UnexpectedReplyError: likewise.
        """
        ...

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without nonce, to be written down first.

        Raises:
            InvalidValueError: it cannot be written as a request.
        """
        ...

    def cancel(self, kraken_order_id: str) -> None:
        """Ask for a cancel; it is proven only by what the exchange shows later (OMS-11).

        Raises:
            OrderRefusedError: the order is not open any more.
            OutcomeUnknownError: it may be canceled.
        """
        ...

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        """Ask for up to 50 cancels at once and return how many orders were reached.

        What is not open is passed over. As with `cancel`, nothing is proven.

        Raises:
            OrderRefusedError: nothing was canceled.
            OutcomeUnknownError: each of them may be canceled.
        """
        ...


class BarReading(Protocol):
    """Closed bars, to decide on."""

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`."""
        ...

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then."""
        ...

    def revisions(
        self, frame: Timeframe, *, first: datetime, last: datetime
    ) -> Mapping[str, Mapping[datetime, int]]:
        """Return of each pair the bars that were told anew, by open time, and how often (HIS-5)."""
        ...


class BarStore(BarReading, Protocol):
    """Closed bars, exact, all pairs of a timeframe together."""

    def append(self, frame: Timeframe, pages: Iterable[Candles]) -> int:
        """Add what is new and return how many rows that were; what is there stays as it is."""
        ...

    def append_all(self, told: Mapping[Timeframe, Sequence[Candles]]) -> Mapping[Timeframe, int]:
        """Append to several timeframes at once; what an error leaves of each is there or not."""
        ...

    def revise(self, frame: Timeframe, pages: Iterable[Candles]) -> Mapping[str, Admitted]:
        """Add what is new, and what is told differently as the next revision of its bar."""
        ...

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        ...

    def report(
        self, frame: Timeframe, month: str, *, now: datetime, since: datetime | None = None
    ) -> MonthReport:
        """Return what is stored of a UTC month (`YYYY-MM-01`); faults among bars from `since`."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from, and of why one is missing."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        """Add what sources told of pairs; the same told again changes nothing."""
        ...


class CloseListener(Protocol):
    """Who is told that candles have closed, by whoever hears it from the exchange's stream."""

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        """Learn that the bars that closed at an instant are in the store, for every pair.

        The stream hears nothing while this runs: whoever has work to do does it elsewhere, and
        whatever goes wrong there stays there. The same close may be told twice.

        Args:
            frames: the timeframes that have a bar ending then.
            closed_at: that instant, exchange time, UTC.
        """
        ...


class UniverseReading(Protocol):
    """Versions of the universe."""

    def latest(self) -> Universe | None:
        """Return the version in force."""
        ...

    def refresh(self, *, at: datetime | None = None, version: str | None = None) -> Refresh | None:
        """Return the newest refresh, or the newest until an instant, or of a version."""
        ...


class UniverseStore(UniverseReading, Protocol):
    """Versions of the universe; never changed, only added to."""

    def keep(self, refresh: Refresh) -> None:
        """Keep a refresh, and its version; one that is there stays, with when it was last seen."""
        ...


class Deciding(Protocol):
    """What was decided, and what the strategies keep."""

    def is_decided(
        self, namespace: Namespace, strategy_id: str, frame: Timeframe, closed_at: datetime
    ) -> bool:
        """Tell whether the bar was decided."""
        ...

    def record(self, decision: Decision, state: Mapping[str, str]) -> bool:
        """Keep decision, intents and state in one transaction; False if the bar was decided."""
        ...

    def state(
        self, namespace: Namespace, strategy_id: str, timeframe: str, *, version: str
    ) -> Mapping[str, str]:
        """Return what a version of the strategy saved with its last decision; empty at first."""
        ...


class DecisionStore(Deciding, Protocol):
    """Decisions with all they saw, and the strategies' own state."""

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered, oldest decision first."""
        ...


class Assessment(Protocol):
    """One open transaction in which intents are answered; nobody else writes meanwhile."""

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered."""
        ...

    def reserving_orders(self) -> tuple[Order, ...]:
        """Return every order that may still fill."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Return what every book holds."""
        ...

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the stop distance of the newest buy that filled, by book and pair that is held."""
        ...

    def halts(self) -> tuple[Halt, ...]:
        """Return the latched halts."""
        ...

    def cooldowns(self) -> Mapping[str, datetime]:
        """Return until when nothing opens on each pair that was refused for want of funds."""
        ...

    def lately(self, namespace: Namespace, now: datetime) -> Lately:
        """Return what was ordered in the last minute, and ordered and traded in the UTC day."""
        ...

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        """Return the locks of protections that are in force."""
        ...

    def keep(self, plan: Plan, orders: Sequence[Order]) -> None:
        """Write verdicts and reservations; the transaction ends with the context."""
        ...


class OrderWriting(Protocol):
    """Orders on their way: read, sent and heard of."""

    def reserving(self) -> tuple[Order, ...]:
        """Return every order that may still fill, oldest first."""
        ...

    def order(self, local_id: str) -> Order:
        """Return one order.

        Raises:
            UnknownNameError: there is none of that id.
        """
        ...

    def record(self, order: Order, event: Event, *, epoch: int | None = None) -> Order:
        """Write the event and what it makes of the order, in one transaction.

        Args:
            order: as it was read; its version guards the write.
            event: what happened.
            epoch: of the lease; needed to move to SENDING.

        Raises:
            ConflictError: the order changed since it was read.
            LeaseLostError: the epoch is not the one in force (OMS-2).
            RefusedError: a halt is latched and the order would open (PAN-2).
            ImpossibleFactError: the fact contradicts what is known.
        """
        ...

    def record_all(
        self, told: Sequence[tuple[Order, Event]], *, epoch: int | None = None
    ) -> tuple[Order, ...]:
        """Write an event of each of several orders, all or none; see `record`."""
        ...

    def record_refusal(
        self,
        order: Order,
        event: Event,
        *,
        again: Order | None = None,
        cooldown: Cooldown | None = None,
    ) -> Order:
        """Write that an order was not taken, and what follows from it, in one transaction.

        Args:
            order: as it was read.
            event: the refusal.
            again: the next attempt at the same wish, with its reservation.
            cooldown: the pair's pause.

        Raises:
            ConflictError: the order changed since it was read; nothing is written.
            ImpossibleFactError: the fact contradicts what is known; nothing is written.
            InvalidValueError: `again` is no next attempt at what was refused.
        """
        ...

    def take_lease(self, resource: str, *, owner: str, now: datetime, length: timedelta) -> int:
        """Take or renew the lease and return its epoch.

        Raises:
            LeaseLostError: another owner holds it.
        """
        ...

    def release_lease(self, resource: str, *, owner: str) -> None:
        """Give the lease back, if the owner still has it."""
        ...

    def changes(self, local_id: str, *, since: datetime) -> tuple[Event, ...]:
        """Return each AMENDED written of an order since then, with what it was before; in order."""
        ...


class OrderStore(OrderWriting, Protocol):
    """Orders, reservations and the lease, always in one transaction with the journal."""

    def assessing(self) -> AbstractContextManager[Assessment]:
        """Open the transaction of an assessment; an exception undoes all of it."""
        ...

    def with_exchange_ids(self, kraken_order_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that these ids of Kraken's belong to."""
        ...

    def with_client_ids(self, cl_ord_ids: Sequence[str]) -> tuple[Order, ...]:
        """Return the orders that were given these ids of ours."""
        ...

    def last_epoch(self) -> int:
        """Return the highest epoch of any lease; zero before the first."""
        ...

    def note_result(self, result: PlanResult) -> None:
        """Write how far a plan came, over what was noted of it before."""
        ...

    def unfinished_plans(self) -> tuple[PlanResult, ...]:
        """Return the plans that are neither settled nor failed."""
        ...

    def orders_of_plan(self, plan: PlanId) -> tuple[Order, ...]:
        """Return a plan's orders."""
        ...

    def unmatched(self) -> tuple[tuple[Order, Decimal], ...]:
        """Return ended orders that filled and have no BOOKS_MATCHED yet, with the booked qty.

        The booked qty is the sum of the order's fills that the books hold, in base. Recording
        BOOKS_MATCHED sets the order's `settled_at`.
        """
        ...

    def clean_reads(self, local_id: str) -> tuple[datetime, ...]:
        """Return when each read was made that found nothing of the order, as noted."""
        ...

    def note_clean_read(
        self, local_id: str, *, at: datetime, spacing: timedelta
    ) -> tuple[datetime, ...]:
        """Note that open and closed orders were read and did not hold the order.

        One that is nearer to the one before than the spacing is not kept.

        Returns:
            When each was made that is noted now, the oldest first.
        """
        ...

    def written_off(self, *, since: datetime) -> tuple[Order, ...]:
        """Return the orders that a person wrote off since then and that did not show up."""
        ...

    def unproven_sales(self) -> tuple[Order, ...]:
        """Return the sales that a person wrote off and that too few looks since have missed."""
        ...


class ForeignStore(Protocol):
    """Orders of the account that are not ours."""

    def open(self) -> tuple[ForeignOrder, ...]:
        """Return those that are open as far as is known."""
        ...

    def see(
        self, orders: Sequence[ForeignOrder], *, gone: Collection[str], at: datetime
    ) -> tuple[ForeignOrder, ...]:
        """Keep what is open and, by Kraken's id, what is gone; return what was not known before."""
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


class Latching(Protocol):
    """What stops opening."""

    def latch(
        self, kind: HaltKind, *, reason: str, at: datetime, by: str, scope: Scope = ...
    ) -> bool:
        """Latch; False if one of that kind and scope is latched already."""
        ...


class HaltStore(Latching, Protocol):
    """What is latched."""

    def latched(self) -> tuple[Halt, ...]:
        """Return what stops opening now."""
        ...

    def clear(
        self,
        *,
        reason: str,
        at: datetime,
        by: str,
        kinds: frozenset[HaltKind] = ...,
        scope: Scope | None = ...,
    ) -> int:
        """Clear all, or those of some kinds or of one scope, and return how many there were."""
        ...

    def switch(
        self,
        kind: HaltKind,
        *,
        on: Mapping[Scope, str],
        off: Mapping[Scope, str],
        at: datetime,
        by: str,
    ) -> None:
        """Latch and clear halts of one kind at once; what is halted for that reason stays."""
        ...

    def cleared(self, kind: HaltKind, *, not_by: str) -> Mapping[Scope, datetime]:
        """Return when a halt of a kind was last cleared in each scope by somebody else."""
        ...


class SwitchTimer(Protocol):
    """The exchange's own timer, which cancels every order of the account when it runs out."""

    def cancel_all_after(self, seconds: int) -> SwitchReport:
        """Let it run out after so many seconds from now; 0 turns it off.

        Raises:
            UnreachableError: it was not done.
            OrderRefusedError: the exchange refused.
            AuthError: the key was refused.
            OutcomeUnknownError: it may have been done.
            UnexpectedReplyError: likewise.
        """
        ...


class SwitchStore(Protocol):
    """What is known of the dead man's switch, for every process."""

    def switch(self) -> Switch:
        """Return what is known of it."""
        ...

    def change_switch(
        self, how: Callable[[Switch], Switch], *, at: datetime, by: str, why: str = ""
    ) -> Switch:
        """Change what is known, in one transaction, and return it; a reason goes to the journal."""
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
