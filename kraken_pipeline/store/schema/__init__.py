"""The tables. Amounts and instants are text (`columns.py`); lists and maps are compact JSON.

Orders, books and halts are projections of what happened, written in one transaction with the
journal. A change here needs a migration; a test compares the two.

Whoever asks for one subject gets them all: a foreign key takes its type from another's table.
"""

from kraken_pipeline.store.schema import (
    books,
    decisions,
    halts,
    ledger,
    lots,
    nav,
    orders,
    shared,
    universe,
)
from kraken_pipeline.store.schema.metadata import metadata

__all__ = [
    "books",
    "decisions",
    "halts",
    "ledger",
    "lots",
    "metadata",
    "nav",
    "orders",
    "shared",
    "universe",
]
