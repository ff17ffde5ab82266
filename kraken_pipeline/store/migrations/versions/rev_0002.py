"""Orders of every kind, several attempts of an intent, changes, stops, dust, reconciliation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEPT = [
    "local_id",
    "namespace",
    "plan_id",
    "intent_id",
    "cl_ord_id",
    "strategy_id",
    "timeframe",
    "pair",
    "side",
    "order_type",
    "time_in_force",
    "post_only",
    "kraken_order_id",
    "userref",
    "status",
    "version",
    "volume",
    "price",
    "filled_volume",
    "avg_fill_price",
    "fee",
    "quote_rate",
    "stop_distance",
    "deadline",
    "expires_at",
    "settled_at",
    "last_error",
    "created_at",
    "updated_at",
]
TOLD = [
    "local_id",
    "version",
    "from_status",
    "to_status",
    "fact",
    "source",
    "detail",
    "at",
    "kraken_order_id",
    "filled_volume",
    "avg_fill_price",
    "fee",
    "deadline",
    "epoch",
]


def upgrade() -> None:
    """Make the orders' table anew, for SQLite can't drop a constraint, and add the rest."""
    _set_aside()
    _orders()
    _put_back()
    op.add_column("intents", sa.Column("terms", sa.Text(), nullable=True))
    _halts()
    _money()
    _reconciliation()


def _set_aside() -> None:
    for name in ("clean_reads", "execution_order_events", "execution_orders"):
        op.execute(f"CREATE TABLE old_{name} AS SELECT * FROM {name}")  # noqa: S608 - our names
        op.drop_table(name)


def _orders() -> None:
    op.create_table(
        "execution_orders",
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cl_ord_id", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("time_in_force", sa.Text(), nullable=False),
        sa.Column("post_only", sa.Integer(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=True),
        sa.Column("close", sa.Text(), nullable=True),
        sa.Column("amending", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("kraken_order_id", sa.Text(), nullable=True),
        sa.Column("userref", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("volume", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("filled_volume", sa.Text(), nullable=False),
        sa.Column("avg_fill_price", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("quote_rate", sa.Text(), nullable=False),
        sa.Column("stop_distance", sa.Text(), nullable=False),
        sa.Column("deadline", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["intent_id"], ["intents.intent_id"], name="fk_execution_orders_intent_id"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name="fk_execution_orders_plan_id"),
        sa.PrimaryKeyConstraint("local_id", name="pk_execution_orders"),
        sa.UniqueConstraint("cl_ord_id", name="uq_execution_orders_cl_ord_id"),
        sa.UniqueConstraint("kraken_order_id", name="uq_execution_orders_kraken_order_id"),
        sa.UniqueConstraint(
            "intent_id", "purpose", "attempt", name="uq_execution_orders_intent_id_purpose_attempt"
        ),
        sqlite_strict=True,
    )
    for column in ("created_at", "parent_id", "plan_id", "status"):
        op.create_index(f"ix_execution_orders_{column}", "execution_orders", [column], unique=False)
    to_match = sa.text("settled_at IS NULL AND filled_volume <> '0'")
    op.create_index(
        "ix_execution_orders_unmatched",
        "execution_orders",
        ["status"],
        unique=False,
        sqlite_where=to_match,
        postgresql_where=to_match,
    )
    op.create_table(
        "execution_order_events",
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kraken_order_id", sa.Text(), nullable=True),
        sa.Column("filled_volume", sa.Text(), nullable=True),
        sa.Column("avg_fill_price", sa.Text(), nullable=True),
        sa.Column("fee", sa.Text(), nullable=True),
        sa.Column("deadline", sa.Text(), nullable=True),
        sa.Column("amendment", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["local_id"], ["execution_orders.local_id"], name="fk_execution_order_events_local_id"
        ),
        sa.PrimaryKeyConstraint("local_id", "version", name="pk_execution_order_events"),
        sqlite_strict=True,
    )
    op.create_table(
        "clean_reads",
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["local_id"], ["execution_orders.local_id"], name="fk_clean_reads_local_id"
        ),
        sa.PrimaryKeyConstraint("local_id", "at", name="pk_clean_reads"),
        sqlite_strict=True,
    )


def _put_back() -> None:
    kept, told = ", ".join(KEPT), ", ".join(TOLD)
    op.execute(
        f"INSERT INTO execution_orders ({kept}, base, purpose, attempt) SELECT {kept},"  # noqa: S608 - our names
        " '', CASE side WHEN 'buy' THEN 'open' ELSE 'close' END, 1 FROM old_execution_orders"
    )
    op.execute(
        f"INSERT INTO execution_order_events ({told})"  # noqa: S608 - our names
        f" SELECT {told} FROM old_execution_order_events"
    )
    op.execute("INSERT INTO clean_reads (local_id, at) SELECT local_id, at FROM old_clean_reads")
    for name in ("clean_reads", "execution_order_events", "execution_orders"):
        op.drop_table(f"old_{name}")


def _halts() -> None:
    for name in ("scope", "action"):
        op.add_column("halts", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.drop_index("uq_halts_latched", "halts")
    still_latched = sa.text("cleared_at IS NULL")
    op.create_index(
        "uq_halts_latched",
        "halts",
        ["kind", "scope"],
        unique=True,
        sqlite_where=still_latched,
        postgresql_where=still_latched,
    )


def _money() -> None:
    op.create_table(
        "book_transfers",
        sa.Column("transfer_id", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("from_book", sa.Text(), nullable=False),
        sa.Column("to_book", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transfer_id", name="pk_book_transfers"),
        sqlite_strict=True,
    )
    op.create_index("ix_book_transfers_pair", "book_transfers", ["pair"], unique=False)
    op.create_table(
        "protections",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("missing_since", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", "pair", name="pk_protections"),
        sqlite_strict=True,
    )
    op.create_table(
        "cooldowns",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pair", name="pk_cooldowns"),
        sqlite_strict=True,
    )


def _reconciliation() -> None:
    op.create_table(
        "foreign_orders",
        sa.Column("kraken_order_id", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("filled_qty", sa.Text(), nullable=False),
        sa.Column("limit_price", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kraken_order_id", name="pk_foreign_orders"),
        sqlite_strict=True,
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliations"),
        sqlite_strict=True,
    )
    op.create_index("ix_reconciliations_at", "reconciliations", ["at"], unique=False)
