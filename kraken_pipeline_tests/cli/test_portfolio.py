import json
from decimal import Decimal

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.store.ledger import SqlLedgerStore
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command, Said
from kraken_pipeline_tests.paper_market import PaperMarket


def test_where_no_day_is_kept_the_performance_says_what_keeps_one(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("portfolio", "performance", environ=fresh)

    assert said.code == 0
    assert "run-once" in said.out
    assert json.loads(command("portfolio", "performance", "--json", environ=fresh).out) is None


def test_where_nothing_was_read_the_portfolio_says_what_reads_it(
    command: Command, fresh: dict[str, str]
) -> None:
    assert "run-once" in command("portfolio", "show", environ=fresh).out
    assert json.loads(command("portfolio", "show", "--json", environ=fresh).out) is None


def test_the_portfolio_shows_what_is_held_and_explains_it_to_the_last_digit(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.decide(timeframe("4h"), run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    booked = pipeline.keep_books()

    said = command("portfolio", "show", environ=market.environ).out
    told = json.loads(command("portfolio", "show", "--json", environ=market.environ).out)

    assert Decimal(told["equity"]) == booked.snapshot.equity
    assert {each["quality"] for each in told["assets"]} == {"fresh"}
    assert len(told["assets"]) > 1
    assert Decimal(told["result"]["residual"]) == 0
    assert told["differing"] == {}
    assert "what became of the account" in said


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


@pytest.mark.parametrize(("amount", "said"), [("abc", "AMOUNT is 'abc'"), ("-12", "-12")])
def test_a_stated_cost_that_is_none_is_refused_by_name(
    command: Command, market: PaperMarket, amount: str, said: str
) -> None:
    refused = command("portfolio", "cost", "LX", amount, "--reason", "r", environ=market.environ)

    assert refused.code == 2
    assert said in refused.err
    assert "No such option" not in refused.err


def test_a_stated_cost_needs_a_reason_and_coins_that_came_without_a_trade(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    names = {}
    for asset in ("USD", "XBT"):
        told = {"flow": "deposit", "asset": asset, "amount": "2"}
        play(market.served.exchange, Params(told))
        pipeline.keep_books()
        ledger = SqlLedgerStore(pipeline.stores.database)
        names[asset] = ledger.explained(None)[-1].entry.entry_id

    def said(name: str, *more: str) -> Said:
        return command("portfolio", "cost", name, "12", *more, environ=market.environ)

    assert "--reason" in said(names["XBT"]).err
    assert "no entry" in said("LX", "--reason", "r").err
    assert "base currency" in said(names["USD"], "--reason", "r").err
    taken = said(names["XBT"], "--reason", "a receipt", "--json")
    assert json.loads(taken.out)["cost"] == "12"

    pipeline.keep_books()
    shown = command("explain", "asset", "XBT", "--json", environ=market.environ)
    [account] = json.loads(shown.out)["account"]
    assert account["cost"] == "12"
    assert account["of_estimated_cost"] is False
