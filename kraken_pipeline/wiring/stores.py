"""The stores, opened together."""

from dataclasses import dataclass

from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.bars import ParquetBarStore
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.universes import SqlUniverseStore


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything that is kept."""

    database: Database
    bars: ParquetBarStore
    universes: SqlUniverseStore
    decisions: SqlDecisionStore
    orders: SqlOrderStore
    books: SqlBookStore
    halts: SqlHaltStore

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_stores(loaded: Loaded) -> Stores:
    """Open the stores that the configuration names, with their tables brought up to date.

    Raises:
        ConfigurationError: a store cannot be opened, or its tables are newer than this version.
    """
    if loaded.settings.portfolio.auto_migrate_schema:
        migrate(loaded.database_url)
    database = connect(loaded.database_url)
    return Stores(
        database=database,
        bars=ParquetBarStore(loaded.bars_dir),
        universes=SqlUniverseStore(database),
        decisions=SqlDecisionStore(database),
        orders=SqlOrderStore(database),
        books=SqlBookStore(database),
        halts=SqlHaltStore(database),
    )
