import json

from kraken_pipeline.store.schema import execution_orders
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


def test_an_order_leads_back_to_its_decision_and_shows_every_step(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    told = json.loads(
        command("orders", "show", order.local_id, "--json", environ=market.environ).out
    )

    assert told["order"]["cl_ord_id"] == order.cl_ord_id
    assert told["grounds"]["plan_id"] == order.plan_id
    assert told["grounds"]["figures"]
    assert [each["fact"] for each in told["steps"]][-2:] == ["send_started", "accepted"]


def test_a_person_reads_the_same_as_lines(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("orders", "show", order.local_id, environ=market.environ).out

    assert "sending -> live" in said
    assert "config hash" in said


def test_an_order_that_there_is_not_is_named(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    result = command("orders", "show", "nope", environ=market.environ)

    assert result.code == 2
    assert "'nope'" in result.err


def test_the_audit_finds_a_row_that_was_changed_by_hand(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    assert command("audit", "verify", environ=market.environ).code == 0
    with pipeline.stores.database.writing() as connection:
        mine = execution_orders.c.local_id == order.local_id
        connection.execute(execution_orders.update().where(mine), {"price": order.limit_price * 2})

    result = command("audit", "verify", environ=market.environ)

    assert result.code == 6
    assert order.local_id in result.out
