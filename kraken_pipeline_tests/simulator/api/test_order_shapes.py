"""Orders and their trades as answers show them."""

import pytest

from kraken_pipeline_tests.simulator.conftest import Client

STOP_LIMIT = {
    "type": "sell",
    "ordertype": "stop-loss-limit",
    "price": "45000",
    "price2": "44000",
    "volume": "0.001",
}


@pytest.fixture
def rich(client: Client) -> Client:
    """Return a client of an account that has something to sell."""
    client.placed(ordertype="market", volume="0.05")
    return client


def test_a_waiting_order_shows_its_trigger(rich: Client) -> None:
    txid = rich.placed(**STOP_LIMIT, trigger="index")

    order = rich.did("OpenOrders")["open"][txid]
    assert order["descr"] == {
        "pair": "XBTUSD",
        "aclass": "forex",
        "type": "sell",
        "ordertype": "stop-loss-limit",
        "price": "45000.0",
        "price2": "44000.0",
        "leverage": "none",
        "order": "sell 0.00100000 XBTUSD @ stop loss 45000.0 -> limit 44000.0",
        "close": "",
    }
    shown = {name: order[name] for name in ("status", "trigger", "stopprice", "limitprice", "misc")}
    assert shown == {
        "status": "open",
        "trigger": "index",
        "stopprice": "45000.00000",
        "limitprice": "0.00000",
        "misc": "",
    }


@pytest.mark.parametrize(
    ("wanted", "misc", "traded"),
    [
        ({"ordertype": "stop-loss", "price": "+1%"}, "stopped", "stop market"),
        (
            {"ordertype": "stop-loss-limit", "price": "+1%", "price2": "-3%"},
            "stopped",
            "stop limit",
        ),
        ({"ordertype": "take-profit", "price": "-1%"}, "touched", "touched market"),
        (
            {"ordertype": "take-profit-limit", "price": "-1%", "price2": "-3%"},
            "touched",
            "touched limit",
        ),
        ({"ordertype": "iceberg", "price": "-1%", "displayvol": "0.001"}, "", "limit"),
        ({"ordertype": "market"}, "", "market"),
    ],
)
def test_an_order_that_fired_says_so_and_so_does_its_trade(
    rich: Client, wanted: dict[str, object], misc: str, traded: str
) -> None:
    txid = rich.placed(**({"type": "sell", "volume": "0.001"} | wanted))

    order = rich.did("QueryOrders", txid=txid, trades=True)[txid]
    [trade] = rich.did("QueryTrades", txid=order["trades"][0]).values()
    assert (order["status"], order["misc"], trade["ordertype"]) == ("closed", misc, traded)


def test_a_trailing_stop_limit_shows_distances_and_then_its_limit(rich: Client) -> None:
    txid = rich.placed(
        type="sell", ordertype="trailing-stop-limit", price="+1%", price2="-50", volume="0.001"
    )
    waiting = rich.did("OpenOrders")["open"][txid]
    rich.control("clock", advance_seconds=5 * 86400)

    done = rich.did("QueryOrders", txid=txid)[txid]
    assert (waiting["descr"]["price"], waiting["descr"]["price2"]) == ("+1.0000%", "-50.0")
    assert waiting["limitprice"] == "0.00000"
    assert done["misc"] == "stopped"
    assert float(done["limitprice"]) == float(done["stopprice"]) - 50


def test_a_child_names_its_parent_and_a_parent_its_close(rich: Client) -> None:
    answer = rich.json(
        "AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.001",
        close={"ordertype": "stop-loss", "price": "40000"},
    )["result"]  # fmt: skip

    [parent] = answer["txid"]
    words = "close position @ stop loss 40000.0"
    assert answer["descr"]["close"] == words
    assert rich.did("QueryOrders", txid=parent)[parent]["descr"]["close"] == words
    [child] = rich.did("OpenOrders")["open"].values()
    assert (child["refid"], child["descr"]["order"], child["descr"]["close"]) == (
        parent,
        "sell 0.00100000 XBTUSD @ stop loss 40000.0",
        "",
    )


def test_a_scheduled_order_is_pending(rich: Client) -> None:
    txid = rich.placed(ordertype="market", volume="0.001", starttm="+60", expiretm="+120")

    order = rich.did("OpenOrders")["open"][txid]
    assert (order["status"], order["starttm"], order["expiretm"]) == (
        "pending",
        1790812860,
        1790812920,
    )


def test_an_edit_is_answered_and_found_under_both_ids(rich: Client) -> None:
    before = rich.placed()
    answer = rich.did("EditOrder", txid=before, pair="XBTUSD", price="31000")

    orders = rich.did("QueryOrders", txid=f"{before},{answer['txid']}")
    assert (orders[before]["status"], orders[before]["reason"]) == ("canceled", "Order replaced")
    assert orders[answer["txid"]]["descr"]["price"] == "31000.0"


def test_amends_are_listed(rich: Client) -> None:
    txid = rich.placed(**STOP_LIMIT)
    rich.did("AmendOrder", txid=txid, trigger_price="44500")

    original, user = rich.did("OrderAmends", order_id=txid)["amends"]
    assert (original["trigger_price"], user["trigger_price"]) == ("45000.0", "44500.0")
    assert user["limit_price"] == "44000.0"
