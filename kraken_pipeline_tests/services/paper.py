"""A whole paper account for tests: simulator, client and store are real, the clock is ours."""

import base64
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from kraken_pipeline.domain.accounting.lots import Method
from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.allocation import NO_LIMIT
from kraken_pipeline.domain.ids import cl_ord_id, decision_id, intent_id, plan_id
from kraken_pipeline.domain.intents import Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lifecycle import never_barred
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.order_style import OrderStyle
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan, Verdict
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.domain.switch import Keeper, Terms
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.kraken.http import PrivateLine, PublicLine
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.books.accounts import AccountDesk, book_moves
from kraken_pipeline.services.books.book import BookDesk, Booked, keep_books
from kraken_pipeline.services.books.reconcile import Pass, ReconcileDesk, reconcile
from kraken_pipeline.services.books.sync import LongList
from kraken_pipeline.services.books.vaults import VaultDesk, with_vaults
from kraken_pipeline.services.market.universe import UniverseDesk, refresh_universe
from kraken_pipeline.services.orders.amend import AmendDesk
from kraken_pipeline.services.orders.settle import SettleDesk, cancel, settle
from kraken_pipeline.services.orders.submit import SubmitDesk, submit
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.protection.guard import GuardDesk
from kraken_pipeline.services.risk.assess import RiskDesk, assess
from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.store import sync_pages
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.foreign import SqlForeignStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.reconciliations import SqlReconciliationStore
from kraken_pipeline.store.schema.orders import execution_order_events
from kraken_pipeline.store.switches import SqlSwitchStore
from kraken_pipeline.store.sync_pages import SqlPageStore
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline.store.vaults import SqlVaultStore
from kraken_pipeline_tests.builders import limits, plain_action
from kraken_pipeline_tests.services.candles import PRICES, START

SECRET: Final = base64.b64encode(b"opens nothing but a test's account").decode()
KEY: Final = Key(name="test", secret=secret_of(SECRET))
LEASE: Final = timedelta(seconds=30)
DEADLINE: Final = timedelta(seconds=5)
SETTLE_WINDOW: Final = timedelta(seconds=120)
TERMS: Final = {
    Keeper.SCHEDULE: Terms(timeout=timedelta(seconds=600), interval=timedelta(seconds=150)),
    Keeper.GUARDIAN: Terms(timeout=timedelta(seconds=60), interval=timedelta(seconds=20)),
    Keeper.LOST: Terms(timeout=timedelta(seconds=60), interval=timedelta(seconds=20)),
}
"""Of the dead man's switch, as they are by default."""
PLAN_AGE: Final = timedelta(seconds=60)
FUNDS_COOLDOWN: Final = timedelta(seconds=300)
WIDE: Final = limits(
    max_gross_exposure_pct=Decimal(100),
    max_per_asset_pct=Decimal(100),
    max_per_strategy_pct=Decimal(100),
    max_portfolio_stop_risk_pct=Decimal(100),
    max_open_positions=10,
)
"""Limits of which only the risk of one trade binds."""
RULES: Final = UniverseRules(
    quote="USD",
    statuses=frozenset({"online"}),
    asset_class="currency",
    min_notional_24h=Decimal(100_000),
    include=frozenset(),
    exclude=frozenset(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What one process of ours opens."""

    database: Database
    decisions: SqlDecisionStore
    orders: SqlOrderStore
    books: SqlBookStore
    ledger: SqlLedgerStore
    accounts: SqlAccountStore
    ledger_pages: SqlPageStore[LedgerEntry]
    trade_pages: SqlPageStore[TradeReport]
    halts: SqlHaltStore
    foreign: SqlForeignStore
    passes: SqlReconciliationStore
    switches: SqlSwitchStore
    universes: SqlUniverseStore
    vaults: SqlVaultStore


@contextmanager
def stores_at(url: str) -> Iterator[Stores]:
    database = connect(url)
    yield Stores(
        database=database,
        decisions=SqlDecisionStore(database),
        orders=SqlOrderStore(database),
        books=SqlBookStore(database),
        ledger=SqlLedgerStore(database),
        accounts=SqlAccountStore(database),
        ledger_pages=SqlPageStore(database, sync_pages.LEDGER),
        trade_pages=SqlPageStore(database, sync_pages.TRADES),
        halts=SqlHaltStore(database),
        foreign=SqlForeignStore(database),
        passes=SqlReconciliationStore(database),
        switches=SqlSwitchStore(database),
        universes=SqlUniverseStore(database),
        vaults=SqlVaultStore(database),
    )
    database.close()


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One account with everything around it."""

    exchange: Exchange
    """The truth, to look at between calls."""
    turner: FixedClock
    clock: Clock
    market: PublicMarket
    account: ReadOnlyAccount
    trader: Trader
    line: PrivateLine
    stores: Stores
    url: str
    """Of the database."""
    serial: Iterator[int]

    def turn(self, **span: float) -> None:
        """Let time pass: `turn(minutes=5)`."""
        self.turner.turn(self.turner.now() + timedelta(**span))

    def turn_to(self, minute: int) -> None:
        """Let time pass until a minute of the hour is over, within this hour."""
        self.turner.turn(START + timedelta(minutes=minute + 1))

    # the desks, with any field of theirs changed
    def risk_desk(self, **changes: Any) -> RiskDesk:  # noqa: ANN401 - `replace` checks them
        desk = RiskDesk(
            market=self.market,
            account=self.account,
            decisions=self.stores.decisions,
            orders=self.stores.orders,
            books=self.stores.books,
            universes=self.stores.universes,
            limits=WIDE,
            strategy_caps={},
            qty_caps={},
            style=OrderStyle(
                max_slippage_bps=50, time_in_force="GTC", post_only=False, min_notional=Decimal(10)
            ),
            strategy_styles={},
            base_currency=Asset("USD"),
            panic_is_latched=False,
            unacknowledged=(),
            allowed=None,
            barred=never_barred,
            parts={},
            kraken_stops=None,
            habits=lambda pairs, now: {},
            allocate=lambda world: NO_LIMIT,
            stream=lambda: None,
            valuation_pairs={},
            config_hash="c",
            clock=self.clock,
        )
        return replace(desk, **changes)

    def submit_desk(self, **changes: Any) -> SubmitDesk:  # noqa: ANN401 - as above
        desk = SubmitDesk(
            namespace=Namespace.TRADE,
            orders=self.stores.orders,
            gateway=self.trader,
            market=self.market,
            account=self.account,
            equity=self._equity,
            panic_is_latched=lambda: False,
            is_guarded=lambda order: True,
            opening_objection=lambda: "",
            leaves_room=lambda order: True,
            owner=f"run {next(self.serial)}",
            lease=LEASE,
            deadline=DEADLINE,
            max_plan_age=PLAN_AGE,
            min_notional=Decimal(10),
            funds_cooldown=FUNDS_COOLDOWN,
            max_at_exchange=10,
            clock=self.clock,
        )
        return replace(desk, **changes)

    def settle_desk(self, **changes: Any) -> SettleDesk:  # noqa: ANN401 - as above
        desk = SettleDesk(
            orders=self.stores.orders,
            halts=self.stores.halts,
            account=self.account,
            gateway=self.trader,
            unknown_settle=SETTLE_WINDOW,
            listing=self.market.listing,
            kept_balances=self.stores.books.replayed_balances,
            with_vaults=partial(with_vaults, self.vault_desk()),
            kept_until=self.stores.books.last_entry_at,
            stream_shows_absence=lambda sent_at, settled_at: True,
            clock=self.clock,
        )
        return replace(desk, **changes)

    def amend_desk(self, **changes: Any) -> AmendDesk:  # noqa: ANN401 - as above
        desk = AmendDesk(
            settling=self.settle_desk(),
            panic_is_latched=lambda: False,
            owner=f"change {next(self.serial)}",
            lease=LEASE,
            deadline=DEADLINE,
        )
        return replace(desk, **changes)

    def guard_desk(self, **changes: Any) -> GuardDesk:  # noqa: ANN401 - as above
        desk = GuardDesk(
            orders=self.stores.orders,
            halts=self.stores.halts,
            switches=self.stores.switches,
            open_orders=self.account.open_orders,
            timer=lambda: Guard(self.line),
            system_status=self.market.system_status,
            keeper=lambda: Keeper.SCHEDULE,
            is_guardian=False,
            terms=TERMS,
            spares_stops=True,
            windows=(),
            prove=self.settle,
            cancel=partial(cancel, self.settle_desk()),
            owner="keeper",
            clock=self.clock,
        )
        return replace(desk, **changes)

    def book_desk(self, **changes: Any) -> BookDesk:  # noqa: ANN401 - as above
        desk = BookDesk(
            market=self.market,
            account=self.account,
            vaults=self.vault_desk(),
            books=self.stores.books,
            ledger=self.stores.ledger,
            long_ledger=LongList(
                name="Ledgers",
                pages=self.account.ledger_page,
                kept=self.stores.ledger_pages,
                clock=self.clock,
            ),
            long_trades=LongList(
                name="TradesHistory",
                pages=self.account.trades_page,
                kept=self.stores.trade_pages,
                clock=self.clock,
            ),
            orders=self.stores.orders,
            base_currency=Asset("USD"),
            retention=timedelta(days=400),
            tolerance=Tolerance(),
            valuation_pairs={},
            tracks_manual=True,
            clock=self.clock,
            closes=lambda frame, closed_at: {},
            book_moves=partial(book_moves, self.account_desk()),
        )
        return replace(desk, **changes)

    def vault_desk(self, **changes: Any) -> VaultDesk:  # noqa: ANN401 - as above
        desk = VaultDesk(
            earning=self.account,
            looks=self.stores.vaults,
            books=self.stores.books,
            ledger=self.stores.ledger,
            listing=self.market.listing,
        )
        return replace(desk, **changes)

    def account_desk(self, **changes: Any) -> AccountDesk:  # noqa: ANN401 - as above
        desk = AccountDesk(
            accounts=self.stores.accounts,
            base_currency=Asset("USD"),
            method=Method.WAC,
            aliases=(),
            closes=lambda frame, closed_at: {},
        )
        return replace(desk, **changes)

    def reconcile_desk(self, **changes: Any) -> ReconcileDesk:  # noqa: ANN401 - as above
        desk = ReconcileDesk(
            settling=self.settle_desk(),
            market=self.market,
            books=self.stores.books,
            vaults=self.vault_desk(),
            foreign=self.stores.foreign,
            passes=self.stores.passes,
            keep_books=self.book,
            unprotected=dict,
            run_id="run",
        )
        return replace(desk, **changes)

    def universe_desk(self, **changes: Any) -> UniverseDesk:  # noqa: ANN401 - as above
        desk = UniverseDesk(
            market=self.market,
            universes=self.stores.universes,
            orders=self.stores.orders,
            books=self.stores.books,
            rules=RULES,
            config_hash="c",
            clock=self.clock,
        )
        return replace(desk, **changes)

    # the stages of a cycle
    def begin(self) -> None:
        """Do what comes before the first assessment: universe and books."""
        refresh_universe(self.universe_desk())
        self.book()

    def assess(self, **changes: Any) -> dict[str, Verdict]:  # noqa: ANN401 - as above
        """Answer what is pending and return the verdicts by pair."""
        plan = assess(self.risk_desk(**changes), namespace=Namespace.TRADE, run_id="run")
        return {} if plan is None else {each.pair: each for each in plan.verdicts}

    def submit(self, **changes: Any) -> Counter[str]:  # noqa: ANN401 - as above
        return submit(self.submit_desk(**changes))

    def settle(self, **changes: Any) -> Counter[str]:  # noqa: ANN401 - as above
        return settle(self.settle_desk(**changes))

    def book(self, **changes: Any) -> Booked:  # noqa: ANN401 - as above
        return keep_books(self.book_desk(**changes))

    def reconcile(
        self,
        cause: Cause = Cause.MINUTE,
        *,
        full: bool = False,
        **changes: Any,  # noqa: ANN401 - as above
    ) -> Pass:
        return reconcile(self.reconcile_desk(**changes), cause, full=full)

    # what strategies would have said
    def wants(
        self,
        *pairs: str,
        side: Side = Side.BUY,
        strategy: str = "trend",
        **changes: Any,  # noqa: ANN401 - fields of the intent
    ) -> tuple[Intent, ...]:
        """Record a decision that wants to buy, or to sell, each pair."""
        namespace = changes.pop("namespace", Namespace.TRADE)
        # each call is the decision of a bar of its own
        closed_at = START - timedelta(hours=next(self.serial))
        identity = decision_id(
            namespace=namespace, strategy_id=strategy, timeframe="1h", closed_at=closed_at
        )
        intents = tuple(
            replace(
                Intent(
                    intent_id=intent_id(identity, pair=pair, side=side),
                    decision_id=identity,
                    strategy_id=strategy,
                    timeframe="1h",
                    pair=pair,
                    action=plain_action(side),
                    confidence=Decimal(1),
                    stop_distance=Decimal("0.02") if side is Side.BUY else ZERO,
                    decided_at=self.clock(),
                    closed_at=closed_at,
                    expires_at=self.clock() + timedelta(hours=1),
                    decision_price=Decimal(str(PRICES.get(pair, 1.0))),
                    reason="a test",
                    userref=None,
                ),
                **changes,
            )
            for pair in pairs
        )
        decision = Decision(
            decision_id=identity,
            namespace=namespace,
            strategy_id=strategy,
            strategy_version="1",
            timeframe="1h",
            closed_at=closed_at,
            decided_at=self.clock(),
            outcome=Outcome.SIGNAL,
            reason="",
            universe_version="U",
            config_hash="c",
            inputs_hash="i",
            run_id="run",
            intents=intents,
            no_signals={},
        )
        assert self.stores.decisions.record(decision, {})
        return intents

    def planned(
        self,
        pair: str = "XBTUSD",
        qty: str = "0.01",
        limit: str = "50250",
        **changes: Any,  # noqa: ANN401 - fields of the order
    ) -> Order:
        """Reserve one order of the size and price that a test needs, past the rules of risk."""
        self.turn(milliseconds=1)  # orders go by age: no two are of the same instant
        namespace = changes.get("namespace", Namespace.TRADE)
        side = changes.pop("side", Side.BUY)
        strategy = changes.get("strategy_id", "trend")
        [intent] = self.wants(pair, side=side, strategy=strategy, namespace=namespace)
        identity = plan_id([intent.intent_id], self.clock())
        order = Order(
            local_id="O" + intent.intent_id[1:],
            namespace=namespace,
            plan_id=identity,
            intent_id=intent.intent_id,
            cl_ord_id=cl_ord_id(intent.intent_id, attempt=1),
            purpose=Purpose.OPEN if side is Side.BUY else Purpose.CLOSE,
            strategy_id=strategy,
            timeframe="1h",
            pair=pair,
            base=Asset(pair.removesuffix("USD")),
            side=side,
            order_type="limit",
            time_in_force="GTC",
            qty=Qty(Decimal(qty)),
            limit_price=Price(Decimal(limit)),
            post_only=False,
            quote_rate=Decimal(1),
            stop_distance=intent.stop_distance,
            expires_at=intent.expires_at,
            userref=None,
            created_at=self.clock(),
            updated_at=self.clock(),
        )
        order = replace(order, **changes)
        with self.stores.orders.assessing() as assessment:
            assessment.keep(_plan_of(order), [order])
        return order

    def call(self, method: str, fields: dict[str, str]) -> object:
        """Do something with the account that is none of the pipeline's doing."""
        return self.line.call(method, fields, call=Call.WRITE)

    def _equity(self) -> Decimal:
        snapshot = self.stores.books.latest_snapshot()
        return ZERO if snapshot is None else snapshot.equity

    # what to look at
    def now_of(self, order: Order) -> Order:
        """Return the order as the books have it now."""
        return self.stores.orders.order(order.local_id)

    def events_of(self, order: Order) -> list[Any]:
        """Return what the books were told of an order, oldest first: rows of its events."""
        events = execution_order_events
        wanted = select(events).where(events.c.local_id == order.local_id)
        with self.stores.database.reading() as connection:
            return list(connection.execute(wanted.order_by(events.c.version)))

    def orders_there(self) -> list[str]:
        """Return the client ids of every order that the exchange ever took."""
        return [each.cl_ord_id or "" for each in self.exchange.account.orders.values()]

    def held(self) -> dict[tuple[str, str], Decimal]:
        """Return what each book holds of each pair."""
        return {(each.book, each.pair): each.qty for each in self.stores.books.positions()}

    def balances_agree(self) -> bool:
        """Tell whether the kept ledger adds up to exactly what the exchange has."""
        return dict(self.stores.books.replayed_balances()) == self.exchange.account.balances


def _plan_of(order: Order) -> Plan:
    verdict = Verdict(
        intent_id=order.intent_id,
        pair=order.pair,
        side=order.side,
        approved=True,
        objections=(),
        clamped_by=(),
        qty=order.qty,
        limit_price=order.limit_price,
        notional=order.open_notional,
        figures="{}",
    )
    return Plan(
        plan_id=order.plan_id,
        namespace=order.namespace,
        assessed_at=order.created_at,
        config_hash="c",
        run_id="run",
        verdicts=(verdict,),
    )


@contextmanager
def paper(
    served: Served, market: Market, folder: Path, url: str, *, at: datetime = START
) -> Iterator[Paper]:
    """Open an account with 10,000 USD in `folder`, its books at `url`, and serve it."""
    journal = Journal(folder / "simulator", market.identity)
    clock = FixedClock(at)
    journal.position = at
    exchange = Exchange(market, clock, journal)
    dollars = market.listing.asset("ZUSD")
    assert dollars is not None
    exchange.deposit(dollars, Decimal(10_000))
    served.service.exchange = exchange  # type: ignore[misc]  # one server serves every test
    public = PublicLine(served.url)
    credential = Credential(key=KEY.name, secret=SECRET)
    nonces = Nonces(folder / "nonces", credential.key_id, clock=lambda: 1)
    private = PrivateLine(served.url, credential=credential, nonces=nonces)
    listed = PublicMarket(public)
    with stores_at(url) as stores:
        yield Paper(
            exchange=exchange,
            turner=clock,
            clock=clock.now,
            market=listed,
            account=ReadOnlyAccount(private, symbols=listed.symbols),
            trader=Trader(private),
            line=private,
            stores=stores,
            url=url,
            serial=count(1),
        )
    private.close()
    public.close()
    journal.close()
