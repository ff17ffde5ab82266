import json
from decimal import Decimal

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


def test_where_no_day_is_kept_the_performance_says_what_keeps_one(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("portfolio", "performance", environ=fresh)

    assert said.code == 0
    assert "run-once" in said.out
    assert json.loads(command("portfolio", "performance", "--json", environ=fresh).out) is None


def test_the_performance_of_a_day_says_nothing_of_a_year(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.keep_books()

    said = command("portfolio", "performance", environ=market.environ).out
    told = json.loads(command("portfolio", "performance", "--json", environ=market.environ).out)

    assert "not before 30 days" in said
    assert "+0.00 %" in said
    assert told["sharpe"] is None
    assert Decimal(told["gained"]) == 0
    assert len(told["months"]) == 1


def test_the_performance_begins_with_the_day_that_is_asked_for(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.keep_books()

    said = command("portfolio", "performance", "--since", "2999-01-01", environ=market.environ)

    assert "no day is kept" in said.out
