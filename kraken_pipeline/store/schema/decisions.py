"""What was decided, and what a plan answered to it."""

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
    maybe_text,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

decisions = table(
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

strategy_state = table(
    "strategy_state",
    text("namespace"),
    text("strategy_id"),
    text("timeframe"),
    instant("closed_at"),
    text("version"),
    text("state"),
    PrimaryKeyConstraint("namespace", "strategy_id", "timeframe", "version"),
)

plans = table(
    "plans",
    text("plan_id", primary_key=True),
    text("namespace"),
    instant("assessed_at"),
    text("config_hash"),
    text("run_id"),
    # what bore on all of it: what an allocation took away, and who wanted the same pair
    maybe_text("notes"),
)

intents = table(
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

verdicts = table(
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

denials = table(
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
