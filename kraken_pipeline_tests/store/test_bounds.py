"""The bounds that were agreed to: kept as they are, with who agreed in the journal."""

from decimal import Decimal

import pytest
from sqlalchemy import update

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.loosening import Bounds
from kraken_pipeline.store.audit import verify
from kraken_pipeline.store.bounds import KEY, SqlBoundsStore
from kraken_pipeline.store.database import Database
from kraken_pipeline.store.schema.shared import meta
from kraken_pipeline_tests.store.builders import NOW

BOUNDS: Bounds = {"a": Decimal("1.50"), "b": None, "c": True, "d": ("x", "y")}


def keep(database: Database, bounds: Bounds) -> None:
    SqlBoundsStore(database).keep(bounds, config_hash="h", at=NOW, by="me", reason="a test")


def test_what_is_kept_comes_back_and_the_newest_counts(database: Database) -> None:
    assert SqlBoundsStore(database).known() is None

    keep(database, {"a": Decimal(1)})
    keep(database, BOUNDS)

    assert SqlBoundsStore(database).known() == BOUNDS
    assert verify(database).faults == ()
    assert verify(database).head.seq == 2


def test_what_is_damaged_is_not_taken_for_nothing(database: Database) -> None:
    keep(database, BOUNDS)
    with database.writing() as connection:
        connection.execute(update(meta).where(meta.c.key == KEY).values(value="[1"))

    with pytest.raises(StorageError, match="cannot be read"):
        SqlBoundsStore(database).known()
