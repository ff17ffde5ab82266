"""Orders over HTTP."""

from decimal import Decimal

import pytest

from kraken_pipeline_tests.simulator.conftest import Client

PLENTY = "100"


def test_an_order_is_answered_with_its_id_and_its_words(client: Client) -> None:
    answer = client.order(price="30000.5", volume="0.00123")

    [txid] = answer["result"]["txid"]
    assert txid[0] == "O"
    assert answer["result"]["descr"] == {"order": "buy 0.00123000 XBTUSD @ limit 30000.5"}


@pytest.mark.parametrize("name", ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD", "BTCUSD", "xbtusd"])
def test_a_pair_may_be_spelled_in_every_way(client: Client, name: str) -> None:
    assert client.order(pair=name)["error"] == []


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
        ({"ordertype": "lemon"}, "EGeneral:Invalid arguments:ordertype"),
        ({"volume": "0.00001"}, "EGeneral:Invalid arguments:volume minimum not met"),
        ({"volume": "x"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "NaN"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "0.000000001"}, "EGeneral:Invalid arguments:volume"),
        ({"volume": "-1"}, "EGeneral:Invalid arguments:volume"),
        ({"price": "0"}, "EGeneral:Invalid arguments:price"),
        ({"price": ""}, "EGeneral:Invalid arguments:price"),
        (
            {"price": "30000.15"},
            "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
        ),
        ({"price": "1.5"}, "EOrder:Cost minimum not met"),
        ({"volume": PLENTY}, "EOrder:Insufficient funds"),
        ({"type": "sell", "price": "90000"}, "EOrder:Insufficient funds"),
        ({"cl_ord_id": "a" * 19}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"cl_ord_id": "a", "userref": "5"}, "EGeneral:Invalid arguments:cl_ord_id"),
        ({"userref": "2147483648"}, "EGeneral:Invalid arguments:userref"),
        ({"oflags": "fcib,fciq"}, "EGeneral:Invalid arguments:oflags"),
        ({"ordertype": "market", "oflags": "post"}, "EGeneral:Invalid arguments:oflags"),
        ({"oflags": "viqc"}, "EGeneral:Invalid arguments:viqc"),
        ({"timeinforce": "DAY"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"timeinforce": "GTD"}, "EGeneral:Invalid arguments:timeinforce"),
        ({"expiretm": "+2"}, "EGeneral:Invalid arguments:expiretm"),
        ({"leverage": "3:1"}, "EOrder:Cannot open position"),
        ({"leverage": "50"}, "EOrder:Invalid leverage"),
        ({"reduce_only": "true"}, "EOrder:Reduce only:No position exists"),
        ({"deadline": "2026-09-30T23:59:59Z"}, "EService:Deadline elapsed"),
        ({"deadline": "2026-10-01T00:02:00Z"}, "EGeneral:Invalid arguments:deadline"),
        ({"deadline": "soon"}, "EGeneral:Invalid arguments:deadline"),
        ({"pair": "ACAUSD"}, "EService:Market in cancel_only mode"),
        (
            {"pair": "USDRUSD", "volume": "20", "price": "0.5"},
            "EService:Market in post_only mode",
        ),
    ],
)
def test_a_wrong_order_is_refused_in_the_exchange_s_words(
    client: Client, changed: dict[str, object], refusal: str
) -> None:
    assert client.order(**changed) == {"error": [refusal]}
    assert client.did("OpenOrders") == {"open": {}}


def test_what_common_clients_send_besides_is_ignored(client: Client) -> None:
    answer = client.order(
        stptype="cancel-newest", starttm="0", validate="False", reduce_only=False,
        trades=True, broker="AA98 N84G GOPN GL6Y", leverage="none", displayvol="",
    )  # fmt: skip

    assert answer["error"] == []


def test_validating_places_nothing_and_asks_for_no_funds(client: Client) -> None:
    answer = client.order(volume=PLENTY, validate="True")

    assert answer["result"] == {"descr": {"order": "buy 100.00000000 XBTUSD @ limit 30000.0"}}
    assert client.did("OpenOrders") == {"open": {}}


def test_a_deadline_ahead_is_kept(client: Client) -> None:
    assert client.order(deadline="2026-10-01T00:00:05Z")["error"] == []


def test_a_market_order_takes_and_its_fee_is_the_taker_s(client: Client) -> None:
    txid = client.placed(ordertype="market")

    order = client.did("QueryOrders", txid=txid, trades=True)[txid]
    [trade] = client.did("TradesHistory")["trades"].values()
    assert (order["status"], order["vol_exec"]) == ("closed", "0.01000000")
    assert trade["maker"] is False
    assert trade["pair"] == "XXBTZUSD"
    cost = Decimal(trade["cost"])
    assert Decimal(trade["fee"]) == (cost * Decimal("0.008")).quantize(Decimal("0.00001"))


def test_a_large_taker_walks_the_book_and_comes_back_as_one_trade_or_many(client: Client) -> None:
    client.placed(pair="XDGUSD", ordertype="market", volume="40000")

    raw = client.did("TradesHistory", consolidate_taker=False)
    [together] = client.did("TradesHistory")["trades"].values()
    assert raw["count"] > 1
    volumes = [Decimal(trade["vol"]) for trade in raw["trades"].values()]
    assert sum(volumes) == Decimal(together["vol"]) == 40_000


def test_an_order_in_quote_spends_what_it_says(client: Client) -> None:
    txid = client.placed(ordertype="market", oflags="viqc", volume="15")

    order = client.did("QueryOrders", txid=txid)[txid]
    assert 0 <= 15 - Decimal(order["cost"]) < Decimal("0.001")
    assert order["vol"] == order["vol_exec"]
    assert order["status"] == "closed"


def test_the_fee_can_be_taken_in_base(client: Client) -> None:
    client.placed(ordertype="market", oflags="fcib")

    by_asset = {row["asset"]: row for row in client.did("Ledgers", type="trade")["ledger"].values()}
    assert by_asset["ZUSD"]["fee"] == "0.0000"
    assert by_asset["XXBT"]["fee"] == "0.0000800000"
    assert by_asset["XXBT"]["balance"] == "0.0099200000"


def test_a_fee_taken_in_base_is_told_in_quote_by_trades_and_orders(client: Client) -> None:
    txid = client.placed(ordertype="market", oflags="fcib")

    [trade] = client.did("TradesHistory")["trades"].values()
    told = Decimal(trade["fee"])
    assert told == (Decimal("0.00008") * Decimal(trade["price"])).quantize(Decimal("0.00001"))
    assert Decimal(client.did("QueryOrders", txid=txid)[txid]["fee"]) == told


def test_a_post_only_order_that_would_take_is_canceled(client: Client) -> None:
    txid = client.placed(price="90000", oflags="post", volume="0.001")

    order = client.did("QueryOrders", txid=txid)[txid]
    assert (order["status"], order["reason"]) == ("canceled", "Post only order")


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_an_order_that_may_not_rest_does_not(client: Client, force: str) -> None:
    txid = client.placed(timeinforce=force)

    assert client.did("QueryOrders", txid=txid)[txid]["status"] == "canceled"


def test_an_order_expires(client: Client) -> None:
    txid = client.placed(expiretm="+60")
    client.control("clock", advance_seconds=61)

    order = client.did("ClosedOrders")["closed"][txid]
    assert order["status"] == "expired"
    assert order["closetm"] == order["expiretm"] == 1790812860


def test_a_client_id_is_unique_among_open_orders_only(client: Client) -> None:
    client.placed(cl_ord_id="mine")

    refusal = "EGeneral:Invalid arguments:cl_ord_id not unique"
    assert client.order(cl_ord_id="mine") == {"error": [refusal]}
    client.did("CancelOrder", cl_ord_id="mine")
    client.placed(cl_ord_id="mine")
    assert len(client.did("QueryOrders", cl_ord_id="mine")) == 2


def test_canceling_tells_the_ended_from_the_never_issued(client: Client) -> None:
    txid = client.placed()

    assert client.did("CancelOrder", txid=txid) == {"count": 1}
    assert client.refused("CancelOrder", txid=txid) == "EOrder:Unknown order"
    assert client.refused("CancelOrder", txid="OAAAAA-BBBBB-CCCCCC") == "EOrder:Invalid order"


def test_one_userref_cancels_all_its_orders(client: Client) -> None:
    for price in ("30000", "31000"):
        client.placed(userref="7", price=price)
    client.placed()

    assert client.did("CancelOrder", txid="7") == {"count": 2}
    assert client.did("CancelAll") == {"count": 1}
    assert client.did("CancelAll") == {"count": 0}


def test_a_batch_is_refused_whole_for_an_argument_and_singly_by_the_engine(client: Client) -> None:
    good = {"type": "buy", "ordertype": "limit", "volume": "0.01", "price": "30000"}
    costly = good | {"volume": "100"}

    wrong = client.json("AddOrderBatch", pair="XBTUSD", orders=[good, good | {"price": "x"}])
    mixed = client.json("AddOrderBatch", pair="XBTUSD", orders=[good, costly])

    assert wrong == {"error": ["EGeneral:Invalid arguments:price"]}
    placed, refused = mixed["result"]["orders"]
    assert placed["descr"]["order"] == "buy 0.01000000 XBTUSD @ limit 30000.0"
    assert refused == {"error": "EOrder:Insufficient funds"}
    assert list(client.did("OpenOrders")["open"]) == [placed["txid"]]


def test_a_batch_cancels_by_either_id(client: Client) -> None:
    ids = [client.placed(), client.placed(price="31000")]
    client.placed(cl_ord_id="third")

    answer = client.json("CancelOrderBatch", orders=ids, cl_ord_ids=["third", "fourth"])

    assert answer["result"] == {"count": 3}


def test_the_dead_man_s_switch_cancels_everything_unless_it_is_renewed(client: Client) -> None:
    txid = client.placed()
    answer = client.did("CancelAllOrdersAfter", timeout=60)
    client.control("clock", advance_seconds=40)
    client.did("CancelAllOrdersAfter", timeout=60)
    client.control("clock", advance_seconds=40)

    assert answer == {"currentTime": "2026-10-01T00:00:00Z", "triggerTime": "2026-10-01T00:01:00Z"}
    assert txid in client.did("OpenOrders")["open"]
    client.control("clock", advance_seconds=30)
    assert client.did("OpenOrders")["open"] == {}
    assert client.did("ClosedOrders")["closed"][txid]["closetm"] == 1790812900


def test_the_switch_is_turned_off_with_zero(client: Client) -> None:
    txid = client.placed()
    client.did("CancelAllOrdersAfter", timeout=5)

    assert client.did("CancelAllOrdersAfter", timeout=0)["triggerTime"] == "0"
    client.control("clock", advance_seconds=60)
    assert txid in client.did("OpenOrders")["open"]


def test_an_amend_changes_an_order_in_place(client: Client) -> None:
    txid = client.placed()

    answer = client.did("AmendOrder", txid=txid, limit_price="29000", order_qty="0.02")

    order = client.did("OpenOrders")["open"][txid]
    assert answer["amend_id"][0] == "T"
    assert order["descr"]["order"] == "buy 0.02000000 XBTUSD @ limit 29000.0"
    assert order["misc"] == "amended"
    assert client.did("BalanceEx")["ZUSD"]["hold_trade"] == "580.0000"


def test_an_amend_into_the_book_trades(client: Client) -> None:
    txid = client.placed(volume="0.001")
    client.did("AmendOrder", txid=txid, limit_price="90000")

    assert client.did("QueryOrders", txid=txid)[txid]["status"] == "closed"


def test_an_order_does_not_trade_with_its_own_account(client: Client) -> None:
    client.placed(ordertype="market", volume="0.02")
    resting = client.placed(type="sell", price="50940.5", volume="0.01")
    taking = client.placed(price="50940.5", volume="0.01")

    orders = client.did("QueryOrders", txid=f"{resting},{taking}")
    assert orders[taking]["status"] == "canceled"
    assert orders[resting]["status"] == "open"


def test_a_resting_order_fills_when_the_market_comes(client: Client) -> None:
    last = Decimal(client.public("Ticker", pair="XBTUSD")["result"]["XXBTZUSD"]["c"][0])
    txid = client.placed(price=str((last * Decimal("0.995")).quantize(Decimal("0.1"))))
    client.control("clock", advance_seconds=10 * 86400)

    order = client.did("QueryOrders", txid=txid, trades=True)[txid]
    [trade] = client.did("QueryTrades", txid=order["trades"][0]).values()
    assert order["status"] == "closed"
    assert (trade["maker"], trade["price"]) == (True, order["price"])
    assert Decimal(trade["fee"]) == (Decimal(trade["cost"]) * Decimal("0.004")).quantize(
        Decimal("0.00001")
    )
    assert order["opentm"] < trade["time"] < order["closetm"] < 1790812800 + 10 * 86400


def test_a_large_resting_order_fills_in_parts(client: Client) -> None:
    last = Decimal(client.public("Ticker", pair="WELLUSD")["result"]["WELLUSD"]["b"][0])
    txid = client.placed(pair="WELLUSD", price=str(last), volume="3000")
    client.control("clock", advance_seconds=5 * 86400)

    order = client.did("QueryOrders", txid=txid, trades=True)[txid]
    assert len(order["trades"]) > 2
    trades = client.did("TradesHistory", consolidate_taker=False)["trades"].values()
    assert sum(Decimal(trade["vol"]) for trade in trades) == Decimal(order["vol_exec"])
