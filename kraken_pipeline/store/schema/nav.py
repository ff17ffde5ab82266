"""What all of it was worth, and what was traded, day by day."""

from sqlalchemy import (
    Column,
    ForeignKey,
)

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_exact,
    maybe_text,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

valued_flows = table(
    "valued_flows",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    # of the snapshot in whose units it is; no foreign key, for snapshots are pruned
    instant("snapshot_at"),
)

nav_snapshots = table(
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
    maybe_text("drifted_by"),
)

nav_days = table(
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

trade_days = table(
    "trade_days",
    # the UTC day in which its fills were; derived from them and kept in their transaction
    text("day", primary_key=True),
    number("fills"),
    exact("traded"),
    exact("fees"),
)
