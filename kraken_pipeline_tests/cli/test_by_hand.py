import json
from datetime import timedelta

import pytest
import requests

from kraken_pipeline.cli.consent import actor
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.store.evidence import notes_on
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy

WHY = ("--reason", "a test")


def _doubtful(market: PaperMarket, pipeline: Pipeline, fault: str) -> Order:
    """Send an order whose answer is lost, and let its window pass unlooked at."""
    wanted = {"kind": fault, "method": "AddOrder", "times": 1}
    requests.post(f"{market.served.url}/_sim/faults", json=wanted, timeout=5).raise_for_status()
    order = resting_buy(pipeline)
    assert order.state is State.UNKNOWN
    market.turn(MOMENT + timedelta(minutes=4))
    return order


def _kinds(pipeline: Pipeline, order: Order) -> list[str]:
    return [str(each["kind"]) for each in notes_on(pipeline.stores.database, order.local_id)]


def test_a_resting_order_is_changed_in_place_and_who_did_it_is_kept(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command(
        "orders", "amend", order.local_id, "--qty", "90", "--price", "0.11", *WHY, "--json",
        environ=market.environ,
    )  # fmt: skip

    told = json.loads(said.out)
    [there] = market.open_orders
    assert said.code == 0, said.err
    assert (told["status"], told["volume"], told["price"]) == ("live", "90", "0.11")
    assert there.id == order.kraken_order_id
    assert _kinds(pipeline, order)[-2:] == ["operator.amend_asked", "operator.amend_done"]


def test_a_change_that_needs_more_than_is_reserved_is_denied(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("orders", "amend", order.local_id, "--qty", "200", *WHY, environ=market.environ)

    assert said.code == 3
    assert "a buy may only shrink or get cheaper" in said.err
    assert pipeline.stores.orders.order(order.local_id).qty == order.qty
    assert _kinds(pipeline, order)[-1] == "operator.amend_failed"


@pytest.mark.parametrize(
    ("options", "said"),
    [((), "changes nothing"), (("--qty", "much"), "no amount"), (("--qty", "-1"), "above zero")],
)
def test_a_change_that_is_none_is_wrong_use(
    command: Command,
    market: PaperMarket,
    pipeline: Pipeline,
    options: tuple[str, ...],
    said: str,
) -> None:
    order = resting_buy(pipeline)

    result = command("orders", "amend", order.local_id, *options, *WHY, environ=market.environ)

    assert result.code == 2
    assert said in result.err


def test_what_speaks_for_and_against_is_shown_and_nothing_is_changed(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _doubtful(market, pipeline, "lost_reply")

    said = command("orders", "resolve", order.local_id, "--json", environ=market.environ)

    told = json.loads(said.out)
    assert said.code == 0, said.err
    assert told["can_be_adopted"] == [market.open_orders[0].id]
    assert pipeline.stores.orders.order(order.local_id).state is State.UNKNOWN


def test_an_order_that_is_there_is_not_written_off_but_adopted(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _doubtful(market, pipeline, "lost_reply")
    resolve = ("orders", "resolve", order.local_id, *WHY, "--yes")

    denied = command(*resolve, "--absent", environ=market.environ)
    taken = command(*resolve, "--adopt", market.open_orders[0].id, environ=market.environ)

    now = pipeline.stores.orders.order(order.local_id)
    assert (denied.code, taken.code) == (3, 0), taken.err
    assert (now.state, now.kraken_order_id) == (State.LIVE, market.open_orders[0].id)
    assert _kinds(pipeline, order)[-4:] == [
        "operator.resolve_asked",
        "operator.resolve_failed",
        "operator.resolve_asked",
        "operator.resolve_done",
    ]


def test_f_sub_20_what_was_written_off_by_hand_says_who_and_why(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _doubtful(market, pipeline, "lost_request")

    said = command(
        "orders", "resolve", order.local_id, "--absent", *WHY, "--yes", environ=market.environ
    )

    note = notes_on(pipeline.stores.database, order.local_id)[-1]
    assert said.code == 0, said.err
    assert "for absence" in said.err
    assert pipeline.stores.orders.order(order.local_id).state is State.WRITTEN_OFF
    assert (note["actor"], note["payload"]["reason"]) == (actor(), "a test")


def test_nothing_is_settled_by_hand_without_a_yes_on_paper_either(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _doubtful(market, pipeline, "lost_request")

    said = command("orders", "resolve", order.local_id, "--absent", *WHY, environ=market.environ)

    assert said.code == 3
    assert pipeline.stores.orders.order(order.local_id).state is State.UNKNOWN


def test_an_order_whose_fate_is_known_is_not_settled_by_hand(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    assert command("orders", "resolve", order.local_id, environ=market.environ).code == 3
