"""The pipeline's part in trading: from what is decided to orders, books and agreement."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

from kraken_pipeline.domain.accounting import identity, open_points
from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.holdings import differing
from kraken_pipeline.domain.accounting.open_points import OpenPoint
from kraken_pipeline.domain.accounting.performance import Performance, performance
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.lots import DUST, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, ENDED, Event, Fact, Order
from kraken_pipeline.domain.plans import Plan, PlanResult
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.books import adjust, agreement, book, reconcile
from kraken_pipeline.services.books.agreement import Agreement, Loops
from kraken_pipeline.services.books.reconcile import Pass
from kraken_pipeline.services.books.unexplained import latch_unexplained
from kraken_pipeline.services.orders import dust, settle, submit
from kraken_pipeline.services.risk import assess, halt
from kraken_pipeline.services.risk.risk_status import CapUse, caps_in_use
from kraken_pipeline.wiring import desks, heads, protecting, waiting
from kraken_pipeline.wiring.guarding import Guarding
from kraken_pipeline.wiring.locking import judge_protections
from kraken_pipeline.wiring.reading import portfolio_desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the account has, what it cost, and what became of it, in base currency."""

    snapshot: Snapshot
    books: Mapping[Asset, AssetBook]
    result: identity.Result
    """With the snapshot's prices."""
    differing: Mapping[Asset, str]
    """Assets of which the books hold another qty than the account has."""


@dataclass(frozen=True, kw_only=True)
class Trading(Guarding):
    """Orders, from a pending intent to books that the exchange agrees with."""

    def keep_books(self) -> book.Booked:
        """Read fills, ledger and balances, value everything, latch what is breached."""
        with self._stage("books") as done:
            # what they sold is the strategy's: the books must know them first
            protecting.adopt(self)
            booked = book.keep_books(desks.books(self))
            drifting_since = self.stores.books.drifting_since()
            news: list[object] = [
                *halt.latch_breaches(
                    self._halts,
                    booked.snapshot,
                    drifting_since=drifting_since,
                    has_grave_drift=booked.has_grave_drift,
                ),
                *latch_unexplained(self.stores.halts, booked.unexplained, at=booked.snapshot.at),
            ]
            if news:
                heads.publish_at_once(self)
            judge_protections(self)
            if not booked.snapshot.drift:
                self.edge.books_agreed(booked.snapshot.at)
            return done(booked)

    def adjustment(self, asset: str, amount: Decimal, *, by: str, reason: str) -> Adjustment:
        """Return what would bring a drifting bucket to the exchange's balance (PF-15)."""
        desk = desks.adjusting(self, keep=self.keep_books)
        return adjust.adjustment(desk, asset, amount, by=by, reason=reason)

    def adjust(self, made: Adjustment) -> book.Booked:
        """Add an adjustment to the ledger, and have the books follow."""
        with self._stage("adjust") as done:
            return done(adjust.adjust(desks.adjusting(self, keep=self.keep_books), made))

    def unit_prices(self) -> tuple[tuple[datetime, Decimal], ...]:
        """Return the kept instants and unit prices."""
        retention = timedelta(days=self.loaded.settings.portfolio.snapshot_retention_days)
        return self.stores.books.unit_prices(self.clock() - retention)

    def performance(self, since: date, until: date = date.max) -> Performance | None:
        """Return how the account did from a UTC day until another; None where none is kept."""
        books, before = self.stores.books, None
        if since > date.min:
            eve = datetime.combine(since - timedelta(days=1), time.max, UTC)
            before = books.newest_day(eve)
        trades = books.trades_since(since if before else date.min)
        days = [each for each in books.days_since(since) if each.day <= until]
        return performance(days, trades, before=before)

    def account(self) -> Account | None:
        """Return what the account's own books say at the newest snapshot; None where there is none.

        Raises:
            StorageError: the newest snapshot cannot be read.
        """
        snapshot, books = self.stores.books.latest_snapshot(), self.stores.accounts.books()
        if snapshot is None:
            return None
        prices = {each.asset: each.price for each in snapshot.valuations}
        base_currency = Asset(self.loaded.settings.portfolio.base_currency)
        return Account(
            snapshot=snapshot,
            books={each.asset: each for each in books},
            result=identity.result(books, prices.get, base_currency),
            differing=differing(books, snapshot.valuations),
        )

    def open_points(self) -> tuple[OpenPoint, ...]:
        """Return what stands between books and exchange, as last read; nothing is asked of it."""
        books, orders, ledger = self.stores.books, self.stores.orders, self.stores.ledger
        snapshot, bases = books.latest_snapshot(), portfolio_desk(self).bases
        return (
            *open_points.of_orders(orders.reserving(), orders.unmatched()),
            *open_points.of_moves(ledger.in_flight()),
            *open_points.of_trades(ledger.without_fill()),
            *open_points.of_unexplained(ledger.unexplained()),
            *open_points.of_vaults(self.stores.vaults.look()),
            *(
                ()
                if snapshot is None
                else open_points.of_books(snapshot, bases, books.drifting_since())
            ),
        )

    def caps_in_use(self) -> tuple[CapUse, ...]:
        """Return how much of every cap is used, as risk would find it now."""
        return caps_in_use(desks.risk(self))

    @property
    def cool_off(self) -> timedelta:
        """How long after it latched a drawdown or a loss can't be cleared."""
        return self._halts.switches.cool_off

    def assess(self, namespace: Namespace, *, run_id: str) -> Plan | None:
        """Answer the pending intents."""
        with self._stage("risk") as done:
            judge_protections(self, partial(self._wanted, namespace))
            return done(assess.assess(desks.risk(self), namespace=namespace, run_id=run_id))

    def _wanted(self, namespace: Namespace) -> set[str]:
        """Return the pairs that may be bought next."""
        pending = self.stores.decisions.pending(namespace)
        return {each.pair for each in pending if each.side is Side.BUY}

    def submit(self, namespace: Namespace, *, owner: str) -> Counter[str]:
        """Send what is planned, once stops have given way to what is sold."""
        with self._stage("submit") as done:
            if namespace is Namespace.TRADE:
                protecting.free_for_sales(self, self._settling)
            return done(submit.submit(desks.submit(self, namespace, owner)))

    def settle(self) -> Counter[str]:
        """Bring orders up to what the exchange shows."""
        with self._stage("settle") as done:
            counts = done(settle.settle(self._settling))
            self._show_settled()
            return counts

    def protect(self, *, owner: str) -> protecting.Kept | None:
        """Bring every stop to what is held; None where no stop is wanted and none stands."""
        with self._stage("protect") as done:
            send = partial(self.submit, Namespace.TRADE, owner=owner)
            return done(protecting.keep_stops(self, self._settling, send=send))

    def tend_dust(self) -> tuple[Transfer, ...]:
        """Book what is too small to be sold as dust, or give it to who bought since."""
        return dust.tend_dust(protecting.dust_desk(self))

    def dust(self) -> tuple[dust.Rest, ...]:
        """Return what is too small to be sold, with what it would take."""
        # the exchange is not even looked for where there is none
        there_is = any(each.book == DUST and each.qty for each in self.stores.books.positions())
        return dust.dust(protecting.dust_desk(self)) if there_is else ()

    def plan_sweep(self, pair: str, *, by: str) -> Order:
        """Plan to sell the dust of a pair; `submit` sends it."""
        return dust.plan_sweep(protecting.dust_desk(self), pair, by=by)

    def reconcile(self, cause: Cause, *, run_id: str, full: bool = False) -> Pass:
        """Settle, look for orders that are not ours, compare holds, and books where that is due.

        Args:
            cause: why.
            run_id: of the run or the command.
            full: whether fills, ledger and balances are read in any case.
        """
        with self._stage("reconcile") as done:
            desk = desks.reconcile(self, run_id=run_id, keep=self.keep_books)
            made = done(reconcile.reconcile(desk, cause, full=full))
            self._show_settled()
            return made

    @property
    def agreement(self) -> Agreement:
        """How books and exchange stand to each other, by the last comparison."""
        stores = self.stores
        return agreement.agreement(stores.passes, stores.foreign, stores.orders.reserving())

    def loops(self, now: datetime) -> Loops:
        """Return when books and exchange were last compared, and which comparison is overdue."""
        rests = self.agreement.at_exchange > 0
        return agreement.loops(self.stores.passes, now, rests=rests)

    @property
    def reconciliation_due(self) -> Cause | None:
        """Why books and exchange are to be compared now; None where they need not be."""
        return agreement.due(self.stores.passes, self.stores.orders.reserving(), clock=self.clock)

    def cancel(self, order: Order) -> Order:
        """Cancel one order and return what became of it."""
        return settle.cancel(self._settling, order)

    def withdraw(self, order: Order, why: str) -> Order:
        """Take back an order that was never sent."""
        event = Event(fact=Fact.WITHDRAWN, at=self.clock(), source="operator", detail=why)
        return self.stores.orders.record(order, event)

    def finish_plans(self) -> None:
        """Write the result of each plan whose orders have all ended."""
        for result in self.stores.orders.unfinished_plans():
            orders = [
                # a stop rests on when its plan is long done
                each
                for each in self.stores.orders.orders_of_plan(result.plan_id)
                if each.purpose is not Purpose.PROTECT
            ]
            ended = all(each.state in ENDED for each in orders)
            counts = Counter(each.state for each in orders)
            said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
            self.stores.orders.note_result(
                PlanResult(
                    plan_id=result.plan_id,
                    started_at=result.started_at,
                    completed_at=self.clock() if ended else None,
                    status="settled" if ended else "submitted",
                    summary=said or "nothing approved",
                )
            )

    def denials(self, plan: Plan) -> dict[str, int]:
        """Count a plan's objections by code."""
        return dict(Counter(found.code for each in plan.verdicts for found in each.objections))

    def work(self) -> str:
        """Name what waits for the trading job, or nothing; see `waiting.work`."""
        return waiting.work(self, self._settling)

    def open_at_exchange(self) -> tuple[str, ...]:
        """Return our ids of the orders that may still be at the exchange."""
        return tuple(
            each.local_id
            for each in self.stores.orders.reserving()
            if each.state in AT_THE_EXCHANGE
        )
