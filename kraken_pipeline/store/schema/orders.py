"""Orders on their way, ours and others', and the stops that are kept for what we hold."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_exact,
    maybe_instant,
    maybe_text,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

execution_orders = table(
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

execution_order_events = table(
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

clean_reads = table(
    "clean_reads",
    Column("local_id", ForeignKey("execution_orders.local_id"), nullable=False),
    instant("at"),
    maybe_text("doubts"),
    PrimaryKeyConstraint("local_id", "at"),
)

execution_results = table(
    "execution_results",
    Column("id", Integer, primary_key=True),
    Column("plan_id", ForeignKey("plans.plan_id"), nullable=False, unique=True),
    instant("started_at"),
    maybe_instant("completed_at"),
    text("status"),
    text("summary"),
)

protections = table(
    "protections",
    text("book"),
    text("pair"),
    maybe_instant("missing_since"),
    number("failures"),
    maybe_text("last_error"),
    instant("updated_at"),
    PrimaryKeyConstraint("book", "pair"),
)

foreign_orders = table(
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
