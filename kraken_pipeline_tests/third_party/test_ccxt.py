"""ccxt, unchanged, against the simulator: only `urls` are given."""

from collections.abc import Iterator
from typing import Any

import ccxt  # type: ignore[import-untyped] # it ships no types
import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import SECRET
from kraken_pipeline_tests.third_party.account import KEY, later, started, told

Json = Any  # its structures are dictionaries of anything
PAIR = "BTC/USD"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with started(tmp_path_factory.mktemp("ccxt") / "state") as running:
        yield running


def client_of(served: Served, key: str = KEY) -> Json:
    client = ccxt.kraken({"apiKey": key, "secret": SECRET, "enableRateLimit": False})
    client.urls["api"] = {"public": served.url, "private": served.url}
    return client


@pytest.fixture(scope="module")
def exchange(served: Served) -> Iterator[Json]:
    client = client_of(served)
    client.load_markets()
    yield client
    client.session.close()


@pytest.fixture(autouse=True)
def rested(exchange: Json, served: Served) -> Iterator[None]:
    """Clear the book and let the engine's counter fall between tests."""
    yield
    exchange.cancel_all_orders()
    later(served, 600)


def test_markets_have_precision_and_limits(exchange: Json) -> None:
    market = exchange.market(PAIR)

    assert len(exchange.markets) > 700
    assert (market["id"], market["baseId"], market["active"]) == ("XXBTZUSD", "BTC", True)
    assert market["precision"] == {"amount": 1e-08, "price": 0.1}
    assert market["limits"]["amount"]["min"] == 0.00005
    assert market["limits"]["cost"]["min"] == 0.5
    assert exchange.fetch_status()["status"] == "ok"
    assert exchange.fetch_time() >= 1_790_812_800_000
    assert "DOGE" in exchange.fetch_currencies()


def test_prices(exchange: Json) -> None:
    assert exchange.fetch_ticker(PAIR)["last"] > 0
    assert set(exchange.fetch_tickers([PAIR, "DOGE/USD"])) == {PAIR, "DOGE/USD"}
    assert len(exchange.fetch_order_book(PAIR, 5)["bids"]) == 5
    assert len(exchange.fetch_ohlcv(PAIR, "1h")) >= 720
    since = exchange.fetch_time() - 600_000
    assert len(exchange.fetch_ohlcv(PAIR, "1m", since=since, limit=5)) == 5
    assert len(exchange.fetch_trades(PAIR, limit=10)) == 10
    assert all(row["timestamp"] >= since for row in exchange.fetch_trades(PAIR, since=since))


def test_fees_are_those_of_the_account(exchange: Json) -> None:
    fee = exchange.fetch_trading_fee(PAIR)

    assert (fee["maker"], fee["taker"]) in {(0.004, 0.008), (0.003, 0.006)}


def test_balances_are_in_unified_names(exchange: Json) -> None:
    exchange.create_order(PAIR, "limit", "sell", 0.5, 200_000)

    balance = exchange.fetch_balance()

    assert balance["BTC"]["used"] == 0.5
    assert balance["SOL"] == {"free": 10.0, "used": 0.0, "total": 10.0}


@pytest.mark.parametrize(
    ("kind", "side", "price", "params", "shown"),
    [
        ("limit", "buy", 30_000, {}, "limit"),
        ("limit", "buy", 30_000, {"postOnly": True}, "limit"),
        ("limit", "buy", 30_000, {"clientOrderId": "mine-1"}, "limit"),
        ("limit", "buy", 30_000, {"userref": 5}, "limit"),
        ("limit", "sell", 90_000, {"stopLossPrice": 20_000}, "limit"),
        ("market", "sell", None, {"stopLossPrice": 20_000}, "market"),
        ("limit", "sell", 190_000, {"takeProfitPrice": 190_000}, "limit"),
        ("market", "sell", None, {"takeProfitPrice": 190_000}, "market"),
        ("market", "sell", None, {"trailingAmount": 500}, "trailing-stop"),
        ("market", "sell", None, {"trailingPercent": 5}, "trailing-stop"),
        (
            "limit",
            "sell",
            90_000,
            {"trailingPercent": 5, "trailingLimitPercent": 1, "trailingLimitAmount": 10},
            "limit",
        ),
        ("iceberg", "buy", None, {"price": "30000", "displayvol": "0.002"}, "iceberg"),
    ],
)
def test_an_order_of_each_kind_is_placed_seen_and_canceled(
    exchange: Json, kind: str, side: str, price: float | None, params: Json, shown: str
) -> None:
    placed = exchange.create_order(PAIR, kind, side, 0.01, price, params)

    [order] = exchange.fetch_open_orders(PAIR)
    assert (order["id"], order["type"], order["side"]) == (placed["id"], shown, side)
    assert (order["status"], order["amount"]) == ("open", 0.01)
    exchange.cancel_order(placed["id"])
    assert exchange.fetch_order(placed["id"])["status"] == "canceled"


def test_a_market_order_fills(exchange: Json) -> None:
    placed = exchange.create_order(PAIR, "market", "buy", 0.01)

    order = exchange.fetch_order(placed["id"])
    assert (order["status"], order["filled"], order["remaining"]) == ("closed", 0.01, 0.0)
    assert float(order["fee"]["cost"]) > 0
    trade = exchange.fetch_my_trades(PAIR)[-1]
    assert (trade["order"], trade["takerOrMaker"]) == (placed["id"], "taker")
    [again] = exchange.fetch_order_trades(placed["id"], params={"trades": [trade["id"]]})
    assert again["id"] == trade["id"]


def test_a_market_order_can_be_bounded_by_its_cost(exchange: Json) -> None:
    placed = exchange.create_market_buy_order_with_cost(PAIR, 100)

    assert exchange.fetch_order(placed["id"])["cost"] == pytest.approx(100, abs=0.01)


def test_an_order_is_edited_in_place(exchange: Json) -> None:
    placed = exchange.create_order(PAIR, "limit", "buy", 0.01, 30_000)

    exchange.edit_order(placed["id"], PAIR, "limit", "buy", 0.02, 30_500)

    order = exchange.fetch_order(placed["id"])
    assert (order["amount"], order["price"]) == (0.02, 30_500.0)


def test_several_orders_at_once(exchange: Json) -> None:
    order = {"symbol": PAIR, "type": "limit", "side": "buy", "amount": 0.01}

    placed = exchange.create_orders([order | {"price": 30_000}, order | {"price": 30_001}])

    assert len(exchange.fetch_open_orders(PAIR)) == 2
    exchange.cancel_orders([each["id"] for each in placed])
    assert exchange.fetch_open_orders(PAIR) == []
    assert len(exchange.fetch_orders_by_ids([each["id"] for each in placed])) == 2
    timer = exchange.cancel_all_orders_after(60_000)["result"]
    assert timer["currentTime"] < timer["triggerTime"]
    exchange.cancel_all_orders_after(0)


def test_histories_of_many_pages(exchange: Json, served: Served) -> None:
    for number in range(55):
        exchange.create_order(PAIR, "market", ("buy", "sell")[number % 2], 0.001)
        later(served, 5)

    seen: dict[str, Json] = {}
    while page := exchange.fetch_my_trades(PAIR, params={"ofs": len(seen)}):
        seen |= {trade["id"]: trade for trade in page}
    ledger = exchange.fetch_ledger("BTC", params={"ofs": 50})

    assert len(seen) >= 55
    assert sum(trade["side"] == "buy" for trade in seen.values()) >= 28
    assert len(ledger) >= 5
    entry = exchange.fetch_ledger_entry(ledger[-1]["id"])
    assert (entry["currency"], entry["type"]) == ("BTC", "trade")
    assert len(exchange.fetch_closed_orders(PAIR)) == 50


def test_deposits_withdrawals_and_transfers(exchange: Json, served: Served) -> None:
    told(served, "flows", flow="withdraw_key", key="cold", asset="XBT")
    told(served, "flows", flow="deposit", asset="XBT", amount="0.5")

    deposits = exchange.fetch_deposits("BTC")
    address = exchange.create_deposit_address("BTC")["address"]
    withdrawn = exchange.withdraw("BTC", 0.1, "sim-cold", params={"key": "cold"})["id"]
    [withdrawal] = exchange.fetch_withdrawals("BTC")

    assert {(row["amount"], row["status"]) for row in deposits} == {(2.0, "ok"), (0.5, "ok")}
    assert exchange.fetch_deposit_methods("BTC")[0]["method"] == "Bitcoin"
    assert exchange.fetch_deposit_address("BTC")["address"] == address
    assert (withdrawal["id"], withdrawal["status"]) == (withdrawn, "pending")
    assert len(exchange.fetch_withdrawals(params={"paginate": True})) == 1
    assert exchange.transfer("BTC", 0.1, "spot", "swap")["id"]
    assert exchange.fetch_positions() == []


def test_every_bucket_of_an_asset_is_known_and_counted(exchange: Json, served: Served) -> None:
    told(served, "flows", flow="reward", asset="SOL.F", amount="0.5")

    held = exchange.fetch_balance()
    ledgers = {
        bucket: exchange.privatePostLedgers({"asset": bucket})["result"]["ledger"]
        for bucket in ("SOL", "SOL.F", "SOL.S")
    }
    assert held["SOL.F"]["total"] == 0.5
    assert [len(rows) for rows in ledgers.values()] == [1, 1, 0]


def test_refusals_become_the_errors_that_ccxt_has_for_them(exchange: Json, served: Served) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        exchange.create_order(PAIR, "market", "buy", 100)
    with pytest.raises(ccxt.InvalidOrder, match="volume minimum not met"):
        exchange.create_order(PAIR, "limit", "buy", 0.0001, 30_000, {"volume": "0.00000001"})
    with pytest.raises(ccxt.InvalidOrder):
        exchange.cancel_order("OAAAAA-BBBBB-CCCCCC")
    with pytest.raises(ccxt.ExchangeError, match="Unknown asset pair"):
        exchange.publicGetTicker({"pair": "NOPE"})
    nobody = client_of(served, key="nobody")
    with pytest.raises(ccxt.AuthenticationError):
        nobody.fetch_balance()
    nobody.session.close()
