"""Deposits, withdrawals and wallet transfers over HTTP: simulated funds really move."""

from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings
from kraken_pipeline_tests.simulator.conftest import SECRET, Client
from kraken_pipeline_tests.simulator.treasury_client import let_move_funds, played, unbalanced


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    holdings = {"ZUSD": Decimal(10_000), "XXBT": Decimal(2)}
    return Settings(folder=tmp_path / "state", secret=SECRET, clock="fixed", deposits=holdings)


@pytest.fixture
def client(client: Client, served: Served) -> Client:
    let_move_funds(served)
    return client


@pytest.fixture
def cold(client: Client) -> str:
    played(client, "withdraw_key", key="cold", asset="XBT", address="an address")
    return "cold"


def withdrawn(client: Client, key: str, amount: str = "1") -> str:
    return str(client.did("Withdraw", asset="XBT", key=key, amount=amount)["refid"])


def test_a_withdrawal_leaves_with_its_fee_at_once(
    client: Client, served: Served, cold: str
) -> None:
    refid = withdrawn(client, cold)

    [entry] = client.did("Ledgers", type="withdrawal")["ledger"].values()
    assert (entry["refid"], entry["amount"], entry["fee"]) == (
        refid,
        "-0.9999800000",
        "0.0000200000",
    )
    assert client.did("Balance")["XXBT"] == "1.0000000000"
    assert unbalanced(served.exchange) == {}


@pytest.mark.parametrize(
    ("age", "status"), [(0, "Initial"), (10, "Pending"), (60, "Settled"), (120, "Success")]
)
def test_a_withdrawal_rises_with_its_age(client: Client, cold: str, age: int, status: str) -> None:
    refid = withdrawn(client, cold)

    client.control("clock", advance_seconds=age)

    [row] = client.did("WithdrawStatus", asset="XBT")
    assert (row["refid"], row["status"], row["key"]) == (refid, status, "cold")


def test_a_canceled_withdrawal_comes_back_whole(client: Client, cold: str) -> None:
    refid = withdrawn(client, cold)

    assert client.did("WithdrawCancel", asset="XBT", refid=refid) is True

    [row] = client.did("WithdrawStatus")
    assert (row["status"], row["status-prop"]) == ("Failure", "canceled")
    assert client.did("Balance")["XXBT"] == "2.0000000000"


def test_a_withdrawal_that_is_on_its_way_is_not_canceled(client: Client, cold: str) -> None:
    refid = withdrawn(client, cold)
    client.control("clock", advance_seconds=60)

    assert client.did("WithdrawCancel", asset="XBT", refid=refid) is False
    assert client.did("Balance")["XXBT"] == "1.0000000000"


def test_what_open_orders_hold_can_not_be_withdrawn(client: Client, cold: str) -> None:
    client.placed(type="sell", price="90000", volume="1.5")

    assert (
        client.refused("Withdraw", asset="XBT", key=cold, amount="1") == "EFunding:Invalid amount"
    )


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"key": "hot"}, "EFunding:Unknown withdraw key"),
        ({"asset": "USD"}, "EFunding:Unknown withdraw key"),
        ({"asset": "NOPE"}, "EFunding:Unknown asset"),
        ({"amount": "3"}, "EFunding:Invalid amount"),
        ({"amount": "0.0001"}, "EFunding:Invalid amount"),
        ({"amount": "-1"}, "EFunding:Invalid amount"),
        ({"max_fee": "0.00001"}, "EFunding:Max fee exceeded"),
        ({"address": "another"}, "EFunding:Invalid withdrawal address"),
    ],
)
def test_a_wrong_withdrawal_is_refused_and_moves_nothing(
    client: Client, cold: str, changed: dict[str, object], refusal: str
) -> None:
    asked = {"asset": "XBT", "key": cold, "amount": "1"} | changed

    assert client.refused("Withdraw", **asked) == refusal
    assert client.did("Balance")["XXBT"] == "2.0000000000"


def test_the_limit_is_what_arrives_if_all_is_withdrawn(client: Client, cold: str) -> None:
    told = client.did("WithdrawInfo", asset="XBT", key=cold, amount="0.725")

    assert told == {
        "method": "Bitcoin",
        "limit": "1.9999800000",
        "amount": "0.7249800000",
        "fee": "0.0000200000",
    }


def test_addresses_that_were_written_down_are_listed(client: Client, cold: str) -> None:
    played(client, "withdraw_key", key="bank", asset="USD")

    [row] = client.did("WithdrawAddresses", asset="XBT")
    assert (row["key"], row["address"], row["verified"]) == ("cold", "an address", True)
    assert len(client.did("WithdrawAddresses")) == 2
    assert client.did("WithdrawAddresses", verified=False) == []


def test_withdrawals_are_told_page_by_page(client: Client, cold: str) -> None:
    refids = []
    for _ in range(3):
        refids.append(withdrawn(client, cold, "0.1"))
        client.control("clock", advance_seconds=1)

    first = client.did("WithdrawStatus", cursor=True, limit=2)
    second = client.did("WithdrawStatus", cursor=first["next_cursor"], limit=2)

    found = first["withdrawals"] + second["withdrawals"]
    assert [row["refid"] for row in found] == refids[::-1]
    assert second["next_cursor"] is None


def test_deposit_addresses_are_made_until_too_many_are_unused(client: Client) -> None:
    asked = {"asset": "XBT", "method": "Bitcoin"}
    assert client.did("DepositAddresses", **asked) == []
    for number in range(1, 6):
        assert len(client.did("DepositAddresses", **asked, new=True)) == number

    assert client.refused("DepositAddresses", **asked, new=True) == "EFunding:Too many addresses"
    rows = client.did("DepositAddresses", **asked)
    assert len({row["address"] for row in rows}) == 5
    assert all(row["new"] is True for row in rows)


def test_an_asset_with_tags_tells_one(client: Client) -> None:
    [row] = client.did("DepositAddresses", asset="XRP", method="Ripple XRP", new=True)

    assert row["tag"].isdigit()


def test_deposits_are_told_by_asset_and_time(client: Client, served: Served) -> None:
    client.control("clock", advance_seconds=100)
    played(client, "deposit", asset="USD", amount="5")
    begun = served.exchange.clock.now().timestamp()

    assert len(client.did("DepositStatus")) == 3
    [latest] = client.did("DepositStatus", asset="USD", start=begun)
    assert (latest["amount"], latest["status"]) == ("5.0000", "Success")
    assert len(client.did("DepositStatus", end=begun - 1)) == 2


def test_funds_leave_for_the_futures_wallet(client: Client) -> None:
    moved = {"asset": "XBT", "from": "Spot Wallet", "to": "Futures Wallet", "amount": "0.5"}

    refid = client.did("WalletTransfer", **moved)["refid"]

    [entry] = client.did("Ledgers", type="transfer")["ledger"].values()
    assert (entry["refid"], entry["subtype"], entry["amount"]) == (
        refid,
        "spottofutures",
        "-0.5000000000",
    )
    assert client.refused("WalletTransfer", **moved | {"to": "Moon"}) == (
        "EGeneral:Invalid arguments:to"
    )


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("CreateSubaccount", {"username": "a", "email": "a@b.c"}),
        ("AccountTransfer", {"asset": "XBT", "amount": "1", "from": "A", "to": "B"}),
    ],
)
def test_only_institutions_have_subaccounts(
    client: Client, method: str, params: dict[str, object]
) -> None:
    assert client.refused(method, **params) == "EGeneral:Permission denied"


@pytest.mark.parametrize("asset", ["XBT", "USD", "XRP", "ADA", "GBP"])
def test_every_asset_has_a_way_in_and_out(client: Client, asset: str) -> None:
    ways_in = {row["method"] for row in client.did("DepositMethods", asset=asset)}
    ways_out = {row["method"] for row in client.did("WithdrawMethods", asset=asset)}

    assert ways_in == ways_out != set()
