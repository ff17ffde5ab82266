"""A process of ours: its own connection to the books, its own line to the exchange, one account."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.allocation import NO_LIMIT
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.lifecycle import never_barred
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.limits import Tier
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.books.book import BookDesk, keep_books
from kraken_pipeline.services.books.reconcile import ReconcileDesk, opening_objection, reconcile
from kraken_pipeline.services.books.sync import LongList
from kraken_pipeline.services.books.unexplained import latch_unexplained
from kraken_pipeline.services.books.vaults import VaultDesk, with_vaults
from kraken_pipeline.services.market.universe import UniverseDesk, refresh_universe
from kraken_pipeline.services.orders.settle import SettleDesk
from kraken_pipeline.services.orders.submit import SubmitDesk, submit
from kraken_pipeline.services.protection.guard import is_guarded, tend
from kraken_pipeline.services.protection.protect import leaves_room, make_room
from kraken_pipeline.services.risk.assess import RiskDesk, assess
from kraken_pipeline.services.risk.halt import HaltDesk, KillSwitches, latch_breaches
from kraken_pipeline.store import sync_pages
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, require_current
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.foreign import SqlForeignStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline.store.reconciliations import SqlReconciliationStore
from kraken_pipeline.store.switches import SqlSwitchStore
from kraken_pipeline.store.sync_pages import SqlPageStore
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline.store.vaults import SqlVaultStore
from kraken_pipeline.wiring.remember import ListingRemembered
from kraken_pipeline_tests.builders import limits
from kraken_pipeline_tests.simulation.guarding import guard_desk
from kraken_pipeline_tests.simulation.markets import PRICES
from kraken_pipeline_tests.simulation.perils import Disk, Perils
from kraken_pipeline_tests.simulation.stopping import keep_stops, protect_desk
from kraken_pipeline_tests.simulation.virtual_time import VirtualTime
from kraken_pipeline_tests.simulation.wire import Network, Wire

SECRET: Final = base64.b64encode(b"opens nothing but a made-up account").decode()
KEY: Final = "trader"
GUARD_KEY: Final = "guard"
NOWHERE: Final = "http://127.0.0.1:1"
"""The address of every line; nothing ever connects to it."""
LIMITS: Final = limits(
    max_gross_exposure_pct=Decimal(80),
    max_per_asset_pct=Decimal(40),
    max_per_strategy_pct=Decimal(60),
    max_portfolio_stop_risk_pct=Decimal(60),
    max_open_positions=10,
    max_pair_notional=Decimal(4_000),
)
RULES: Final = UniverseRules(
    quote="USD",
    statuses=frozenset({"online"}),
    asset_class="currency",
    min_notional_24h=Decimal(100_000),
    include=frozenset(PRICES),
    exclude=frozenset(),
)
LEASE: Final = timedelta(seconds=30)
DEADLINE: Final = timedelta(seconds=5)
SETTLE_WINDOW: Final = timedelta(seconds=120)
PLAN_AGE: Final = timedelta(seconds=60)
FUNDS_COOLDOWN: Final = timedelta(seconds=300)
FIRST: Final[dict[str, Engine]] = {}
"""The first engine that was made: what it learned of statements is known to all."""
LATCH: Final = "PANIC"
"""Name of the panic file."""


class WatchedDatabase(Database):
    """A database whose process can die, or be interrupted, before and after each commit."""

    def __init__(self, disk: Disk, perils: Perils, url: str) -> None:
        """Open it, as `connect` does."""
        super().__init__(url)
        self.torn_from: int | None = None
        """How long the log of writes was before the last commit, in the moment after it."""
        self._disk = disk
        self._perils = perils
        # the next process would work out the very same statements again
        first = FIRST.setdefault("engine", self._engine)
        self._engine.dialect = first.dialect
        self._engine._compiled_cache = first._compiled_cache
        require_current(self.schema_version())

    def _begin(self, connection: Connection) -> None:
        self._perils.pass_by()
        super()._begin(connection)
        self._perils.is_writing = True

    def _commit(self, connection: Connection) -> None:
        self._perils.pass_by()
        self.torn_from = self._disk.log_size()
        super()._commit(connection)
        self._perils.is_writing = False
        try:
            self._perils.pass_by()
        finally:
            self.torn_from = None

    def _undo(self, connection: Connection) -> None:
        self._perils.is_writing = False
        super()._undo(connection)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What all processes of ours share."""

    disk: Disk
    network: Network
    time: VirtualTime
    tier: Tier
    style: OrderStyle
    keeps_stops: bool
    """Whether what is held has stops at the exchange."""
    timeout: timedelta
    """Of the dead man's switch; zero where there is none."""
    skew: Callable[[], timedelta]
    """What our clock is off by."""

    @property
    def latch(self) -> Path:
        """Whoever makes this file stops what opens."""
        return self.disk.folder / LATCH

    def clock(self) -> datetime:
        """Return our time."""
        return self.time.now + self.skew()

    def house(self) -> Household:
        """Return where nonces, counters and audit logs are."""
        return Household(
            folder=self.disk.folder / "nonces",
            tier=self.tier,
            clock=self.time.microseconds,
            pace=Pace(clock=self.time.monotonic, sleep=self.time.sleep),
        )


class Process:
    """One process, from its start to its death."""

    def __init__(self, machine: Machine, perils: Perils, pid: int) -> None:
        """Open everything, as a process does that starts."""
        self.pid: Final = pid
        self.perils: Final = perils
        self.machine: Final = machine
        self.database: Final = WatchedDatabase(
            machine.disk, perils, f"sqlite:///{machine.disk.folder / 'store.db'}"
        )
        self.decisions: Final = SqlDecisionStore(self.database)
        self.orders: Final = SqlOrderStore(self.database)
        self.books: Final = SqlBookStore(self.database)
        self.ledger: Final = SqlLedgerStore(self.database)
        self.accounts: Final = SqlAccountStore(self.database)
        self.halts: Final = SqlHaltStore(self.database)
        self.foreign: Final = SqlForeignStore(self.database)
        self.passes: Final = SqlReconciliationStore(self.database)
        self.switches: Final = SqlSwitchStore(self.database)
        self.protections: Final = SqlProtectionStore(self.database)
        self.universes: Final = SqlUniverseStore(self.database)
        self._runs = 0

    def close(self) -> None:
        """Let go of the books."""
        self.database.close()

    def do(self, stage: str) -> object:
        """Do one stage of a run and return what it says."""
        return STAGES[stage](self)

    @property
    def panics(self) -> bool:
        """Whether the panic file is there."""
        return self.machine.latch.exists()

    @cached_property
    def line(self) -> PrivateLine:
        """The line of the account's key."""
        return self._line_of(KEY)

    @cached_property
    def guard_line(self) -> PrivateLine:
        """The line of the key that only cancels."""
        return self._line_of(GUARD_KEY)

    def _line_of(self, key: str) -> PrivateLine:
        credential = Credential(key=key, secret=SECRET)
        return self.wired(private_line(NOWHERE, credential, self.machine.house()))

    @cached_property
    def public(self) -> PublicMarket:
        """The exchange's public side."""
        line = PublicLine(NOWHERE)
        line._connections = self._wire()  # type: ignore[assignment]  # it has the same methods
        return PublicMarket(line)

    @cached_property
    def market(self) -> ListingRemembered:
        """The same, with its listing kept for a minute."""
        return ListingRemembered(self.public)

    @cached_property
    def account(self) -> ReadOnlyAccount:
        """The exchange's private side."""
        return ReadOnlyAccount(self.line, symbols=self.public.symbols)

    @cached_property
    def trader(self) -> Trader:
        """Where orders go."""
        return Trader(self.line)

    def wired(self, line: PrivateLine) -> PrivateLine:
        """Return a line that goes over this process's wire."""
        line._connections = self._wire()  # type: ignore[assignment]  # it has the same methods
        return line

    def settle_desk(self) -> SettleDesk:
        """Return what settling needs."""
        return SettleDesk(
            orders=self.orders,
            halts=self.halts,
            account=self.account,
            gateway=self.trader,
            unknown_settle=SETTLE_WINDOW,
            listing=self.market.listing,
            kept_balances=self.books.replayed_balances,
            with_vaults=partial(with_vaults, self.vault_desk()),
            kept_until=self.books.last_entry_at,
            stream_shows_absence=lambda sent_at, settled_at: True,
            clock=self.machine.clock,
        )

    def book_desk(self) -> BookDesk:
        """Return what keeping the books needs."""
        desk = AccountDesk(
            accounts=self.accounts,
            base_currency=Asset("USD"),
            method=Method.WAC,
            aliases=(),
            closes=lambda frame, closed_at: {},
        )
        return BookDesk(
            market=self.market,
            account=self.account,
            vaults=self.vault_desk(),
            books=self.books,
            ledger=self.ledger,
            long_ledger=LongList(
                name="Ledgers",
                pages=self.account.ledger_page,
                kept=SqlPageStore(self.database, sync_pages.LEDGER),
                clock=self.machine.clock,
            ),
            long_trades=LongList(
                name="TradesHistory",
                pages=self.account.trades_page,
                kept=SqlPageStore(self.database, sync_pages.TRADES),
                clock=self.machine.clock,
            ),
            orders=self.orders,
            base_currency=Asset("USD"),
            retention=timedelta(days=400),
            tolerance=Tolerance(),
            valuation_pairs={},
            tracks_manual=True,
            clock=self.machine.clock,
            closes=desk.closes,
            book_moves=partial(book_moves, desk),
        )

    def vault_desk(self) -> VaultDesk:
        """Return what looking at vaults needs."""
        return VaultDesk(
            earning=self.account,
            looks=SqlVaultStore(self.database),
            books=self.books,
            ledger=self.ledger,
            listing=self.market.listing,
        )

    def reconcile_desk(self) -> ReconcileDesk:
        """Return what comparing books and exchange needs."""
        return ReconcileDesk(
            settling=self.settle_desk(),
            market=self.market,
            books=self.books,
            vaults=self.vault_desk(),
            foreign=self.foreign,
            passes=self.passes,
            keep_books=lambda: keep_books(self.book_desk()),
            unprotected=dict,
            run_id=f"process {self.pid}",
        )

    def halt_desk(self) -> HaltDesk:
        """Return what latching and clearing need."""
        return HaltDesk(
            halts=self.halts,
            switches=KillSwitches(
                max_drawdown_pct=Decimal(50),
                max_daily_loss_pct=Decimal(50),
                cool_off=timedelta(),
                on_drift=True,
            ),
            has_panic_file=lambda: self.panics,
            clear_panic_file=lambda: self.machine.latch.unlink(missing_ok=True),
            clock=self.machine.clock,
            market_clock=self.machine.clock,
        )

    def _wire(self) -> Wire:
        return Wire(self.machine.network, self.perils, "127.0.0.1")

    def assess(self) -> Plan | None:
        """Answer what is wished for."""
        desk = RiskDesk(
            market=self.market,
            account=self.account,
            decisions=self.decisions,
            allocate=lambda world: NO_LIMIT,
            orders=self.orders,
            books=self.books,
            universes=self.universes,
            limits=LIMITS,
            strategy_caps={},
            qty_caps={},
            style=self.machine.style,
            strategy_styles={},
            base_currency=Asset("USD"),
            panic_is_latched=self.panics,
            unacknowledged=(),
            allowed=None,
            barred=never_barred,
            parts={},
            kraken_stops=None,
            habits=lambda pairs, now: {},
            stream=lambda: None,
            valuation_pairs={},
            config_hash="c",
            clock=self.machine.clock,
        )
        return assess(desk, namespace=Namespace.TRADE, run_id="run")

    def _assess(self) -> object:
        plan = self.assess()
        if plan is None:
            return "nothing pending"
        told = [
            f"{each.side} {each.pair} "
            f"{'approved' if each.approved else ','.join(why.code for why in each.objections)}"
            for each in plan.verdicts
        ]
        return "; ".join(told)

    def _submit(self) -> object:
        self._runs += 1
        if self.machine.keeps_stops:
            make_room(protect_desk(self))
        desk = SubmitDesk(
            namespace=Namespace.TRADE,
            orders=self.orders,
            gateway=self.trader,
            market=self.market,
            account=self.account,
            equity=self._equity,
            panic_is_latched=lambda: self.panics,
            is_guarded=partial(is_guarded, guard_desk(self, self.machine.timeout)),
            opening_objection=lambda: opening_objection(self.reconcile_desk()),
            owner=f"process {self.pid} run {self._runs}",
            lease=LEASE,
            deadline=DEADLINE,
            max_plan_age=PLAN_AGE,
            min_notional=self.machine.style.min_notional,
            funds_cooldown=FUNDS_COOLDOWN,
            max_at_exchange=12,
            leaves_room=self._leaves_room,
            clock=self.machine.clock,
        )
        return dict(sorted(submit(desk).items()))

    def _leaves_room(self, order: Order) -> bool:
        return not self.machine.keeps_stops or leaves_room(protect_desk(self), order)

    def _equity(self) -> Decimal:
        snapshot = self.books.latest_snapshot()
        return Decimal(0) if snapshot is None else snapshot.equity

    def _tend(self) -> object:
        return tend(guard_desk(self, self.machine.timeout)).said

    def _settle(self) -> object:
        made = reconcile(self.reconcile_desk(), Cause.MINUTE)
        found = [f"{each.kind}: {each.said}" for each in made.found.findings]
        return {**dict(sorted(made.orders.items())), made.found.outcome: found}

    def _keep_books(self) -> object:
        booked = keep_books(self.book_desk())
        since = self.books.drifting_since()
        new = [
            *latch_breaches(
                self.halt_desk(),
                booked.snapshot,
                drifting_since=since,
                has_grave_drift=booked.has_grave_drift,
            ),
            *latch_unexplained(self.halts, booked.unexplained, at=booked.snapshot.at),
        ]
        drift = dict(sorted(booked.snapshot.drift.items()))
        counted = f"{booked.fills} fills, {booked.entries} entries, {booked.settled} settled"
        return f"{counted}, drift {drift}, latched {new}"

    def _universe(self) -> object:
        desk = UniverseDesk(
            market=self.public,
            universes=self.universes,
            orders=self.orders,
            books=self.books,
            rules=RULES,
            config_hash="c",
            clock=self.machine.clock,
        )
        return refresh_universe(desk).version


STAGES: Final[Mapping[str, Callable[[Process], object]]] = {
    "assess": Process._assess,
    "submit": Process._submit,
    "settle": Process._settle,
    "books": Process._keep_books,
    "universe": Process._universe,
    "tend": Process._tend,
    "stops": keep_stops,
}
"""What a run is made of."""
