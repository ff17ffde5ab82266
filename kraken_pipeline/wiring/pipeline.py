"""Everything together: one object with one method for each use of the product."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from time import perf_counter
from typing import Final, TypeVar

from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    InvalidValueError,
    StorageError,
)
from kraken_pipeline.domain.halts import EVERYTHING, Halt, HaltKind, Scope
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.intents import Decision, Namespace
from kraken_pipeline.domain.lots import DUST, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, ENDED, Event, Fact, Order, State
from kraken_pipeline.domain.plans import Plan, PlanResult
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services import (
    assess,
    book,
    decide,
    dust,
    halt,
    history,
    reconcile,
    settle,
    submit,
)
from kraken_pipeline.services import universe as universes
from kraken_pipeline.services.decide import DecisionDesk
from kraken_pipeline.services.halt import HaltDesk
from kraken_pipeline.services.reconcile import Agreement, Pass
from kraken_pipeline.settings import Loaded, load, prepare_data_dir
from kraken_pipeline.settings.environment import DATA_DIR
from kraken_pipeline.store.audit import Audit
from kraken_pipeline.store.journal import Head
from kraken_pipeline.wiring import desks, heads, protecting, signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.edge import Edge
from kraken_pipeline.wiring.guarding import Guarding
from kraken_pipeline.wiring.modes import claim_data_dir, destination, world_of
from kraken_pipeline.wiring.paper import open_edge
from kraken_pipeline.wiring.secrecy import keep_secrets
from kraken_pipeline.wiring.stores import open_stores

T = TypeVar("T")

Observer = Callable[[str, float, object], None]
"""Told the name of a finished stage, its seconds and its result."""
RECENT_BARS: Final = 720
"""On a close the checks look this far back; by hand, at the whole month."""
REHEARSALS: Final = "rehearsal"
"""Folder in the data folder of live for the simulator that a rehearsal trades on."""
LOOKS: Final = ("stops-", "resting-")
"""How work begins that is one look in a span of time, and done with one run."""
STOPS_POLL: Final = timedelta(seconds=10)
"""How often stops are looked at that are not what they should be, or may be so soon (OMS-14)."""
WAITING_POLL: Final = timedelta(seconds=10)
"""How often orders that could not be sent yet are tried again."""
RESTING_POLL: Final = timedelta(seconds=60)
"""How often orders that rest at the exchange are looked at, decision or not."""


def _nobody(stage: str, seconds: float, outcome: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Pipeline(Guarding):
    """The product, wired. Each method is one use of it and calls one service."""

    observer: Observer = _nobody

    def clock(self) -> datetime:
        """Return the exchange's time."""
        return self.edge.clock()

    @property
    def is_live(self) -> bool:
        """Whether the account is a real one: what a person changes by hand then is confirmed."""
        return not self.edge.rehearses and destination(self.loaded).is_kraken

    @cached_property
    def timeframes(self) -> frozenset[str]:
        """Timeframes on which an enabled strategy decides."""
        return frozenset(name for each in self._decisions.strategies for name in each.timeframes)

    @property
    def has_no_universe(self) -> bool:
        """Whether the universe was never refreshed."""
        return self.stores.universes.latest() is None

    def stale_frames(self, now: datetime) -> tuple[Timeframe, ...]:
        """Return the timeframes whose newest bar that is over is not stored, shortest first."""
        return tuple(
            each
            for each in TIMEFRAMES.values()
            if max(self.stores.bars.newest(each).values(), default=EPOCH) + each.length
            < last_close(each, now)
        )

    def undecided_frames(self, now: datetime) -> tuple[Timeframe, ...]:
        """Return the timeframes whose newest close some strategy has not decided."""
        return tuple(
            each
            for each in TIMEFRAMES.values()
            for configured in self._decisions.strategies
            if each.name in configured.timeframes
            and not self.stores.decisions.is_decided(
                Namespace.TRADE, configured.strategy_id, each, last_close(each, now)
            )
        )

    def refresh_universe(self) -> Universe:
        """Fetch, filter and keep the pairs."""
        with self._stage("universe") as done:
            return done(universes.refresh_universe(desks.universe(self)))

    def refresh_bars(self, frame: Timeframe) -> history.Refreshed:
        """Fetch every bar of a timeframe that closed since the last time.

        Raises:
            InvalidValueError: there is no universe yet.
        """
        with self._stage(f"bars {frame.name}") as done:
            known = self.stores.universes.latest()
            if known is None:
                raise InvalidValueError("there is no universe yet; refresh pair_universe first")
            desk = desks.history(self)
            return done(history.refresh(desk, frame, known.managed, now=self.clock()))

    def month_report(
        self, frame: Timeframe, month: str, now: datetime, *, whole: bool
    ) -> MonthReport:
        """Say what is stored of a month; faults in all of it, or among the bars of late."""
        since = None if whole else now - RECENT_BARS * frame.length
        return self.stores.bars.report(frame, month, now=now, since=since)

    def keep_books(self) -> book.Booked:
        """Read fills, ledger and balances, value everything, latch what is breached."""
        with self._stage("books") as done:
            # what they sold is the strategy's: the books must know them first
            protecting.adopt(self)
            booked = book.keep_books(desks.books(self))
            drifting_since = self.stores.books.drifting_since()
            if halt.latch_breaches(self._halts, booked.snapshot, drifting_since=drifting_since):
                heads.publish_at_once(self)
            if not booked.snapshot.drift:
                self.edge.books_agreed(booked.snapshot.at)
            return done(booked)

    def unit_prices(self) -> tuple[tuple[datetime, Decimal], ...]:
        """Return the kept instants and unit prices."""
        retention = timedelta(days=self.loaded.settings.portfolio.snapshot_retention_days)
        return self.stores.books.unit_prices(self.clock() - retention)

    def decide(
        self,
        frame: Timeframe,
        *,
        run_id: str,
        closed_at: datetime | None = None,
        late: str = "",
        namespace: Namespace = Namespace.TRADE,
    ) -> tuple[Decision, ...]:
        """Decide a closed bar, the newest if none is named, where that has not been done."""
        at = last_close(frame, self.clock()) if closed_at is None else closed_at
        desk = self._decisions
        with self._stage(f"decisions {frame.name}") as done:
            return done(
                decide.decide_close(desk, frame, at, namespace=namespace, run_id=run_id, late=late)
            )

    def research(self, frame: Timeframe, month: str, *, run_id: str) -> tuple[Decision, ...]:
        """Decide every stored bar of a month that is over, for study: no order can come of it."""
        return decide.decide_month(self._decisions, frame, month, run_id=run_id)

    def assess(self, namespace: Namespace, *, run_id: str) -> Plan | None:
        """Answer the pending intents."""
        with self._stage("risk") as done:
            return done(assess.assess(desks.risk(self), namespace=namespace, run_id=run_id))

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
        return reconcile.agreement(stores.passes, stores.foreign, stores.orders.reserving())

    @property
    def reconciliation_due(self) -> Cause | None:
        """Why books and exchange are to be compared now; None where they need not be."""
        return reconcile.due(self.stores.passes, self.stores.orders.reserving(), clock=self.clock)

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
        """Name what waits for the trading job, or nothing.

        New decisions and orders that were never sent come first, then those that wait, then
        holdings whose stop is not what it should be; orders that rest at the exchange are looked at
        once in a while, and more often where a stop has to follow what they buy.
        """
        intents = {each.decision_id for each in self.stores.decisions.pending(Namespace.TRADE)}
        orders = [
            each for each in self.stores.orders.reserving() if each.namespace is Namespace.TRADE
        ]
        planned = [each for each in orders if each.state is State.PLANNED]
        new = [each.local_id for each in planned if self._is_new(each)]
        if intents or new:
            return "W" + digest([sorted(intents), sorted(new)])[:24]
        if planned:
            # it waits for something else; until it may go or is too old it is looked at again
            return f"waiting-{int(self.clock().timestamp() // WAITING_POLL.total_seconds())}"
        if protecting.stops_need_care(self, self._settling):
            is_old = protecting.is_missing_since(self, self.clock() - RESTING_POLL)
            poll = RESTING_POLL if is_old else STOPS_POLL
            return f"stops-{int(self.clock().timestamp() // poll.total_seconds())}"
        resting = [each for each in orders if each.state in AT_THE_EXCHANGE]
        if not resting:
            return ""
        follows = protecting.wants_stops(self.loaded.settings)
        fills = follows and any(each.side is Side.BUY for each in resting)
        poll = STOPS_POLL if fills else RESTING_POLL
        return f"resting-{int(self.clock().timestamp() // poll.total_seconds())}"

    def _is_new(self, order: Order) -> bool:
        return self.clock() - order.updated_at <= WAITING_POLL

    def open_at_exchange(self) -> tuple[str, ...]:
        """Return our ids of the orders that may still be at the exchange."""
        return tuple(
            each.local_id
            for each in self.stores.orders.reserving()
            if each.state in AT_THE_EXCHANGE
        )

    def breach(self) -> str:
        """Name the kill switch that latched, or nothing: it calls for panic."""
        breached = [
            each
            for each in self.stores.halts.latched()
            if each.kind in {HaltKind.DRAWDOWN, HaltKind.DRIFT}
        ]
        return f"halt-{breached[0].halt_id}" if breached else ""

    def halts(self) -> tuple[Halt, ...]:
        """Return what is latched."""
        return self.stores.halts.latched()

    def halt(self, *, reason: str, by: str, scope: Scope = EVERYTHING) -> bool:
        """Stop opening, of everything or in a scope."""
        is_news = halt.halt(self._halts, reason=reason, by=by, scope=scope)
        heads.publish_at_once(self)
        return is_news

    def resume(self, *, reason: str, by: str, scope: Scope | None = None) -> tuple[int, bool]:
        """Clear every halt and the panic file, or the halts of a scope.

        With everything a guardian that is lost is forgotten too.
        """
        if scope is None:
            signs.dismiss(self.loaded.data_dir)
        cleared = halt.resume(self._halts, reason=reason, by=by, scope=scope)
        heads.publish_at_once(self)
        return cleared

    def publish_head(self) -> Head:
        """Publish the end of the journal beside the database, and return it (AUD-1)."""
        return heads.publish(self)

    def audit(self) -> Audit:
        """Verify the journal, the tables against it, and the ends of it that were published."""
        return heads.verified(self)

    def close(self) -> None:
        """Let go of the stores and of a simulator that we started."""
        self.edge.close()
        self.stores.close()

    @cached_property
    def _decisions(self) -> DecisionDesk:
        return desks.decisions(self)

    @cached_property
    def _halts(self) -> HaltDesk:
        return desks.halts(self)

    def _show_settled(self) -> None:
        # without a sign the guardian lets the switch fire; nothing else may fail for it
        with contextlib.suppress(ConfigurationError):
            signs.give(self.loaded.data_dir / signs.SETTLED, system_now())

    @contextlib.contextmanager
    def _stage(self, name: str) -> Iterator["_Done"]:
        done = _Done()
        started = perf_counter()
        try:
            yield done
        except StorageError as failure:
            heads.latch_failed_storage(self, str(failure), by=name)
            raise
        except AuthError as refusal:
            halt.stop(self._halts, HaltKind.AUTH, reason=str(refusal), by=name)
            raise
        heads.publish_if_due(self)
        self.observer(name, perf_counter() - started, done.outcome)


class _Done:
    """Keeps what a stage gave, for the observer."""

    outcome: object = None

    def __call__(self, outcome: T) -> T:
        self.outcome = outcome
        return outcome


def connect(
    environ: Mapping[str, str],
    *,
    rehearse: bool = False,
    observer: Observer = _nobody,
    progress: Callable[[str, int, int], None] = lambda frame, done, due: None,
) -> Pipeline:
    """Read the configuration and wire everything for the mode that it names.

    Args:
        environ: the environment, usually `os.environ`.
        rehearse: paper whatever the configuration says, and orders only checked, never placed.
        observer: told of each finished stage.
        progress: told of each batch of bars.

    Raises:
        ConfigurationError: something in the configuration or the folders is wrong, or the mode is
            live and a gate is closed.
        StorageError: the books cannot be read.
    """
    keep_secrets(environ)
    loaded = load(environ)
    if rehearse and loaded.settings.execution.mode == "live":
        # the account's own folder stays the account's
        loaded = load({**environ, DATA_DIR: str(loaded.data_dir / REHEARSALS)})
    is_kraken = not rehearse and destination(loaded).is_kraken
    prepare_data_dir(loaded)
    world = world_of(loaded.settings, is_kraken=is_kraken)
    claim_data_dir(loaded.data_dir, world)
    pipeline = Pipeline(
        loaded=loaded,
        stores=open_stores(loaded, world=world),
        edge=_live(loaded, environ) if is_kraken else open_edge(loaded, rehearse=rehearse),
        observer=observer,
        progress=progress,
    )
    if heads.are_configured(environ):
        heads.examine(pipeline)
    return pipeline


def _live(loaded: Loaded, environ: Mapping[str, str]) -> Edge:
    from kraken_pipeline.wiring.live import open_live  # noqa: PLC0415 - paper never loads it

    return open_live(loaded, environ)
