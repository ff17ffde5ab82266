import json
from decimal import Decimal

import pytest

from kraken_pipeline.cli.orders import _for_people, row_of
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import Trigger
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy
from kraken_pipeline_tests.store.builders import decision, order


def test_a_fresh_machine_has_no_orders(command: Command, fresh: dict[str, str]) -> None:
    assert "no open order" in command("orders", "list-open", environ=fresh).out
    assert "no order yet" in command("orders", "recent-executions", environ=fresh).out


def test_a_resting_order_is_listed_with_its_figures(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    [row] = json.loads(command("orders", "list-open", "--json", environ=market.environ).out)

    assert (row["local_id"], row["status"], row["price"]) == (order.local_id, "live", "0.1")
    assert row["kraken_order_id"] == market.open_orders[0].id


def test_a_stop_shows_what_fires_it_and_not_our_bound_as_a_limit() -> None:
    [wish] = decision("ADAUSD").intents
    stop = order(wish, order_type="stop-loss", trigger=Trigger(price=Price(Decimal("2.5"))))
    trailing = order(wish, order_type="trailing-stop", trigger=Trigger(trail_pct=Decimal(3)))

    shown = _for_people([row_of(each) for each in (order(wish), stop, trailing)])

    assert [(each["price"] is None, each["trigger"]) for each in shown] == [
        (False, None),
        (True, "2.5"),
        (True, "3 %"),
    ]


def test_an_order_that_ended_is_recent_and_not_open(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.cancel(resting_buy(pipeline))

    [row] = json.loads(command("orders", "recent-executions", "--json", environ=market.environ).out)

    assert row["status"] == "canceled"
    assert json.loads(command("orders", "list-open", "--json", environ=market.environ).out) == []


def test_cancel_without_a_filter_cancels_nothing(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)

    said = command("orders", "cancel", environ=market.environ)

    assert said.code == 2
    assert "--plan, --strategy, --pair, --kraken-id, --local-id or --all" in said.err
    assert len(market.open_orders) == 1


def test_cancel_all_leaves_nothing_open_and_shows_the_proof(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    for pair in ("ADAUSD", "XDGUSD"):
        resting_buy(pipeline, pair)

    said = command("orders", "cancel", "--all", "--json", environ=market.environ)

    assert said.code == 0
    assert {row["status"] for row in json.loads(said.out)} == {"canceled"}
    assert market.open_orders == []


def test_cancel_all_where_nothing_is_open_is_done_already(
    command: Command, market: PaperMarket
) -> None:
    said = command("orders", "cancel", "--all", environ=market.environ)
    told = command("orders", "cancel", "--all", "--json", environ=market.environ)

    assert (said.code, said.out) == (0, "nothing is open in our books\n")
    assert (told.code, json.loads(told.out)) == (0, [])


@pytest.mark.parametrize("option", ["--plan", "--strategy", "--kraken-id", "--local-id"])
def test_a_filter_that_fits_nothing_is_wrong_use(
    command: Command, market: PaperMarket, pipeline: Pipeline, option: str
) -> None:
    resting_buy(pipeline)

    said = command("orders", "cancel", option, "nothing", environ=market.environ)

    assert (said.code, said.err) == (
        2,
        "kraken-pipeline: no open order in our books fits these filters\n",
    )
    assert len(market.open_orders) == 1


def test_a_filter_cancels_what_it_names_and_leaves_the_rest(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    kept, named = (resting_buy(pipeline, pair) for pair in ("ADAUSD", "XDGUSD"))

    said = command("orders", "cancel", "--local-id", named.local_id, environ=market.environ)

    assert said.code == 0
    assert [each.id for each in market.open_orders] == [kept.kraken_order_id]


def test_an_order_that_waits_to_be_sent_is_taken_back(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.decide(timeframe("4h"), run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")

    said = command("orders", "cancel", "--all", "--json", environ=market.environ)

    assert {row["status"] for row in json.loads(said.out)} == {"withdrawn"}
    assert market.orders == []


def test_one_that_can_not_be_canceled_does_not_keep_the_rest(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    lost, other = (resting_buy(pipeline, pair) for pair in ("ADAUSD", "XDGUSD"))
    account = market.served.exchange.account
    del account.orders[str(lost.kraken_order_id)]
    del account.open[str(lost.kraken_order_id)]

    said = command("orders", "cancel", "--all", "--json", environ=market.environ)

    assert said.code == 5
    assert "ADAUSD buy: " in said.err
    assert [row["local_id"] for row in json.loads(said.out)] == [other.local_id]
    assert market.open_orders == []


def test_people_see_a_table_that_fits(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    shown = command("orders", "list-open", environ=market.environ).out

    assert order.local_id in shown
    assert "open orders" in shown
