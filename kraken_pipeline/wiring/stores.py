"""The stores, opened together."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store import sync_pages
from kraken_pipeline.store.account_books import SqlAccountStore
from kraken_pipeline.store.adjustments import SqlAdjustmentStore
from kraken_pipeline.store.bar_kinds import open_shelf, require_kind
from kraken_pipeline.store.bar_shelves import Shelf
from kraken_pipeline.store.books import SqlBookStore
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.database import Database, connect
from kraken_pipeline.store.decisions import SqlDecisionStore
from kraken_pipeline.store.foreign import SqlForeignStore
from kraken_pipeline.store.halts import SqlHaltStore
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.store.migrations import migrate
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.store.reconciliations import SqlReconciliationStore
from kraken_pipeline.store.switches import SqlSwitchStore
from kraken_pipeline.store.sync_pages import SqlPageStore
from kraken_pipeline.store.universes import SqlUniverseStore
from kraken_pipeline.store.vaults import SqlVaultStore
from kraken_pipeline.store.world import claim

if TYPE_CHECKING:
    from kraken_pipeline.store.bars import ShelvedBars


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Everything that is kept."""

    database: Database
    bars_dir: Path
    bars_kind: str
    """`parquet` or `sqlite`."""
    universes: SqlUniverseStore
    decisions: SqlDecisionStore
    orders: SqlOrderStore
    books: SqlBookStore
    ledger: SqlLedgerStore
    accounts: SqlAccountStore
    adjustments: SqlAdjustmentStore
    vaults: SqlVaultStore
    ledger_pages: SqlPageStore[LedgerEntry]
    trade_pages: SqlPageStore[TradeReport]
    halts: SqlHaltStore
    foreign: SqlForeignStore
    passes: SqlReconciliationStore
    switches: SqlSwitchStore

    @cached_property
    def shelf(self) -> Shelf:
        """Return where the parts of the bars lie."""
        return open_shelf(self.bars_dir, self.bars_kind)

    @cached_property
    def bars(self) -> "ShelvedBars":
        """Return the bars' store: Arrow is loaded only by what reads or writes bars."""
        from kraken_pipeline.store.bars import ShelvedBars  # noqa: PLC0415 - the reason above

        return ShelvedBars(self.shelf)

    @cached_property
    def certificates(self) -> CertificateFiles:
        """Return the certificates of the bars."""
        return CertificateFiles(self.bars_dir)

    def close(self) -> None:
        """Close the database, and where the bars lie."""
        self.database.close()
        if "shelf" in vars(self):
            self.shelf.close()


def open_stores(loaded: Loaded, *, world: str) -> Stores:
    """Open the stores that the configuration names, with their tables brought up to date.

    Args:
        loaded: the configuration.
        world: whose books are asked for, as `modes.world_of` has it.

    Raises:
        ConfigurationError: a store cannot be opened, its tables are newer than this version, or it
            holds the books of another world (MOD-5), or bars of another kind.
    """
    kind = loaded.settings.market_data.ohlc_store.backend
    require_kind(loaded.bars_dir, kind)
    if loaded.settings.portfolio.auto_migrate_schema:
        migrate(loaded.database_url)
    database = connect(loaded.database_url)
    try:
        claim(database, world)
    except ConfigurationError:
        database.close()
        raise
    return Stores(
        database=database,
        bars_dir=loaded.bars_dir,
        bars_kind=kind,
        universes=SqlUniverseStore(database),
        decisions=SqlDecisionStore(database),
        orders=SqlOrderStore(database),
        books=SqlBookStore(database),
        ledger=SqlLedgerStore(database),
        accounts=SqlAccountStore(database),
        adjustments=SqlAdjustmentStore(database),
        vaults=SqlVaultStore(database),
        ledger_pages=SqlPageStore(database, sync_pages.LEDGER),
        trade_pages=SqlPageStore(database, sync_pages.TRADES),
        halts=SqlHaltStore(database),
        foreign=SqlForeignStore(database),
        passes=SqlReconciliationStore(database),
        switches=SqlSwitchStore(database),
    )
