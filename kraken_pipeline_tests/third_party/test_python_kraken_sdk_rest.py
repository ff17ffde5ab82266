"""python-kraken-sdk's REST clients, unchanged, against the simulator: only the URL is given."""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from kraken import exceptions
from kraken.spot import Earn, Funding, Market, SpotAsyncClient, Trade, User

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import SECRET
from kraken_pipeline_tests.third_party.account import KEY, later, started, told

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated Kraken endpoint:DeprecationWarning")

Json = Any  # its answers are typed as one thing and are another
ORDER: dict[str, Any] = {"side": "buy", "pair": "XBTUSD", "volume": 0.01}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The SDK's clients of one account."""

    market: Market
    user: User
    trade: Trade
    funding: Funding
    earn: Earn


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with started(tmp_path_factory.mktemp("sdk") / "state") as running:
        yield running


@pytest.fixture(scope="module")
def sdk(served: Served) -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(
            market=stack.enter_context(Market(url=served.url)),
            user=stack.enter_context(User(KEY, SECRET, served.url)),
            trade=stack.enter_context(Trade(KEY, SECRET, served.url)),
            funding=stack.enter_context(Funding(KEY, SECRET, served.url)),
            earn=stack.enter_context(Earn(KEY, SECRET, served.url)),
        )


@pytest.fixture(autouse=True)
def rested(sdk: Clients, served: Served) -> Iterator[None]:
    """Clear the book and let the engine's counter fall between tests."""
    yield
    sdk.trade.cancel_all_orders()
    later(served, 600)


def test_markets(sdk: Clients) -> None:
    assert sdk.market.get_system_status()["status"] == "online"
    assert set(sdk.market.get_assets("XBT,ETH")) == {"XXBT", "XETH"}
    assert list(sdk.market.get_asset_pairs("BTC/USD")) == ["BTC/USD"]
    assert len(sdk.market.get_asset_pairs()) > 700
    assert len(sdk.market.get_ticker()) > 700
    assert len(sdk.market.get_ohlc("XBTUSD", interval=60)["XXBTZUSD"]) >= 720
    assert len(sdk.market.get_order_book("BTC/USD", count=5)["BTC/USD"]["bids"]) == 5
    assert len(sdk.market.get_recent_trades("XBTUSD", count=7)["XXBTZUSD"]) == 7
    assert sdk.market.get_recent_spreads("XBTUSD")["XXBTZUSD"]


def test_balances(sdk: Clients) -> None:
    order = sdk.trade.create_order("limit", "sell", "XBTUSD", 0.5, price=200_000)

    assert float(sdk.user.get_account_balance()["SOL"]) == 10.0
    assert sdk.user.get_balances()["XXBT"]["hold_trade"] == "0.5000000000"
    balance = sdk.user.get_balance("XBT")
    assert balance["balance"] - balance["available_balance"] == pytest.approx(0.5)
    assert float(sdk.user.get_trade_balance()["eb"]) > 100_000
    assert order["txid"][0] in sdk.user.get_open_orders()["open"]


@pytest.mark.parametrize(
    "changed",
    [
        {"ordertype": "limit", "price": 30_000},
        {"ordertype": "limit", "price": 30_000, "oflags": "post,fciq"},
        {"ordertype": "limit", "price": 30_000, "timeinforce": "GTD", "expiretm": "+60"},
        {"ordertype": "limit", "price": 30_000, "userref": 12},
        {"ordertype": "limit", "price": 30_000, "extra_params": {"cl_ord_id": "mine-1"}},
        {"ordertype": "limit", "price": "-5%"},
        {"ordertype": "iceberg", "price": 30_000, "displayvol": "0.002"},
        {"ordertype": "stop-loss", "price": 90_000},
        {"ordertype": "take-profit", "price": 30_000},
        {"ordertype": "stop-loss-limit", "price": 90_000, "price2": 90_100},
        {"ordertype": "take-profit-limit", "price": 30_000, "price2": 30_100},
        {"ordertype": "trailing-stop", "price": "+1000"},
        {"ordertype": "trailing-stop-limit", "price": "+5%", "price2": "-10"},
        {
            "ordertype": "limit",
            "price": 30_000,
            "close_ordertype": "stop-loss-limit",
            "close_price": 20_000,
            "close_price2": 19_900,
        },
    ],
    ids=lambda changed: "-".join(map(str, changed.values())),
)
def test_an_order_of_each_kind_is_placed_and_canceled(
    sdk: Clients, changed: dict[str, Any]
) -> None:
    [txid] = sdk.trade.create_order(**ORDER | changed)["txid"]

    order = sdk.user.get_orders_info(txid)[txid]
    assert (order["status"], order["descr"]["ordertype"]) == ("open", changed["ordertype"])
    assert sdk.trade.cancel_order(txid) == {"count": 1}
    assert sdk.user.get_orders_info(txid)[txid]["status"] == "canceled"


def test_a_market_order_fills_and_is_in_every_history(sdk: Clients) -> None:
    [txid] = sdk.trade.create_order("market", **ORDER)["txid"]

    order = sdk.user.get_orders_info(txid, trades=True)[txid]
    assert (order["status"], order["vol_exec"]) == ("closed", "0.01000000")
    [trade] = order["trades"]
    details = sdk.user.get_trades_info(trade)[trade]
    assert details["ordertxid"] == txid
    history = sdk.user.get_trades_history(ledgers=True)["trades"][trade]
    entries = sdk.user.get_ledgers(history["ledgers"])
    assert {entry["refid"] for entry in entries.values()} == {trade}
    assert sdk.user.get_closed_orders()["closed"][txid]["cost"] == order["cost"]


def test_a_resting_order_fills_when_the_market_comes_to_it(sdk: Clients, served: Served) -> None:
    price = float(sdk.market.get_ticker("XBTUSD")["XXBTZUSD"]["b"][0])
    [txid] = sdk.trade.create_order("limit", **ORDER, price=price)["txid"]

    later(served, 12 * 3600)

    order = sdk.user.get_orders_info(txid)[txid]
    assert (order["status"], order["vol_exec"]) == ("closed", "0.01000000")
    fills = sdk.user.get_trades_history()["trades"].values()
    assert all(fill["maker"] for fill in fills if fill["ordertxid"] == txid)


def test_amending_and_editing(sdk: Clients) -> None:
    [txid] = sdk.trade.create_order("limit", **ORDER, price=30_000)["txid"]

    amend_id = sdk.trade.amend_order(txid=txid, order_qty=0.02, limit_price=30_500)["amend_id"]
    amends = sdk.user.get_order_amends(txid)["amends"]
    edited = sdk.trade.edit_order(txid, "XBTUSD", volume=0.03, price=30_100)

    assert [row["amend_type"] for row in amends] == ["original", "user"]
    assert amends[1]["amend_id"] == amend_id
    assert (edited["originaltxid"], edited["orders_cancelled"]) == (txid, 1)
    assert sdk.user.get_open_orders()["open"][edited["txid"]]["vol"] == "0.03000000"


def test_batches_and_the_dead_man_s_switch(sdk: Clients) -> None:
    limit = {"ordertype": "limit", "type": "buy", "volume": 0.01}
    huge = limit | {"type": "sell", "price": 90_000, "volume": 100}
    orders = [limit | {"price": 30_000}, limit | {"price": 30_001}, huge]

    first, second, third = sdk.trade.create_order_batch(orders, "BTC/USD")["orders"]

    assert third == {"error": "EOrder:Insufficient funds"}
    assert sdk.trade.cancel_order_batch([first["txid"], second["txid"]]) == {"count": 2}
    assert sdk.trade.cancel_all_orders_after_x(60)["triggerTime"].endswith("Z")
    assert sdk.trade.cancel_all_orders_after_x(0)["triggerTime"] == "0"


def test_a_history_of_many_pages(sdk: Clients, served: Served) -> None:
    for number in range(60):
        sdk.trade.create_order("market", **ORDER | {"side": ("buy", "sell")[number % 2]})
        later(served, 5)

    seen: dict[str, Json] = {}
    while page := sdk.user.get_trades_history(ofs=len(seen))["trades"]:
        assert not seen.keys() & page.keys()
        seen |= page

    assert len(seen) == sdk.user.get_trades_history()["count"] > 60
    assert sdk.user.get_ledgers_info(asset=["XBT", "USD"])["count"] >= 2 * len(seen)


def test_fees_and_positions(sdk: Clients) -> None:
    fees = sdk.user.get_trade_volume(pair=["XBTUSD", "ETHUSD"])["fees"]

    assert set(fees) == {"XXBTZUSD", "XETHZUSD"}
    assert sdk.user.get_trade_volume()["fees"] is None
    assert sdk.user.get_trade_volume(pair="XBTUSD", fee_schedule=True)["schedules"]
    assert sdk.user.get_trade_volume(pair=[{"asset": "XBTUSD", "aclass": "currency"}])["fees"]
    assert sdk.user.get_open_positions() == []


def test_exports(sdk: Clients, served: Served) -> None:
    report = sdk.user.request_export_report("ledgers", "mine")["id"]
    later(served, 2)

    [row] = sdk.user.get_export_report_status("ledgers")
    packed: Json = sdk.user.retrieve_export(report)
    assert row["status"] == "Processed"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.namelist() == ["ledgers.csv"]
    assert sdk.user.delete_export_report(report) == {"delete": True}


def test_funding(sdk: Clients, served: Served) -> None:
    told(served, "flows", flow="withdraw_key", key="cold", asset="XBT")

    assert sdk.funding.get_deposit_methods("XBT")[0]["method"] == "Bitcoin"
    assert sdk.funding.get_deposit_address("XBT", "Bitcoin", new=True)
    assert sdk.funding.get_recent_deposits_status("XBT")
    assert "deposit" in sdk.funding.get_recent_deposits_status(cursor=True)
    assert sdk.funding.withdraw_methods("XBT")
    assert sdk.funding.withdraw_addresses("XBT")
    assert sdk.funding.get_withdrawal_info("XBT", "cold", 0.5)["amount"] == "0.4999800000"
    refid = sdk.funding.withdraw_funds("XBT", "cold", 0.5, max_fee="0.1")["refid"]
    assert sdk.funding.get_recent_withdraw_status("XBT")[0]["refid"] == refid
    assert sdk.funding.cancel_withdraw("XBT", refid) is True
    assert sdk.funding.wallet_transfer("XBT", "Spot Wallet", "Futures Wallet", 0.1)["refid"]


def test_earn(sdk: Clients) -> None:
    [strategy] = sdk.earn.list_earn_strategies(asset="SOL")["items"]

    assert sdk.earn.allocate_earn_funds(1, strategy["id"]) is True
    assert sdk.earn.get_allocation_status(strategy["id"]) == {"pending": False}
    [item] = sdk.earn.list_earn_allocations(hide_zero_allocations="true")["items"]
    assert item["amount_allocated"]["total"]["native"] == "1.0000000000"
    assert sdk.earn.deallocate_earn_funds(1, strategy["id"]) is True
    assert sdk.earn.get_deallocation_status(strategy["id"]) == {"pending": False}


def test_errors_become_the_exceptions_that_the_client_has_for_them(
    sdk: Clients, served: Served
) -> None:
    with pytest.raises(exceptions.KrakenUnknownAssetError):
        sdk.market.get_ticker("NOPE")
    with pytest.raises(exceptions.KrakenInsufficientFundsError):
        sdk.trade.create_order("market", **ORDER | {"volume": 1000})
    with pytest.raises(exceptions.KrakenInvalidOrderError):
        sdk.trade.cancel_order("OAAAAA-BBBBB-CCCCCC")
    with pytest.raises(exceptions.KrakenPermissionDeniedError):
        sdk.user.create_subaccount("name", "name@example.com")
    with (
        User("nobody", SECRET, served.url) as nobody,
        pytest.raises(exceptions.KrakenInvalidAPIKeyError),
    ):
        nobody.get_balances()
    with (
        User(KEY, "aaaa", served.url) as forger,
        pytest.raises(exceptions.KrakenInvalidSignatureError),
    ):
        forger.get_balances()


def test_too_many_orders_in_a_moment_are_refused(sdk: Clients) -> None:
    small = ORDER | {"volume": 0.0001}
    for _ in range(60):
        sdk.trade.create_order("market", **small)

    with pytest.raises(exceptions.KrakenRateLimitExceededError):
        sdk.trade.create_order("market", **small)


def test_the_asynchronous_client(served: Served) -> None:
    batch = {
        "pair": "XBTUSD",
        "orders": [{"ordertype": "limit", "type": "buy", "price": "30000", "volume": "0.01"}] * 2,
    }

    async def asked() -> tuple[Json, Json, Json]:
        async with SpotAsyncClient(KEY, SECRET, served.url) as client:
            time: Json = await client.request("GET", "/0/public/Time", auth=False)
            balance: Json = await client.request("POST", "/0/private/Balance")
            placed: Json = await client.request(
                "POST", "/0/private/AddOrderBatch", params=batch, do_json=True
            )
            return time, balance, placed

    time, balance, placed = asyncio.run(asked())

    assert time["unixtime"] > 1_790_000_000
    assert "ZUSD" in balance
    assert len(placed["orders"]) == 2
