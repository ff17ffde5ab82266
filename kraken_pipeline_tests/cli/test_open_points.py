"""Points between books and exchange, as a person and a program read them."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.cli.open_points import point_row, show_points
from kraken_pipeline.domain.accounting.open_points import OpenPoint, What
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def _point(since: datetime | None) -> OpenPoint:
    return OpenPoint(what=What.LACKING, of="XBT", said="1 is lacking", since=since)


def test_a_point_tells_its_age_where_that_is_known() -> None:
    told = [point_row(_point(each), NOON) for each in (NOON - timedelta(minutes=2), None)]

    assert [each["age_seconds"] for each in told] == [120, None]
    assert {each["explained"] for each in told} == {"no"}


def test_where_there_is_no_point_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show_points([], NOON)

    assert capsys.readouterr().out == ""


def test_a_move_that_is_on_its_way_is_shown_with_its_age_and_is_no_difference(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    exchange = market.served.exchange
    play(exchange, Params({"flow": "deposit", "asset": "ADA", "amount": "100"}))
    leaves = {"flow": "staking_leg", "asset": "ADA", "amount": "40", "leg": "leave"}
    play(exchange, Params(leaves))
    pipeline.keep_books()

    shown = command("portfolio", "show", environ=market.environ).out
    told = json.loads(command("reconcile", "--json", environ=market.environ).out)

    assert "between two buckets" in shown
    [point] = told["open_points"]
    assert (point["what"], point["explained"]) == ("between two buckets", "yes")
    assert Decimal(point["figures"].split()[0]) == 40


def test_what_nobody_can_explain_stands_between_books_and_exchange_with_a_trade_without_a_fill(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    rows = [
        {"type": "mystery", "asset": "USD", "amount": "3", "refid": "R1"},
        {"type": "trade", "asset": "USD", "amount": "-2", "refid": "R2"},
    ]
    play(market.served.exchange, Params({"flow": "rows", "rows": rows}))
    pipeline.keep_books()

    told = json.loads(command("reconcile", "--json", environ=market.environ).out)

    found = {each["what"]: each for each in told["open_points"]}
    assert found["entry without a cause"]["explained"] == "no"
    assert "'mystery' is no type" in found["entry without a cause"]["figures"]
    assert found["trades awaited"]["figures"].startswith("-2 of L")
