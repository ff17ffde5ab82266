import pytest

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import load
from kraken_pipeline.wiring.modes import REAL, SIMULATED
from kraken_pipeline.wiring.stores import open_stores
from kraken_pipeline_tests.paper_market import PaperMarket
from kraken_pipeline_tests.store.candles import HOURLY, bars


def test_everything_is_kept_below_the_data_folder(market: PaperMarket) -> None:
    stores = open_stores(load(market.environ), world=SIMULATED)
    stores.close()

    assert (market.data_dir / "portfolio.db").is_file()
    assert stores.bars_dir.is_relative_to(market.data_dir)


def test_tables_that_may_not_be_made_are_missed_with_a_remedy(market: PaperMarket) -> None:
    market.configure("portfolio: {auto_migrate_schema: false, db_path: other.db}\n")

    with pytest.raises(ConfigurationError):
        open_stores(load(market.environ), world=SIMULATED)


def test_a_database_of_the_other_world_is_refused(market: PaperMarket) -> None:
    """F-STO-4: books of paper do not open in live."""
    open_stores(load(market.environ), world=SIMULATED).close()

    with pytest.raises(ConfigurationError, match="books of the simulator"):
        open_stores(load(market.environ), world=REAL)


def test_bars_are_kept_on_the_shelf_that_is_configured(market: PaperMarket) -> None:
    market.configure("market_data: {ohlc_store: {backend: sqlite, root_dir: rows}}\n")
    stores = open_stores(load(market.environ), world=SIMULATED)
    stores.bars.append(HOURLY, [bars("XBTUSD", [0])])
    stores.close()

    assert [each.name for each in stores.bars_dir.iterdir()] == ["bars.db"]


def test_bars_of_another_kind_are_refused_at_the_start(market: PaperMarket) -> None:
    market.configure("market_data: {ohlc_store: {backend: sqlite}}\n")
    with pytest.raises(ConfigurationError, match="bars kept as parquet"):
        open_stores(load(market.environ), world=SIMULATED)
