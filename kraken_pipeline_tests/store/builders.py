"""Valid values with one thing changed, and a store with an order in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.fate import CLEAN_READS_NEEDED, READ_SPACING, Read
from kraken_pipeline.domain.gates import Objection
from kraken_pipeline.domain.ids import (
    DecisionId,
    PlanId,
    cl_ord_id,
    decision_id,
    intent_id,
)
from kraken_pipeline.domain.intents import Action, Decision, Intent, Namespace, Outcome
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.domain.plans import Plan, Verdict
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.orders import SqlOrderStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LEASE = "orders"
NAMES = {"ZUSD": "USD", "XXBT": "XBT", "XBT.F": "XBT", "ADA": "ADA", "ADA.S": "ADA", "ADA.F": "ADA"}


def _asset_of(bucket: str) -> Asset | None:
    return Asset(NAMES[bucket]) if bucket in NAMES else None


LOOKUP = Lookup(at=NOW, asset_of=_asset_of, worth_of=lambda asset, qty: None)
"""Some assets are known, and nothing is priced."""


def decision(*pairs: str, **changed: Any) -> Decision:  # noqa: ANN401 - any field may change
    """Return a decision that buys each pair."""
    namespace = changed.get("namespace", Namespace.TRADE)
    closed_at = changed.get("closed_at", NOW)
    strategy_id = changed.get("strategy_id", "trend")
    identity = decision_id(
        namespace=namespace, strategy_id=strategy_id, timeframe="1h", closed_at=closed_at
    )
    made = Decision(
        decision_id=identity,
        namespace=namespace,
        strategy_id=strategy_id,
        strategy_version="1",
        timeframe="1h",
        closed_at=closed_at,
        decided_at=closed_at,
        outcome=Outcome.SIGNAL,
        reason="",
        universe_version="U1",
        config_hash="c",
        inputs_hash="i",
        run_id="run",
        intents=tuple(intent(pair, identity, strategy_id, closed_at) for pair in pairs),
        no_signals={"SOLUSD": "flat"},
    )
    return replace(made, **changed)


def intent(pair: str, of: DecisionId, strategy_id: str, closed_at: datetime) -> Intent:
    return Intent(
        intent_id=intent_id(of, pair=pair, side="buy"),
        decision_id=of,
        strategy_id=strategy_id,
        timeframe="1h",
        pair=pair,
        action=Action.ENTER,
        confidence=Decimal("0.5"),
        stop_distance=Decimal("0.05"),
        decided_at=closed_at,
        closed_at=closed_at,
        expires_at=closed_at + HOUR,
        decision_price=Decimal("60000.1"),
        reason="crossed",
        userref=7,
    )


def order(of: Intent, plan: str = "P1", **changed: Any) -> Order:  # noqa: ANN401 - any field
    made = Order(
        local_id="O" + of.intent_id[1:],
        plan_id=PlanId(plan),
        intent_id=of.intent_id,
        cl_ord_id=cl_ord_id(of.intent_id, 1),
        purpose=Purpose.OPEN if of.side is Side.BUY else Purpose.CLOSE,
        namespace=Namespace.TRADE,
        strategy_id=of.strategy_id,
        timeframe=of.timeframe,
        pair=of.pair,
        base=Asset(of.pair.removesuffix("USD")),
        side=of.side,
        order_type="limit",
        time_in_force="GTC",
        qty=Qty(Decimal("0.1")),
        limit_price=Price(Decimal("60100.5")),
        post_only=False,
        quote_rate=Decimal(1),
        stop_distance=of.stop_distance,
        expires_at=of.expires_at,
        userref=of.userref,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **changed)


def verdict(of: Intent, *objections: Objection) -> Verdict:
    return Verdict(
        intent_id=of.intent_id,
        pair=of.pair,
        side=of.side,
        approved=not objections,
        objections=objections,
        clamped_by=("CAP_PAIR",),
        qty=Qty(Decimal("0.1")),
        limit_price=Price(Decimal("60100.5")),
        notional=Decimal("6010.05"),
        figures='{"equity":"100000"}',
    )


def plan(*verdicts: Verdict, plan_id: str = "P1") -> Plan:
    return Plan(
        plan_id=PlanId(plan_id),
        namespace=Namespace.TRADE,
        assessed_at=NOW,
        config_hash="c",
        run_id="run",
        verdicts=verdicts,
    )


def planned(
    database: Database,
    pair: str = "XBTUSD",
    *,
    plan_id: str = "P1",
    closed_at: datetime = NOW,
    **changed: Any,  # noqa: ANN401 - any field of the order
) -> Order:
    """Decide, assess and reserve one order, and return it."""
    said = decision(pair, closed_at=closed_at)
    assert SqlDecisionStore(database).record(said, {})
    [wanted] = said.intents
    made = order(wanted, plan_id, **changed)
    with SqlOrderStore(database).assessing() as assessment:
        assessment.keep(plan(verdict(wanted), plan_id=plan_id), [made])
    return made


def sending(database: Database, pair: str = "XBTUSD", **changed: Any) -> Order:  # noqa: ANN401
    """Return an order whose sending was begun under a lease."""
    orders = SqlOrderStore(database)
    made = planned(database, pair, **changed)
    epoch = orders.take_lease(LEASE, owner="a", now=NOW, length=HOUR)
    return orders.record(made, event(Fact.SEND_STARTED), epoch=epoch)


def live(database: Database, pair: str = "XBTUSD", **changed: Any) -> Order:  # noqa: ANN401
    """Return an order that the exchange accepted."""
    begun = sending(database, pair, **changed)
    accepted = event(Fact.ACCEPTED, kraken_order_id=f"K{begun.local_id}")
    return SqlOrderStore(database).record(begun, accepted)


def written_off(database: Database, **changed: Any) -> Order:  # noqa: ANN401 - any field
    """Return an order that was sent an hour before the others and that a person wrote off."""
    orders = SqlOrderStore(database)
    begun = sending(database, plan_id="P0", closed_at=NOW - HOUR, **changed)
    return orders.record(orders.record(begun, event(Fact.FATE_UNRESOLVED)), event(Fact.WRITTEN_OFF))


def look_for(database: Database, missing: Order, times: int = CLEAN_READS_NEEDED) -> None:
    """Look for an order in vain, often enough to believe that it is not there."""
    orders = SqlOrderStore(database)
    for look in range(1, times + 1):
        at = missing.updated_at + look * READ_SPACING
        orders.note_clean_read(missing.local_id, Read(at=at), spacing=READ_SPACING)


def event(fact: Fact, **changed: Any) -> Event:  # noqa: ANN401 - any field may change
    return replace(Event(fact=fact, at=NOW + MINUTE, source="test", detail="why"), **changed)


def fill(trade_id: str, *, minutes: int = 0, **changed: Any) -> Fill:  # noqa: ANN401 - any field
    made = Fill(
        trade_id=trade_id,
        kraken_order_id="K1",
        pair="XBTUSD",
        side=Side.BUY,
        price=Price(Decimal(100)),
        qty=Qty(Decimal(1)),
        cost=Decimal(100),
        fee=Decimal("0.26"),
        maker=False,
        at=NOW + minutes * MINUTE,
        quote_rate=Decimal(1),
        book="trend@1h",
    )
    return replace(made, **changed)


def entry(entry_id: str, *, minutes: int = 0, **changed: Any) -> LedgerEntry:  # noqa: ANN401
    made = LedgerEntry(
        entry_id=entry_id,
        refid="R1",
        type="trade",
        subtype="",
        asset="ZUSD",
        amount=Decimal(-100),
        fee=Decimal("0.26"),
        balance=Decimal("899.74"),
        at=NOW + minutes * MINUTE,
    )
    return replace(made, **changed)


def an_intent(pair: str = "XBTUSD") -> Intent:
    """Return an intent that is in no store."""
    return intent(pair, DecisionId("D0"), "trend", NOW)
