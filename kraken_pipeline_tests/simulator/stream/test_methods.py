"""Trading over the stream: what REST does, in the stream's words."""

from decimal import Decimal

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import LIMIT, Json, Line, token_of


def only_open(client: Client) -> Json:
    [order] = client.did("OpenOrders")["open"].values()
    return order


def shown(client: Client, *names: str) -> list[object]:
    order = only_open(client)
    return [order["descr"].get(name, order.get(name)) for name in names]


def test_an_order_is_placed_and_named_as_the_caller_named_it(client: Client, line: Line) -> None:
    answer = line.order(cl_ord_id="mine")

    assert list(answer["result"]) == ["order_id", "cl_ord_id"]
    assert shown(client, "cl_ord_id", "vol", "order") == [
        "mine", "0.01000000", "buy 0.01000000 XBTUSD @ limit 30000.0",
    ]  # fmt: skip


def test_an_order_may_have_a_number_instead(client: Client, line: Line) -> None:
    answer = line.order(order_userref=7)

    assert answer["result"]["order_userref"] == 7
    assert shown(client, "userref") == [7]


ORDERS: list[tuple[dict[str, object], str]] = [
    ({"post_only": True, "fee_preference": "base"}, "limit 30000.0"),
    ({"limit_price": -10, "limit_price_type": "pct"}, "limit 45846.0"),
    ({"limit_price": -940, "limit_price_type": "quote"}, "limit 50000.0"),
    ({"order_type": "iceberg", "display_qty": 0.002}, "limit 30000.0"),
    (
        {"order_type": "stop-loss", "limit_price": None, "triggers": {"price": 60000}},
        "stop loss 60000.0",
    ),
    (
        {"order_type": "take-profit-limit", "limit_price": 40000, "triggers": {"price": 45000}},
        "take profit 45000.0 -> limit 40000.0",
    ),
    (
        {"order_type": "trailing-stop", "limit_price": None,
         "triggers": {"price": 2, "price_type": "pct", "reference": "index"}},
        "trailing stop +2.0000%",
    ),
    (
        {"order_type": "trailing-stop-limit", "limit_price": 5, "triggers": {"price": 200}},
        "trailing stop +200.0 -> limit +5.0",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "words"), ORDERS)
def test_every_order_type_says_what_it_says_over_rest(
    client: Client, line: Line, changed: dict[str, object], words: str
) -> None:
    answer = line.order(**changed)

    assert answer["success"], answer
    assert str(shown(client, "order")[0]).endswith(words)


def test_a_conditional_close_goes_along(client: Client, line: Line) -> None:
    line.order(
        conditional={"order_type": "stop-loss-limit", "trigger_price": 20000, "limit_price": 19000}
    )

    assert shown(client, "close") == ["close position @ stop loss 20000.0 -> limit 19000.0"]


def test_cash_buys_for_an_amount_of_the_quote(client: Client, line: Line) -> None:
    answer = line.order(order_type="market", order_qty=None, limit_price=None, cash_order_qty=100)

    order = client.did("QueryOrders", txid=answer["result"]["order_id"])
    assert Decimal(order[answer["result"]["order_id"]]["cost"]).quantize(Decimal(1)) == 100


def test_an_order_that_is_only_validated_is_not_placed(client: Client, line: Line) -> None:
    answer = line.order(validate=True, cl_ord_id="x")

    assert answer["result"] == {"cl_ord_id": "x"}
    assert client.did("OpenOrders")["open"] == {}


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"limit_price": "30000"}, "Limit_price field must be a number_float"),
    ({"order_qty": "0.01"}, "Order_qty field must be a number_float"),
    ({"cash_order_qty": "10"}, "Cash_order_qty field must be a number_float"),
    ({"post_only": "true"}, "Post_only field must be a boolean"),
    ({"symbol": "XBT/USD"}, "EQuery:Unknown asset pair"),
    ({"order_type": "magic"}, "EGeneral:Invalid arguments:ordertype"),
    ({"limit_price_type": "feet"}, "EGeneral:Invalid arguments:limit_price_type"),
    ({"order_qty": 0.000001}, "EGeneral:Invalid arguments:volume minimum not met"),
    ({"order_qty": 10}, "EOrder:Insufficient funds"),
    ({"deadline": "2026-09-30T23:59:59Z"}, "EService:Deadline elapsed"),
    (
        {"no_mpp": True},
        "EGeneral:Invalid arguments:no_mpp order option is only available when ordertype = market",
    ),
]


@pytest.mark.parametrize(("changed", "error"), REFUSED)
def test_what_is_wrong_with_an_order_is_said_in_krakens_words(
    client: Client, line: Line, changed: dict[str, object], error: str
) -> None:
    answer = line.order(**changed)

    assert (answer["error"], answer["success"]) == (error, False)
    assert client.did("OpenOrders")["open"] == {}


def test_a_client_id_in_use_is_refused(line: Line) -> None:
    line.order(cl_ord_id="same")

    assert line.order(cl_ord_id="same")["error"].endswith("cl_ord_id not unique")


def test_an_amend_names_the_order_as_it_was_named(client: Client, line: Line) -> None:
    line.order(cl_ord_id="mine")
    answer = line.trade("amend_order", cl_ord_id="mine", order_qty=0.02)

    assert list(answer["result"]) == ["amend_id", "cl_ord_id"]
    assert shown(client, "vol") == ["0.02000000"]
    refused = line.trade("amend_order", cl_ord_id="mine", limit_price="1")
    assert refused["error"] == "Limit_price field must be a number_float"


def test_each_order_that_is_canceled_has_an_answer(client: Client, line: Line) -> None:
    ids = [line.order(order_userref=3)["result"]["order_id"] for _ in range(2)]
    line.order(cl_ord_id="mine")
    number = 77
    line.send({"method": "cancel_order", "req_id": number, "params": {
        "order_id": [*ids, ids[0]], "cl_ord_id": ["mine"], "token": line.token,
    }})  # fmt: skip
    answers = [frame for frame in line.settled() if frame.get("req_id") == number]

    assert [answer.get("result") for answer in answers] == [
        {"order_id": ids[0]}, {"order_id": ids[1]}, None, {"cl_ord_id": "mine"},
    ]  # fmt: skip
    assert answers[2]["error"] == "EOrder:Unknown order"
    assert client.did("OpenOrders")["open"] == {}


def test_all_orders_of_a_number_are_canceled(client: Client, line: Line) -> None:
    for _ in range(2):
        line.order(order_userref=3)

    assert line.trade("cancel_order", order_userref=[3])["result"] == {"order_userref": 3}
    assert client.did("OpenOrders")["open"] == {}


def test_cancel_all_counts(line: Line) -> None:
    for _ in range(3):
        line.order()

    assert line.trade("cancel_all")["result"] == {"count": 3}


def test_the_timer_is_that_of_rest_and_zero_turns_it_off(client: Client, line: Line) -> None:
    line.order()
    line.trade("cancel_all_orders_after", timeout=60)
    assert line.trade("cancel_all_orders_after", timeout=0)["result"]["triggerTime"] == "0"
    client.control("clock", advance_seconds=61)

    assert len(client.did("OpenOrders")["open"]) == 1


def batch(line: Line, *orders: dict[str, object], **more: object) -> Json:
    plain = {name: value for name, value in LIMIT.items() if name != "symbol"}
    return line.trade(
        "batch_add", symbol="BTC/USD", orders=[plain | order for order in orders], **more
    )


def test_a_batch_answers_in_its_order_with_each_refusal_in_its_place(
    client: Client, line: Line
) -> None:
    answer = batch(
        line, {"cl_ord_id": "a"}, {"order_qty": 0.33, "cl_ord_id": "b"}, {"cl_ord_id": "c"}
    )

    first, second, third = answer["result"]
    assert (first["cl_ord_id"], third["cl_ord_id"]) == ("a", "c")
    assert second["error"] == "EOrder:Insufficient funds"
    assert set(client.did("OpenOrders")["open"]) == {first["order_id"], third["order_id"]}


def test_one_wrong_argument_refuses_the_whole_batch(client: Client, line: Line) -> None:
    assert "error" in batch(line, {}, {"limit_price": "x"})
    assert "error" in batch(line, {})
    assert client.did("OpenOrders")["open"] == {}


def test_a_batch_is_canceled_and_counted_in_both_known_forms(line: Line) -> None:
    ids = [line.order()["result"]["order_id"] for _ in range(3)]
    answer = line.trade("batch_cancel", orders=ids)

    assert answer["result"] == {"count": 3}
    assert answer["orders_cancelled"] == 3


def test_a_token_of_another_time_places_nothing(client: Client, line: Line) -> None:
    client.control("clock", advance_seconds=1000)
    assert line.order()["error"] == "ESession:Invalid session"

    line.token = token_of(client)
    assert line.order()["success"]


@pytest.mark.parametrize("status", ["maintenance", "cancel_only", "post_only"])
def test_what_the_exchange_does_not_do_now_is_refused(
    served: Served, line: Line, status: str
) -> None:
    served.exchange.set_system(status)

    assert status in line.order()["error"] or "Unavailable" in line.order()["error"]
