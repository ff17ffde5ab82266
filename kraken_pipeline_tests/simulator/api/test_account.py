"""Balances, histories and pages over HTTP."""

from decimal import Decimal

import pytest

from kraken_pipeline_tests.simulator.conftest import Client


def traded(client: Client, times: int) -> None:
    for number in range(times):
        client.placed(ordertype="market", volume="0.0001", type="sell" if number % 2 else "buy")
        client.control("clock", advance_seconds=1)


def test_balances_are_what_the_ledger_says(client: Client) -> None:
    traded(client, 4)

    latest: dict[str, str] = {}
    for row in client.did("Ledgers")["ledger"].values():
        latest.setdefault(row["asset"], row["balance"])
    assert {asset: text for asset, text in latest.items() if Decimal(text)} == client.did("Balance")
    assert {asset: row["balance"] for asset, row in client.did("BalanceEx").items()} == latest


def test_pages_are_of_fifty_newest_first_and_complete(client: Client) -> None:
    traded(client, 30)

    pages = [client.did("Ledgers", ofs=offset) for offset in (0, 50, 100)]
    rows = [row for page in pages for row in page["ledger"].items()]
    assert [len(page["ledger"]) for page in pages] == [50, 11, 0]
    assert {page["count"] for page in pages} == {61}
    assert len(dict(rows)) == 61
    times = [row["time"] for _, row in rows]
    assert times == sorted(times, reverse=True)


def test_start_is_exclusive_and_end_inclusive_by_time_and_by_id(client: Client) -> None:
    traded(client, 5)
    every = list(client.did("TradesHistory")["trades"].items())
    (newest, late), (_, _), (middle, early) = every[0], every[1], every[2]

    by_time = client.did("TradesHistory", start=early["time"], end=late["time"])["trades"]
    by_id = client.did("TradesHistory", start=middle, end=newest)["trades"]
    assert list(by_time) == list(by_id) == [each for each, _ in every[:2]]


def test_without_count_there_is_none(client: Client) -> None:
    assert client.did("ClosedOrders", without_count="true") == {"closed": {}}


def test_closed_orders_can_be_asked_by_client_id(client: Client) -> None:
    for _ in range(2):
        client.placed(cl_ord_id="again", ordertype="market")
    client.placed(ordertype="market")

    found = client.did("ClosedOrders", cl_ord_id="again")
    assert found["count"] == 2
    assert {order["cl_ord_id"] for order in found["closed"].values()} == {"again"}


def test_orders_that_never_were_are_absent(client: Client) -> None:
    assert client.did("QueryOrders", txid="OAAAAA-BBBBB-CCCCCC") == {}


@pytest.mark.parametrize("asset", ["USD", "ZUSD"])
def test_ledgers_know_an_asset_by_both_names(client: Client, asset: str) -> None:
    assert client.did("Ledgers", asset=asset)["count"] == 1
    assert client.did("Ledgers", asset="XBT")["count"] == 0
    assert client.refused("Ledgers", asset="NOPE") == "EQuery:Unknown asset"


@pytest.mark.parametrize("bucket", ["XBT.F", "DOT28.S", "ETH.B", "FEE"])
def test_a_bucket_that_was_never_filled_has_an_empty_ledger(client: Client, bucket: str) -> None:
    assert client.did("Ledgers", asset=bucket) == {"ledger": {}, "count": 0}


@pytest.mark.parametrize("bucket", ["XBT.Q", "NOPE.S", "XBT.", ".S"])
def test_a_bucket_that_there_cannot_be_is_unknown(client: Client, bucket: str) -> None:
    assert client.refused("Ledgers", asset=bucket) == "EQuery:Unknown asset"


def test_a_ledger_entry_carries_its_trade(client: Client) -> None:
    traded(client, 1)

    [(txid, trade)] = client.did("TradesHistory", ledgers=True)["trades"].items()
    entries = client.did("QueryLedgers", id=",".join(trade["ledgers"]))
    assert {entry["refid"] for entry in entries.values()} == {txid}
    assert sorted(entry["asset"] for entry in entries.values()) == ["XXBT", "ZUSD"]


def test_fees_are_told_for_pairs_that_are_named(client: Client) -> None:
    without, named = client.did("TradeVolume"), client.did("TradeVolume", pair="XBTUSD,USDTZUSD")

    assert (without["fees"], without["fees_maker"]) == (None, None)
    assert named["fees"]["XXBTZUSD"]["fee"] == "0.8000"
    assert named["fees_maker"]["XXBTZUSD"]["nextvolume"] == "2500.0000"
    assert named["fees"]["USDTZUSD"]["fee"] == "0.2000"


def test_trading_lowers_the_fee(client: Client) -> None:
    client.placed(ordertype="market", volume="0.06")

    assert client.did("TradeVolume", pair="XBTUSD")["fees"]["XXBTZUSD"]["fee"] == "0.6000"


def test_everything_is_worth_its_last_price(client: Client) -> None:
    traded(client, 1)

    worth = client.did("TradeBalance")
    assert 9_990 < Decimal(worth["eb"]) < 10_000
    assert worth["tb"] == worth["e"] == worth["mf"]


def test_only_a_part_of_a_coin_is_collateral(client: Client) -> None:
    traded(client, 1)

    worth = client.did("TradeBalance")
    [coins] = [row for asset, row in client.did("BalanceEx").items() if asset == "XXBT"]
    price = Decimal(client.public("Ticker", pair="XBTUSD")["result"]["XXBTZUSD"]["c"][0])
    haircut = Decimal(coins["balance"]) * price / 100
    assert abs(Decimal(worth["eb"]) - Decimal(worth["tb"]) - haircut) < Decimal("0.001")


def test_positions_are_none_in_the_shape_that_was_asked_for(client: Client) -> None:
    assert client.did("OpenPositions") == {}
    assert client.did("OpenPositions", consolidation="market") == []


def test_no_trade_is_of_a_position_and_a_kind_that_is_none_is_refused(client: Client) -> None:
    traded(client, 1)

    assert client.did("TradesHistory", type="no position")["count"] == 1
    assert client.did("TradesHistory", type="closed position") == {"trades": {}, "count": 0}
    assert client.refused("TradesHistory", type="lost") == "EGeneral:Invalid arguments:type"


@pytest.mark.parametrize("spelled", ["XBTUSD", "BTC/USD", '[{"asset":"XBTUSD","aclass":"x"}]'])
def test_fees_can_be_asked_for_in_every_spelling(client: Client, spelled: str) -> None:
    [fee] = client.did("TradeVolume", pair=spelled)["fees"].values()

    assert fee["fee"] == "0.8000"


def test_what_is_neither_true_nor_false_is_no_fee_schedule(client: Client) -> None:
    assert client.did("TradeVolume", pair="XBTUSD", fee_schedule="true")["schedules"]
    assert client.refused("TradeVolume", pair="XBTUSD", fee_schedule="True") == (
        "EGeneral:Invalid arguments"
    )
    assert client.refused("TradeVolume", pair="[{") == "EGeneral:Invalid arguments:pair"
