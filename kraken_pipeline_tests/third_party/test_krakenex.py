"""krakenex, unchanged, against the simulator: only `uri` is given."""

import time
from collections.abc import Iterator
from typing import Any

import krakenex  # type: ignore[import-untyped] # it ships no types
import pytest
import requests

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import SECRET
from kraken_pipeline_tests.third_party.account import KEY, later, started

Json = Any
LIMIT = {
    "pair": "XBTUSD",
    "type": "buy",
    "ordertype": "limit",
    "price": "30000",
    "volume": "0.01",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with started(tmp_path_factory.mktemp("krakenex") / "state") as running:
        yield running


@pytest.fixture(scope="module")
def api(served: Served) -> Iterator[Json]:
    client = krakenex.API(key=KEY, secret=SECRET)
    client.uri = served.url
    yield client
    client.close()


def did(api: Json, method: str, **params: object) -> Json:
    # its nonce is the time in whole milliseconds, so that two calls within one are refused
    time.sleep(0.001)
    answer = api.query_private(method, params)
    assert answer["error"] == []
    return answer["result"]


def test_markets(api: Json) -> None:
    pairs = api.query_public("AssetPairs")["result"]
    ticker = api.query_public("Ticker", {"pair": "XBTUSD,ETHUSD"})["result"]
    candles = api.query_public("OHLC", {"pair": "XBTUSD", "interval": 1440})["result"]

    assert len(pairs) > 700
    assert set(ticker) == {"XXBTZUSD", "XETHZUSD"}
    assert len(candles["XXBTZUSD"]) >= 720


def test_an_order_is_placed_amended_and_canceled(api: Json) -> None:
    close = {"close[ordertype]": "stop-loss", "close[price]": "20000"}
    placed = did(api, "AddOrder", **LIMIT, **close)
    [txid] = placed["txid"]

    assert placed["descr"]["close"] == "close position @ stop loss 20000.0"
    assert did(api, "AmendOrder", txid=txid, limit_price="31000")["amend_id"]
    assert did(api, "OpenOrders")["open"][txid]["descr"]["price"] == "31000.0"
    assert did(api, "CancelOrder", txid=txid) == {"count": 1}


def test_what_python_says_of_yes_and_no_is_understood(api: Json) -> None:
    answer = did(api, "AddOrder", **LIMIT, validate=True)

    assert "txid" not in answer
    assert did(api, "OpenOrders", trades=False) == {"open": {}}


def test_a_fill_moves_balances_and_history(api: Json, served: Served) -> None:
    before = did(api, "Balance")
    [txid] = did(api, "AddOrder", **LIMIT | {"ordertype": "market"})["txid"]
    later(served, 1)

    [trade] = did(api, "TradesHistory")["trades"].values()
    assert trade["ordertxid"] == txid
    assert float(did(api, "Balance")["XXBT"]) - float(before["XXBT"]) == pytest.approx(0.01)
    assert did(api, "ClosedOrders")["closed"][txid]["status"] == "closed"


def test_history_of_many_pages(api: Json, served: Served) -> None:
    for _ in range(55):
        did(api, "CancelOrder", txid=did(api, "AddOrder", **LIMIT)["txid"][0])
        later(served, 20)

    total = did(api, "ClosedOrders")["count"]
    seen: set[str] = set()
    while page := did(api, "ClosedOrders", ofs=len(seen), without_count=True)["closed"]:
        assert not seen & page.keys()
        seen |= page.keys()

    assert len(seen) == total > 50


def test_refusals_come_as_kraken_s_texts(api: Json) -> None:
    assert api.query_public("Ticker", {"pair": "NOPE"}) == {"error": ["EQuery:Unknown asset pair"]}
    assert api.query_private("AddOrder", LIMIT | {"volume": "100"})["error"] == [
        "EOrder:Insufficient funds"
    ]
    with pytest.raises(requests.HTTPError, match="404"):
        api.query_private("Fly")
