"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _journal()
    _decisions()
    _orders()
    _books()


def _journal() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
        sa.UniqueConstraint("hash", name="uq_journal_hash"),
        sqlite_strict=True,
    )
    op.create_index("ix_journal_subject", "journal", ["subject"], unique=False)


def _decisions() -> None:
    op.create_table(
        "universes",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.Text(), nullable=False),
        sa.Column("last_seen_at", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("leaving", sa.Text(), nullable=False),
        sa.Column("notional_24h", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_universes"),
        sqlite_strict=True,
    )
    op.create_index("ix_universes_last_seen_at", "universes", ["last_seen_at"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Text(), nullable=False),
        sa.Column("strategy_version", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("universe_version", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("inputs_hash", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("no_signals", sa.Text(), nullable=False),
        sa.Column("research_intents", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
        sa.UniqueConstraint(
            "namespace",
            "strategy_id",
            "timeframe",
            "closed_at",
            name="uq_decisions_namespace_strategy_id_timeframe_closed_at",
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("assessed_at", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plans"),
        sqlite_strict=True,
    )
    op.create_table(
        "intents",
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=True),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("stop_distance", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.Column("decision_price", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("userref", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.decision_id"], name="fk_intents_decision_id"
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name="fk_intents_plan_id"),
        sa.PrimaryKeyConstraint("intent_id", name="pk_intents"),
        sqlite_strict=True,
    )
    op.create_index("ix_intents_decision_id", "intents", ["decision_id"], unique=False)
    op.create_index(
        "ix_intents_pending",
        "intents",
        ["namespace", "decided_at"],
        unique=False,
        sqlite_where=sa.text("plan_id IS NULL"),
        postgresql_where=sa.text("plan_id IS NULL"),
    )
    op.create_table(
        "strategy_state",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "strategy_id", "timeframe", name="pk_strategy_state"),
        sqlite_strict=True,
    )
    op.create_table(
        "verdicts",
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("clamped_by", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("limit_price", sa.Text(), nullable=True),
        sa.Column("notional", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["intents.intent_id"], name="fk_verdicts_intent_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name="fk_verdicts_plan_id"),
        sa.PrimaryKeyConstraint("intent_id", name="pk_verdicts"),
        sqlite_strict=True,
    )
    op.create_index("ix_verdicts_plan_id", "verdicts", ["plan_id"], unique=False)
    op.create_table(
        "denials",
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["intent_id"], ["verdicts.intent_id"], name="fk_denials_intent_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name="fk_denials_plan_id"),
        sa.PrimaryKeyConstraint("intent_id", "position", name="pk_denials"),
        sqlite_strict=True,
    )
    op.create_index("ix_denials_code", "denials", ["code"], unique=False)
    op.create_index("ix_denials_plan_id", "denials", ["plan_id"], unique=False)


def _orders() -> None:
    op.create_table(
        "execution_orders",
        sa.Column("local_id", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("intent_id", sa.Text(), nullable=False),
        sa.Column("cl_ord_id", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("time_in_force", sa.Text(), nullable=False),
        sa.Column("post_only", sa.Integer(), nullable=False),
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
        sa.UniqueConstraint("intent_id", name="uq_execution_orders_intent_id"),
        sa.UniqueConstraint("kraken_order_id", name="uq_execution_orders_kraken_order_id"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_execution_orders_created_at", "execution_orders", ["created_at"], unique=False
    )
    op.create_index("ix_execution_orders_plan_id", "execution_orders", ["plan_id"], unique=False)
    op.create_index("ix_execution_orders_status", "execution_orders", ["status"], unique=False)
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
    op.create_table(
        "execution_results",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("completed_at", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plans.plan_id"], name="fk_execution_results_plan_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_execution_results"),
        sa.UniqueConstraint("plan_id", name="uq_execution_results_plan_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "leases",
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("renewed_at", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("resource", name="pk_leases"),
        sa.UniqueConstraint("epoch", name="uq_leases_epoch"),
        sqlite_strict=True,
    )
    op.create_table(
        "halts",
        sa.Column("halt_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("latched_at", sa.Text(), nullable=False),
        sa.Column("latched_by", sa.Text(), nullable=False),
        sa.Column("cleared_at", sa.Text(), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.Column("cleared_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("halt_id", name="pk_halts"),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_halts_latched",
        "halts",
        ["kind"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )


def _books() -> None:
    op.create_table(
        "fills",
        sa.Column("trade_id", sa.Text(), nullable=False),
        sa.Column("kraken_order_id", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("liquidity", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("quote_rate", sa.Text(), nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("trade_id", name="pk_fills"),
        sqlite_strict=True,
    )
    op.create_index("ix_fills_at", "fills", ["at"], unique=False)
    op.create_index("ix_fills_book_pair_at", "fills", ["book", "pair", "at"], unique=False)
    op.create_index("ix_fills_kraken_order_id", "fills", ["kraken_order_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("refid", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("balance", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_ledger_entries"),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_entries_at", "ledger_entries", ["at"], unique=False)
    op.create_index("ix_ledger_entries_type_at", "ledger_entries", ["type", "at"], unique=False)
    op.create_table(
        "valued_flows",
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("snapshot_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.entry_id"], name="fk_valued_flows_entry_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_valued_flows"),
        sqlite_strict=True,
    )
    op.create_table(
        "strategy_positions",
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("qty", sa.Text(), nullable=False),
        sa.Column("cost", sa.Text(), nullable=False),
        sa.Column("realised", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("uncosted", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", "pair", name="pk_strategy_positions"),
        sqlite_strict=True,
    )
    op.create_table(
        "nav_snapshots",
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("equity", sa.Text(), nullable=False),
        sa.Column("cash", sa.Text(), nullable=False),
        sa.Column("realised", sa.Text(), nullable=False),
        sa.Column("unrealised", sa.Text(), nullable=False),
        sa.Column("fees", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("unit_price", sa.Text(), nullable=False),
        sa.Column("drawdown", sa.Text(), nullable=False),
        sa.Column("valuations", sa.Text(), nullable=False),
        sa.Column("positions", sa.Text(), nullable=False),
        sa.Column("drift", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("at", name="pk_nav_snapshots"),
        sqlite_strict=True,
    )
