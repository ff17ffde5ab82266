"""What the account's assets had cost, and what came of it."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
)

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_exact,
    maybe_instant,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

account_moves = table(
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

price_points = table(
    "price_points",
    text("asset"),
    instant("at"),
    exact("price"),
    text("source"),
    text("detail"),
    PrimaryKeyConstraint("asset", "at"),
)

stated_costs = table(
    "stated_costs",
    Column("entry_id", ForeignKey("ledger_entries.entry_id"), primary_key=True),
    # what it had cost in all, in base currency
    exact("cost"),
    instant("at"),
    text("by"),
    text("reason"),
)

# one of each economic asset, the base currency with them; all sums in base currency
asset_books = table(
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

lots = table(
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

lot_matches = table(
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
