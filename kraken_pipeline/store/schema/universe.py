"""Versions of the universe, and what its pairs are judged by."""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
)

from kraken_pipeline.store.columns import (
    exact,
    instant,
    number,
    text,
)
from kraken_pipeline.store.schema.metadata import table

universes = table(
    "universes",
    text("version", primary_key=True),
    instant("first_seen_at"),
    instant("last_seen_at"),
    text("config_hash"),
    text("members"),
    text("leaving"),
    text("watched"),
    text("notional_24h"),
    text("reasons"),
    Index(None, "last_seen_at"),
)

universe_refreshes = table(
    "universe_refreshes",
    Column("id", Integer, primary_key=True),
    instant("at"),
    text("version"),
    text("config_hash"),
    text("rules_hash"),
    text("source_hash"),
    # what every filter said of every pair, packed: it is long, and asked for one row at a time
    Column("judged", LargeBinary, nullable=True),
    Index(None, "at"),
    Index(None, "version"),
)

# what a book of a pair holds within a distance from its middle, in quote
depth_readings = table(
    "depth_readings",
    text("pair", primary_key=True),
    number("within_bps"),
    exact("bids"),
    exact("asks"),
    instant("read_at"),
)
