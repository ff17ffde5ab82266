"""What every process shares: what the store is, the journal and the leases."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
)

from kraken_pipeline.store.columns import (
    instant,
    maybe_text,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

meta = table(
    "meta",
    text("key", primary_key=True),
    text("value"),
)

journal = table(
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

leases = table(
    "leases",
    text("resource", primary_key=True),
    maybe_text("owner"),
    number("epoch", unique=True),
    instant("renewed_at"),
    instant("expires_at"),
)
