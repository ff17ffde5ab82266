"""The tables. Amounts and instants are text (`columns.py`); lists and maps are compact JSON.

Orders, books and halts are projections of what happened, written in one transaction with the
journal. A change here needs a migration; a test compares the two.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.schema import SchemaItem

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_exact,
    maybe_instant,
    maybe_text,
    number,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


meta = _table(
    "meta",
    text("key", primary_key=True),
    text("value"),
)

journal = _table(
    "journal",
    # numbered by us, without gaps: a missing number is a missing row
    Column("seq", Integer, primary_key=True, autoincrement=False),
    instant("at"),
    text("kind"),
    text("subject"),
    text("actor"),
    text("payload"),
    text("previous_hash"),
    text("hash", unique=True),
    Index(None, "subject"),
)

universes = _table(
    "universes",
    text("version", primary_key=True),
    instant("first_seen_at"),
    instant("last_seen_at"),
    text("config_hash"),
    text("members"),
    text("leaving"),
    text("watched"),
    text("notional_24h"),
    text("reasons"),
    Index(None, "last_seen_at"),
)

universe_refreshes = _table(
    "universe_refreshes",
    Column("id", Integer, primary_key=True),
    instant("at"),
    text("version"),
    text("config_hash"),
    text("rules_hash"),
    text("source_hash"),
    # what every filter said of every pair, packed: it is long, and asked for one row at a time
    Column("judged", LargeBinary, nullable=True),
    Index(None, "at"),
    Index(None, "version"),
)

# what a book of a pair holds within a distance from its middle, in quote
depth_readings = _table(
    "depth_readings",
    text("pair", primary_key=True),
    number("within_bps"),
    exact("bids"),
    exact("asks"),
    instant("read_at"),
)

decisions = _table(
    "decisions",
    text("decision_id", primary_key=True),
    text("namespace"),
    text("strategy_id"),
    text("strategy_version"),
    text("timeframe"),
    instant("closed_at"),
    instant("decided_at"),
    text("outcome"),
    text("reason"),
    text("universe_version"),
    text("config_hash"),
    text("inputs_hash"),
    text("run_id"),
    text("no_signals"),
    maybe_text("research_intents"),
    UniqueConstraint("namespace", "strategy_id", "timeframe", "closed_at"),
)

plans = _table(
    "plans",
    text("plan_id", primary_key=True),
    text("namespace"),
    instant("assessed_at"),
    text("config_hash"),
    text("run_id"),
    # what bore on all of it: what an allocation took away, and who wanted the same pair
    maybe_text("notes"),
)

intents = _table(
    "intents",
    text("intent_id", primary_key=True),
    Column("decision_id", ForeignKey("decisions.decision_id"), nullable=False),
    # the plan that answered it; none while it is pending
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=True),
    text("namespace"),
    text("strategy_id"),
    text("timeframe"),
    text("pair"),
    text("side"),
    exact("confidence"),
    exact("stop_distance"),
    instant("decided_at"),
    instant("closed_at"),
    instant("expires_at"),
    exact("decision_price"),
    text("reason"),
    Column("userref", Integer, nullable=True),
    maybe_text("terms"),
    text("action"),
    # how much is to be held then, and in what it is measured
    maybe_exact("target"),
    maybe_text("target_unit"),
    Index(None, "decision_id"),
    Index(
        "ix_intents_pending",
        "namespace",
        "decided_at",
        sqlite_where=sql("plan_id IS NULL"),
        postgresql_where=sql("plan_id IS NULL"),
    ),
)

strategy_state = _table(
    "strategy_state",
    text("namespace"),
    text("strategy_id"),
    text("timeframe"),
    instant("closed_at"),
    text("version"),
    text("state"),
    PrimaryKeyConstraint("namespace", "strategy_id", "timeframe", "version"),
)

quarantines = _table(
    "quarantines",
    text("quarantine_id", primary_key=True),
    text("strategy_id"),
    instant("since"),
    text("reason"),
    maybe_instant("released_at"),
    maybe_text("released_by"),
    maybe_text("released_reason"),
    Index(None, "strategy_id"),
)

verdicts = _table(
    "verdicts",
    Column("intent_id", ForeignKey("intents.intent_id"), primary_key=True),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False),
    text("pair"),
    text("side"),
    text("verdict"),
    text("clamped_by"),
    exact("qty"),
    maybe_exact("limit_price"),
    exact("notional"),
    text("figures"),
    Index(None, "plan_id"),
)

denials = _table(
    "denials",
    Column("intent_id", ForeignKey("verdicts.intent_id"), nullable=False),
    number("position"),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False),
    text("code"),
    text("figures"),
    PrimaryKeyConstraint("intent_id", "position"),
    Index(None, "plan_id"),
    Index(None, "code"),
)

execution_orders = _table(
    "execution_orders",
    text("local_id", primary_key=True),
    text("namespace"),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False),
    Column("intent_id", ForeignKey("intents.intent_id"), nullable=False),
    text("purpose"),
    number("attempt"),
    text("cl_ord_id", unique=True),
    text("strategy_id"),
    text("timeframe"),
    text("pair"),
    text("base"),
    text("side"),
    text("order_type"),
    text("time_in_force"),
    number("post_only"),
    maybe_text("trigger"),
    maybe_text("close"),
    maybe_text("amending"),
    maybe_text("parent_id"),
    maybe_text("kraken_order_id", unique=True),
    Column("userref", Integer, nullable=True),
    text("status"),
    number("version"),
    exact("volume"),
    exact("price"),
    exact("filled_volume"),
    maybe_exact("avg_fill_price"),
    exact("fee"),
    exact("quote_rate"),
    exact("stop_distance"),
    maybe_instant("deadline"),
    instant("expires_at"),
    maybe_instant("settled_at"),
    maybe_text("last_error"),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("intent_id", "purpose", "attempt"),
    Index(None, "status"),
    Index(None, "plan_id"),
    Index(None, "created_at"),
    Index(None, "parent_id"),
    Index("ix_execution_orders_place", "strategy_id", "timeframe", "pair", "created_at"),
    Index(
        "ix_execution_orders_closing",
        "updated_at",
        sqlite_where=sql("close IS NOT NULL"),
        postgresql_where=sql("close IS NOT NULL"),
    ),
    Index(
        "ix_execution_orders_unmatched",
        "status",
        sqlite_where=sql("settled_at IS NULL AND filled_volume <> '0'"),
        postgresql_where=sql("settled_at IS NULL AND filled_volume <> '0'"),
    ),
)

execution_order_events = _table(
    "execution_order_events",
    Column("local_id", ForeignKey("execution_orders.local_id"), nullable=False),
    number("version"),
    maybe_text("from_status"),
    text("to_status"),
    text("fact"),
    text("source"),
    text("detail"),
    instant("at"),
    maybe_text("kraken_order_id"),
    maybe_exact("filled_volume"),
    maybe_exact("avg_fill_price"),
    maybe_exact("fee"),
    maybe_instant("deadline"),
    maybe_text("amendment"),
    Column("epoch", Integer, nullable=True),
    PrimaryKeyConstraint("local_id", "version"),
)

clean_reads = _table(
    "clean_reads",
    Column("local_id", ForeignKey("execution_orders.local_id"), nullable=False),
    instant("at"),
    PrimaryKeyConstraint("local_id", "at"),
)

execution_results = _table(
    "execution_results",
    Column("id", Integer, primary_key=True),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False, unique=True),
    instant("started_at"),
    maybe_instant("completed_at"),
    text("status"),
    text("summary"),
)

leases = _table(
    "leases",
    text("resource", primary_key=True),
    maybe_text("owner"),
    number("epoch", unique=True),
    instant("renewed_at"),
    instant("expires_at"),
)

halts = _table(
    "halts",
    Column("halt_id", Integer, primary_key=True),
    text("kind"),
    # what it stops: empty for everything, else `asset:XBT`, `pair:XBTUSD`, `strategy:trend_core`
    text("scope"),
    text("reason"),
    text("action"),
    instant("latched_at"),
    text("latched_by"),
    maybe_instant("cleared_at"),
    maybe_text("cleared_by"),
    maybe_text("cleared_reason"),
    Index(
        "uq_halts_latched",
        "kind",
        "scope",
        unique=True,
        sqlite_where=sql("cleared_at IS NULL"),
        postgresql_where=sql("cleared_at IS NULL"),
    ),
)

fills = _table(
    "fills",
    text("trade_id", primary_key=True),
    text("kraken_order_id"),
    text("pair"),
    text("side"),
    exact("price"),
    exact("qty"),
    exact("cost"),
    exact("fee"),
    text("liquidity"),
    instant("at"),
    exact("quote_rate"),
    text("book"),
    Index(None, "kraken_order_id"),
    Index(None, "at"),
    Index(None, "book", "pair", "at"),
)

ledger_entries = _table(
    "ledger_entries",
    text("entry_id", primary_key=True),
    text("refid"),
    text("type"),
    text("subtype"),
    text("asset"),
    exact("amount"),
    exact("fee"),
    exact("balance"),
    instant("at"),
    Index(None, "at"),
    Index(None, "type", "at"),
    Index(None, "refid"),
)

entry_causes = _table(
    "entry_causes",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    text("cause"),
    text("event_id"),
    text("why"),
    # what of its event has not come: fill, leg, side, or nothing
    text("lacks"),
    instant("explained_at"),
    Index(None, "event_id"),
    Index(None, "cause", "lacks"),
)

sync_marks = _table(
    "sync_marks",
    # of a list that is being read, by Kraken's name of the call; the frozen part of it
    text("list", primary_key=True),
    maybe_instant("since"),
    text("end"),
    number("skip"),
    number("counted"),
    # 1 once every page is kept and the rows only wait to be booked
    number("is_whole"),
    instant("kept_at"),
)

staged_rows = _table(
    "staged_rows",
    # rows of such a list, as they came
    text("list"),
    text("row_id"),
    instant("at"),
    text("row"),
    PrimaryKeyConstraint("list", "row_id"),
    Index(None, "list", "at", "row_id"),
)

fill_residuals = _table(
    "fill_residuals",
    Column("trade_id", ForeignKey("fills.trade_id"), primary_key=True),
    # what the ledger booked less what the trade says
    exact("base"),
    exact("quote"),
    maybe_exact("fee"),
)

# events that are not booked as they are explained now
unbooked_events = _table(
    "unbooked_events",
    text("event_id", primary_key=True),
    # of the entry that was explained: the oldest event is booked first
    instant("at"),
    Index(None, "at"),
)

account_moves = _table(
    "account_moves",
    text("move_id", primary_key=True),
    text("event_id"),
    instant("at"),
    text("cause"),
    text("asset"),
    exact("qty"),
    maybe_exact("value"),
    exact("fee"),
    text("basis"),
    maybe_exact("cost"),
    exact("tax_fee"),
    text("price_source"),
    Index(None, "at"),
    Index(None, "asset", "at"),
    Index(None, "event_id"),
    Index(None, "basis"),
)

price_points = _table(
    "price_points",
    text("asset"),
    instant("at"),
    exact("price"),
    text("source"),
    text("detail"),
    PrimaryKeyConstraint("asset", "at"),
)

stated_costs = _table(
    "stated_costs",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    # what it had cost in all, in base currency
    exact("cost"),
    instant("at"),
    text("by"),
    text("reason"),
)

# what a person says of an entry of ours that brought a bucket to the exchange's balance
adjustments = _table(
    "adjustments",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    text("bucket"),
    exact("replayed"),
    exact("at_exchange"),
    instant("at"),
    text("by"),
    text("reason"),
    Index(None, "bucket", "at"),
)

# one of each economic asset, the base currency with them; all sums in base currency
asset_books = _table(
    "asset_books",
    text("asset", primary_key=True),
    text("method"),
    exact("qty"),
    exact("realised"),
    exact("taxed"),
    exact("income"),
    exact("flows"),
    exact("adjusted"),
    exact("unexplained"),
    exact("fees"),
    exact("tax_fees"),
    exact("stated"),
    exact("uncosted"),
    exact("swapped"),
    number("unpriced"),
)

lots = _table(
    "lots",
    text("asset"),
    text("lot_id"),
    instant("acquired_at"),
    exact("qty"),
    maybe_exact("cost"),
    exact("fee"),
    exact("unit"),
    text("basis"),
    PrimaryKeyConstraint("asset", "lot_id"),
)

lot_matches = _table(
    "lot_matches",
    text("move_id"),
    number("part"),
    text("asset"),
    text("lot_id"),
    maybe_instant("acquired_at"),
    instant("disposed_at"),
    exact("qty"),
    maybe_exact("cost"),
    exact("acquisition_fee"),
    maybe_exact("proceeds"),
    exact("disposal_fee"),
    text("basis"),
    text("cause"),
    PrimaryKeyConstraint("move_id", "part"),
    Index(None, "asset", "disposed_at"),
)

valued_flows = _table(
    "valued_flows",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    # of the snapshot in whose units it is; no foreign key, for snapshots are pruned
    instant("snapshot_at"),
)

strategy_positions = _table(
    "strategy_positions",
    text("book"),
    text("pair"),
    exact("qty"),
    exact("cost"),
    exact("realised"),
    exact("fees"),
    exact("uncosted"),
    PrimaryKeyConstraint("book", "pair"),
)

book_transfers = _table(
    "book_transfers",
    text("transfer_id", primary_key=True),
    text("pair"),
    text("from_book"),
    text("to_book"),
    exact("qty"),
    exact("cost"),
    instant("at"),
    text("reason"),
    Index(None, "pair"),
)

# holdings of an asset that the exchange gave another name, perhaps another number of units
conversions = _table(
    "conversions",
    text("conversion_id", primary_key=True),
    text("book"),
    text("from_asset"),
    text("to_asset"),
    exact("ratio"),
    instant("effective_at"),
    text("from_pair"),
    text("to_pair"),
    exact("qty"),
    exact("to_qty"),
    exact("cost"),
    instant("at"),
    Index(None, "from_pair"),
    Index(None, "to_pair"),
)

protections = _table(
    "protections",
    text("book"),
    text("pair"),
    maybe_instant("missing_since"),
    number("failures"),
    maybe_text("last_error"),
    instant("updated_at"),
    PrimaryKeyConstraint("book", "pair"),
)

cooldowns = _table(
    "cooldowns",
    text("pair", primary_key=True),
    instant("until"),
    text("reason"),
)

# what keeps a pair from being opened, or all of them where none is named (RSK-7)
protection_locks = _table(
    "protection_locks",
    text("lock_id", primary_key=True),
    text("kind"),
    text("pair"),
    instant("since"),
    instant("until"),
    text("reason"),
    maybe_instant("cleared_at"),
    maybe_text("cleared_by"),
    maybe_text("cleared_reason"),
    Index(None, "until"),
)

foreign_orders = _table(
    "foreign_orders",
    text("kraken_order_id", primary_key=True),
    text("pair"),
    text("side"),
    text("order_type"),
    text("status"),
    exact("qty"),
    exact("filled_qty"),
    maybe_exact("limit_price"),
    text("description"),
    instant("first_seen_at"),
    instant("last_seen_at"),
    maybe_instant("gone_at"),
)

reconciliations = _table(
    "reconciliations",
    Column("id", Integer, primary_key=True),
    instant("at"),
    text("cause"),
    text("outcome"),
    text("findings"),
    text("run_id"),
    Index(None, "at"),
)

nav_snapshots = _table(
    "nav_snapshots",
    instant("at", primary_key=True),
    exact("equity"),
    exact("cash"),
    exact("realised"),
    exact("unrealised"),
    exact("fees"),
    exact("units"),
    exact("unit_price"),
    exact("drawdown"),
    text("valuations"),
    text("positions"),
    text("drift"),
    # snapshots of an older version have neither
    maybe_exact("drawdown_of_day"),
    maybe_exact("drawdown_of_all_time"),
)

nav_days = _table(
    "nav_days",
    # the UTC day, `2026-01-31`; a row a day, never pruned
    text("day", primary_key=True),
    exact("first_unit_price"),
    exact("highest_unit_price"),
    exact("lowest_unit_price"),
    exact("last_unit_price"),
    exact("peak_unit_price"),
    exact("equity"),
    exact("exposure"),
    exact("flows"),
    instant("last_at"),
)

trade_days = _table(
    "trade_days",
    # the UTC day in which its fills were; derived from them and kept in their transaction
    text("day", primary_key=True),
    number("fills"),
    exact("traded"),
    exact("fees"),
)
