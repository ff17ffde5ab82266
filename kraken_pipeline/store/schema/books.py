"""What each strategy holds, and how that and the exchange agree."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
)

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_exact,
    text,
)
from kraken_pipeline.store.schema.metadata import table

fills = table(
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

fill_residuals = table(
    "fill_residuals",
    Column("trade_id", ForeignKey("fills.trade_id"), primary_key=True),
    # what the ledger booked less what the trade says
    exact("base"),
    exact("quote"),
    maybe_exact("fee"),
)

strategy_positions = table(
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

book_transfers = table(
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
conversions = table(
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

reconciliations = table(
    "reconciliations",
    Column("id", Integer, primary_key=True),
    instant("at"),
    text("cause"),
    text("outcome"),
    text("findings"),
    text("run_id"),
    Index(None, "at"),
)
