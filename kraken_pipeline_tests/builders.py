"""Valid values of the domain. Each builder takes what a test wants to be different.

The case of `case()` is one that every rule lets pass: a small buy of XBTUSD in a calm market.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.activity import Activity
from kraken_pipeline.domain.ids import ClOrdId, DecisionId, IntentId, PlanId
from kraken_pipeline.domain.intents import Action, Intent, Namespace
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.market import Pair, Quote, Side, Ticker
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.order_style import Manner
from kraken_pipeline.domain.order_terms import Purpose, Urgency
from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.domain.risk import Case, Exposure, Limits
from kraken_pipeline.domain.round_trips import RoundTrip
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.unknowns import Unknown

NOW = datetime(2026, 11, 2, 12, 0, 30, tzinfo=UTC)
CLOSED_AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

_PAIR = Pair(
    name="XBTUSD",
    key="XXBTZUSD",
    base=Asset("XBT"),
    quote=Asset("USD"),
    asset_class="currency",
    status="online",
    tick=Decimal("0.1"),
    lot=Decimal("0.00000001"),
    min_qty=Decimal("0.00005"),
    min_cost=Decimal("0.5"),
)
_TICKER = Ticker(
    bid=Price(Decimal("49999.9")),
    ask=Price(Decimal("50000.1")),
    last=Price(Decimal(50000)),
    volume_24h=Decimal(2000),
    vwap_24h=Decimal(50100),
)
_INTENT = Intent(
    intent_id=IntentId("I1"),
    decision_id=DecisionId("D1"),
    strategy_id="trend_core",
    timeframe="1h",
    pair="XBTUSD",
    action=Action.ENTER,
    confidence=Decimal("0.5"),
    stop_distance=Decimal("0.02"),
    decided_at=NOW,
    closed_at=CLOSED_AT,
    expires_at=CLOSED_AT + timedelta(hours=1),
    decision_price=Decimal(50000),
    reason="trend",
    userref=None,
)
_LIMITS = Limits(
    max_risk_per_trade_pct=Decimal(1),
    max_portfolio_stop_risk_pct=Decimal(10),
    max_gross_exposure_pct=Decimal(10),
    max_per_asset_pct=Decimal(5),
    max_per_strategy_pct=Decimal(10),
    max_open_positions=5,
    max_pair_notional=None,
    max_total_notional=None,
    max_order_notional=None,
    max_order_qty=None,
    max_order_pct_of_24h_volume=Decimal(1),
    max_order_pct_of_depth=Decimal(50),
    max_per_cluster_pct=None,
    min_cash_reserve_pct=ZERO,
    max_orders_per_minute=100,
    max_orders_per_day=1_000,
    max_turnover_pct_per_day=Decimal(1_000),
    max_fees_pct_per_day=Decimal(10),
    max_daily_loss_pct=Decimal(5),
    max_daily_loss_per_strategy_pct=Decimal(5),
    max_exit_hours=Decimal(24),
    min_liquidity_24h=Decimal(100_000),
    max_spread_bps=Decimal(100),
    min_stop_in_round_trips=ZERO,
    max_quote_age_seconds=60,
    max_sync_age_seconds=600,
)
_EXPOSURE = Exposure(
    pair=ZERO,
    asset=ZERO,
    cluster=ZERO,
    strategy=ZERO,
    gross=ZERO,
    stop_risk=ZERO,
    positions=0,
    asset_is_held=False,
)
_ACTIVITY = Activity(
    orders_of_minute=0,
    orders_of_day=0,
    turnover=ZERO,
    fees=ZERO,
    loss=ZERO,
    strategy_loss=ZERO,
)
_QUOTE = Quote(pair="XBTUSD", ticker=_TICKER, source="rest", received_at=NOW - timedelta(seconds=1))
_MANNER = Manner(
    order_type="limit",
    urgency=Urgency.NORMAL,
    time_in_force="GTD",
    post_only=False,
    trigger=None,
    close=None,
)
_UNKNOWN = Unknown(
    local_id="O9",
    pair="XBTUSD",
    asset="XBT",
    strategy_id="trend_core",
    notional=Decimal(100),
    is_in_flight=False,
)
_CASE = Case(
    now=NOW,
    intent=_INTENT,
    pair=_PAIR,
    unacknowledged=(),
    is_allowed=True,
    barred="",
    in_universe=True,
    manner=_MANNER,
    qty=Qty(Decimal("0.002")),
    limit_price=Price(Decimal(50250)),
    worst_price=Price(Decimal(50250)),
    quote_rate=Decimal(1),
    fee_share=Decimal("0.004"),
    min_qty=Qty(Decimal("0.0002")),
    doubts=frozenset(),
    stream_age=None,
    quote=_QUOTE,
    notional_24h=Decimal(100_000_000),
    usual_notional=Decimal(100_000_000),
    visible_qty=None,
    equity=Decimal(10_000),
    coverage=Decimal(1),
    unpriced=(),
    synced_at=NOW - timedelta(seconds=30),
    cash=Decimal(10_000),
    spendable=Decimal(10_000),
    owned_qty=NOTHING,
    free_qty=NOTHING,
    exposure=_EXPOSURE,
    activity=_ACTIVITY,
    limits=_LIMITS,
    halts=frozenset(),
    system_status="online",
    unknowns=(),
    cooling_until=None,
    locks=(),
    allotted=None,
    opposed_at=None,
    open_orders_alike=0,
)
_LOCK = Lock(
    lock_id="K1",
    kind=LockKind.STOP_LOSS_GUARD,
    pair="XBTUSD",
    since=NOW - timedelta(minutes=5),
    until=CLOSED_AT + timedelta(hours=1),
    reason="stopped=4, max=3",
)
_TRIP = RoundTrip(
    trade_id="T2",
    book="trend_core@1h",
    pair="XBTUSD",
    opened_at=NOW - timedelta(hours=2),
    at=NOW,
    cost=Decimal(100),
    profit=Decimal(-1),
    is_stopped=False,
)
_ORDER = Order(
    local_id="O1",
    namespace=Namespace.TRADE,
    plan_id=PlanId("P1"),
    intent_id=IntentId("I1"),
    cl_ord_id=ClOrdId("0d9bbf1f-6a7f-5c0f-8d0e-0f6e2b1c9a55"),
    purpose=Purpose.OPEN,
    strategy_id="trend_core",
    timeframe="1h",
    pair="XBTUSD",
    base=Asset("XBT"),
    side=Side.BUY,
    order_type="limit",
    time_in_force="gtc",
    qty=Qty(Decimal("0.002")),
    limit_price=Price(Decimal(50250)),
    post_only=False,
    quote_rate=Decimal(1),
    stop_distance=Decimal("0.02"),
    expires_at=CLOSED_AT + timedelta(hours=1),
    userref=None,
    created_at=NOW,
    updated_at=NOW,
)
_FILL = Fill(
    trade_id="T1",
    kraken_order_id="OAAAAA-BBBBB-CCCCCC",
    pair="XBTUSD",
    side=Side.BUY,
    price=Price(Decimal(50000)),
    qty=Qty(Decimal("0.002")),
    cost=Decimal(100),
    fee=Decimal("0.4"),
    maker=False,
    at=NOW,
    quote_rate=Decimal(1),
    book="trend_core@1h",
)
_ENTRY = LedgerEntry(
    entry_id="L1",
    refid="T1",
    type="trade",
    subtype="tradespot",
    asset="XXBT",
    amount=Decimal("0.002"),
    fee=ZERO,
    balance=Decimal("0.002"),
    at=NOW,
)
_SNAPSHOT = Snapshot(
    at=NOW,
    equity=Decimal(10_000),
    cash=Decimal(10_000),
    valuations=(),
    positions=(),
    realised=ZERO,
    unrealised=ZERO,
    fees=ZERO,
    units=Decimal(10_000),
    unit_price=Decimal(1),
    drawdown=ZERO,
    drawdown_of_day=ZERO,
    drawdown_of_all_time=ZERO,
)

# every `type: ignore` below: `replace` itself refuses a field that is not there, when it runs


def pair(**changes: object) -> Pair:
    return replace(_PAIR, **changes)  # type: ignore[arg-type]


def ticker(**changes: object) -> Ticker:
    return replace(_TICKER, **changes)  # type: ignore[arg-type]


def quote(**changes: object) -> Quote:
    return replace(_QUOTE, **changes)  # type: ignore[arg-type]


def plain_action(side: Side) -> Action:
    """Return what a side means where no test says more: in, or out altogether."""
    return Action.ENTER if side is Side.BUY else Action.EXIT


def intent(side: Side | None = None, **changes: object) -> Intent:
    if side is not None:
        changes["action"] = plain_action(side)
    return replace(_INTENT, **changes)  # type: ignore[arg-type]


def activity(**changes: object) -> Activity:
    return replace(_ACTIVITY, **changes)  # type: ignore[arg-type]


def limits(**changes: object) -> Limits:
    return replace(_LIMITS, **changes)  # type: ignore[arg-type]


def exposure(**changes: object) -> Exposure:
    return replace(_EXPOSURE, **changes)  # type: ignore[arg-type]


def case(**changes: object) -> Case:
    return replace(_CASE, **changes)  # type: ignore[arg-type]


def sale(**changes: object) -> Case:
    """Return a case in which the book sells all that it owns, and every rule lets it pass."""
    sold = _CASE.qty
    selling = replace(
        _CASE,
        intent=intent(side=Side.SELL, stop_distance=ZERO),
        limit_price=Price(Decimal(49750)),
        worst_price=Price(Decimal(49750)),
        owned_qty=sold,
        free_qty=sold,
    )
    return replace(selling, **changes)  # type: ignore[arg-type]


def manner(**changes: object) -> Manner:
    return replace(_MANNER, **changes)  # type: ignore[arg-type]


def lock(**changes: object) -> Lock:
    return replace(_LOCK, **changes)  # type: ignore[arg-type]


def trip(**changes: object) -> RoundTrip:
    return replace(_TRIP, **changes)  # type: ignore[arg-type]


def unknown(**changes: object) -> Unknown:
    return replace(_UNKNOWN, **changes)  # type: ignore[arg-type]


def order(**changes: object) -> Order:
    return replace(_ORDER, **changes)  # type: ignore[arg-type]


def event(fact: Fact, **changes: object) -> Event:
    return replace(Event(fact=fact, at=NOW, source="poll"), **changes)  # type: ignore[arg-type]


def fill(**changes: object) -> Fill:
    return replace(_FILL, **changes)  # type: ignore[arg-type]


def entry(**changes: object) -> LedgerEntry:
    return replace(_ENTRY, **changes)  # type: ignore[arg-type]


def snapshot(**changes: object) -> Snapshot:
    return replace(_SNAPSHOT, **changes)  # type: ignore[arg-type]
