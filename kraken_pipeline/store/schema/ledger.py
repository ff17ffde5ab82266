"""The account's ledger, and why each entry of it is there."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
)

from kraken_pipeline.store.columns import (
    exact,
    instant,
    maybe_instant,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

vault_looks = table(
    "vault_looks",
    # when the ways to earn were last looked at: one row
    instant("at", primary_key=True),
    # why nothing was learned; empty where something was
    text("refused"),
)

vault_holdings = table(
    "vault_holdings",
    # what was allocated then and in no balance
    text("asset", primary_key=True),
    exact("qty"),
)

sync_marks = table(
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

staged_rows = table(
    "staged_rows",
    # rows of such a list, as they came
    text("list"),
    text("row_id"),
    instant("at"),
    text("row"),
    PrimaryKeyConstraint("list", "row_id"),
    Index(None, "list", "at", "row_id"),
)

ledger_entries = table(
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

entry_causes = table(
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

# what a person says of an entry of ours that brought a bucket to the exchange's balance
adjustments = table(
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

# events that are not booked as they are explained now
unbooked_events = table(
    "unbooked_events",
    text("event_id", primary_key=True),
    # of the entry that was explained: the oldest event is booked first
    instant("at"),
    Index(None, "at"),
)
