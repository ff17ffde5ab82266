"""What keeps from opening."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
)
from sqlalchemy import text as sql

from kraken_pipeline.store.columns import (
    instant,
    maybe_instant,
    maybe_text,
    text,
)
from kraken_pipeline.store.schema.metadata import table

halts = table(
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

quarantines = table(
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

cooldowns = table(
    "cooldowns",
    text("pair", primary_key=True),
    instant("until"),
    text("reason"),
)

# what keeps a pair from being opened, or all of them where none is named (RSK-7)
protection_locks = table(
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
