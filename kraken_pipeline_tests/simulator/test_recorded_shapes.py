"""Our answers beside recorded ones: the same fields of the same JSON types.

Fields that the exchange leaves out on some rows may be missing; a field of ours that no recorded
answer has, or one of another type, is a misreading.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline_tests.simulator.conftest import Client

PUBLIC = [
    ("Time", {}, "live2026-09-03_time"),
    ("SystemStatus", {}, "kasync_system_status_json"),
    ("Assets", {}, "live2026-09-03_assets"),
    ("AssetPairs", {}, "live2026-09-19_assetpairs_subset"),
    ("Ticker", {"pair": "XBTUSD"}, "kasync_ticker_information_json"),
    ("OHLC", {"pair": "XBTUSD"}, "live2026-09-03_ohlc_XBTUSD_1m"),
    ("Depth", {"pair": "XBTUSD"}, "kasync_orderbook_json"),
    ("Trades", {"pair": "XBTUSD"}, "kasync_recent_trades_json"),
    ("Spread", {"pair": "XBTUSD"}, "kasync_recent_spreads_json"),
]
PRIVATE = [
    ("BalanceEx", {}, "xchange2025_balanceex"),
    ("TradeBalance", {}, "xchange2025_tradebalance"),
    ("OpenOrders", {}, "xchange2025_openorders"),
    ("Ledgers", {}, "xchange2025_ledgers"),
    ("TradesHistory", {}, "kasync_trades_history_json"),
    ("TradeVolume", {"pair": "XBTUSD"}, "kasync_trade_volume_per_pair_json"),
    ("CancelAll", {}, "kasync_cancel_all_orders_json"),
    ("CancelAllOrdersAfter", {"timeout": 60}, "kasync_cancel_all_orders_after_json"),
]
NEWER = {"aclass", "asset_class", "inputs", "tradeordertype", "expiretm", "count"}
"""Fields that were added after the older of the recorded answers."""


def shape(value: Any) -> Any:  # noqa: ANN401 any JSON
    """Return the types of a value; a map of rows is the row that has the most fields."""
    if isinstance(value, dict):
        inner = {key: shape(each) for key, each in value.items()}
        if inner and all(isinstance(each, dict | list) for each in value.values()):
            return {"*": _widest(inner.values())}
        return inner
    if isinstance(value, list):
        return [_widest([shape(each) for each in value])] if value else []
    return {int: "number", float: "number"}.get(type(value), type(value).__name__)


def _widest(shapes: Any) -> Any:  # noqa: ANN401 any JSON
    every = list(shapes)
    if not all(isinstance(each, dict) for each in every):
        return every[0]
    return {key: each[key] for each in every for key in each}


def disagreements(ours: Any, theirs: Any, at: str = "") -> list[str]:  # noqa: ANN401 any JSON
    if isinstance(ours, dict) and isinstance(theirs, dict):
        unknown = [f"{at}/{key}" for key in ours if key not in theirs and key not in NEWER]
        shared = [key for key in ours if key in theirs]
        return unknown + [w for k in shared for w in disagreements(ours[k], theirs[k], f"{at}/{k}")]
    if isinstance(ours, list) and isinstance(theirs, list):
        return disagreements(ours[0], theirs[0], f"{at}[]") if ours and theirs else []
    return [] if ours == theirs else [f"{at}: {ours} instead of {theirs}"]


def compared(answer: Any, folder: Path, name: str) -> list[str]:  # noqa: ANN401 any JSON
    recorded_answer = json.loads((folder / "rest" / f"{name}.json").read_text())
    theirs = recorded_answer.get("result", recorded_answer)
    return disagreements(shape(answer["result"]), shape(theirs))


@pytest.mark.parametrize(("method", "query", "name"), PUBLIC)
def test_public_answers_have_the_recorded_shape(
    client: Client, recorded: Path, method: str, query: dict[str, object], name: str
) -> None:
    assert compared(client.public(method, **query), recorded, name) == []


@pytest.mark.parametrize(("method", "query", "name"), PRIVATE)
def test_private_answers_have_the_recorded_shape(
    client: Client, recorded: Path, method: str, query: dict[str, object], name: str
) -> None:
    client.placed(ordertype="market")
    client.placed(cl_ord_id="known" if method != "OpenOrders" else "")

    assert compared(client.call(method, **query), recorded, name) == []


def test_a_canceled_order_has_the_recorded_shape(client: Client, recorded: Path) -> None:
    txid = client.placed()
    client.did("CancelOrder", txid=txid)

    answer = client.call("QueryOrders", txid=txid)

    assert compared(answer, recorded, "kasync_query_order_info_json") == []


def test_placing_answers_in_the_recorded_shape(client: Client, recorded: Path) -> None:
    answer = client.order()

    assert compared(answer, recorded, "xchange2025_addorder_01ec8b") == []
    [order] = answer["result"]["txid"]
    assert len(order) == len("OYNSAY-BFTRZ-RPATWJ")


def test_decimals_are_those_of_the_recorded_pairs(client: Client, recorded: Path) -> None:
    theirs = json.loads((recorded / "rest" / "live2026-09-19_assetpairs_subset.json").read_text())
    ours = client.public("AssetPairs")["result"]
    fields = (
        "altname",
        "wsname",
        "base",
        "quote",
        "pair_decimals",
        "lot_decimals",
        "tick_size",
        "ordermin",
        "costmin",
    )

    for key in ("XXBTZUSD", "XETHZUSD", "SOLUSD", "XXRPZUSD", "ADAUSD", "XLTCZUSD", "XXBTZEUR"):
        recorded_pair = theirs.get("result", theirs)[key]
        assert [ours[key][name] for name in fields] == [recorded_pair[name] for name in fields]
