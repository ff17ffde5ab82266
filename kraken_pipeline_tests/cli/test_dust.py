import json
from decimal import Decimal

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.transfers import SqlTransferStore
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


def _dusty(pipeline: Pipeline) -> str:
    """Buy, call it dust, and return the pair of it."""
    pipeline.decide(timeframe("4h"), run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    pipeline.keep_books()
    holding = next(each for each in pipeline.stores.books.positions() if each.qty)
    transfers = SqlTransferStore(pipeline.stores.database)
    transfers.move(holding, DUST, at=pipeline.clock(), reason="a test")
    return holding.pair


def test_a_fresh_machine_has_no_dust(command: Command, fresh: dict[str, str]) -> None:
    assert "no dust" in command("dust", "list", environ=fresh).out


def test_dust_is_listed_with_the_smallest_sale(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pair = _dusty(pipeline)

    [row] = json.loads(command("dust", "list", "--json", environ=market.environ).out)

    assert row["pair"] == pair
    assert Decimal(row["qty"]) > Decimal(row["smallest_sale"]) > 0


def test_dust_that_is_enough_is_sold_by_a_sweep(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pair = _dusty(pipeline)

    said = command("dust", "sweep", pair, environ=market.environ)

    assert said.code == 0
    assert f"{pair} sold" in said.out
    assert "no dust" in command("dust", "list", environ=market.environ).out


def test_a_sweep_where_there_is_no_dust_says_so(command: Command, market: PaperMarket) -> None:
    said = command("dust", "sweep", "XBTUSD", environ=market.environ)

    assert said.code == 2
    assert "there is no dust of XBTUSD" in said.err
