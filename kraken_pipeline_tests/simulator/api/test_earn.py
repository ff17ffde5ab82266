"""Earn over HTTP: funds go into a bucket of their own and earn there."""

from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings
from kraken_pipeline_tests.simulator.conftest import SECRET, Client
from kraken_pipeline_tests.simulator.treasury_client import let_move_funds, played, unbalanced


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    holdings = {"ZUSD": Decimal(100), "SOL": Decimal(10)}
    return Settings(folder=tmp_path / "state", secret=SECRET, clock="fixed", deposits=holdings)


@pytest.fixture
def client(client: Client, served: Served) -> Client:
    let_move_funds(served)
    return client


def strategy(client: Client, asset: str) -> str:
    [found] = client.did("Earn/Strategies", asset=asset)["items"]
    return str(found["id"])


def test_allocated_funds_are_in_a_bucket_of_their_own(client: Client, served: Served) -> None:
    assert client.did("Earn/Allocate", strategy_id=strategy(client, "SOL"), amount="4") is True

    balance = client.did("Balance")
    assert (balance["SOL"], balance["SOL.B"]) == ("6.0000000000", "4.0000000000")
    rows = client.did("Ledgers", type="earn")["ledger"].values()
    assert {(row["asset"], row["subtype"], row["amount"]) for row in rows} == {
        ("SOL", "allocation", "-4.0000000000"),
        ("SOL.B", "allocation", "4.0000000000"),
    }
    assert len({row["refid"] for row in rows}) == 1
    assert unbalanced(served.exchange) == {}


def test_what_was_allocated_and_earned_is_told(client: Client) -> None:
    client.did("Earn/Allocate", strategy_id=strategy(client, "SOL"), amount="4")
    played(client, "reward", asset="SOL.B", amount="0.5", kind="earn")
    price = Decimal(client.public("Ticker", pair="SOLUSD")["result"]["SOLUSD"]["c"][0])

    told = client.did("Earn/Allocations")

    [item] = told["items"]
    assert item["native_asset"] == "SOL"
    assert item["amount_allocated"]["total"]["native"] == "4.5000000000"
    assert item["total_rewarded"]["native"] == "0.5000000000"
    assert Decimal(told["total_allocated"]) == price * Decimal("4.5")
    assert Decimal(told["total_rewarded"]) == price / 2


def test_deallocated_funds_come_back(client: Client) -> None:
    chosen = strategy(client, "SOL")
    client.did("Earn/Allocate", strategy_id=chosen, amount="4")

    assert client.did("Earn/Deallocate", strategy_id=chosen, amount="4") is True

    assert client.did("Balance")["SOL"] == "10.0000000000"
    assert [item["native_asset"] for item in client.did("Earn/Allocations")["items"]] == ["SOL"]
    assert client.did("Earn/Allocations", hide_zero_allocations=True)["items"] == []
    assert client.did("Earn/DeallocateStatus", strategy_id=chosen) == {"pending": False}


def test_the_worth_can_be_told_in_another_currency(client: Client) -> None:
    client.did("Earn/Allocate", strategy_id=strategy(client, "SOL"), amount="4")

    in_usd = Decimal(client.did("Earn/Allocations")["total_allocated"])
    in_eur = client.did("Earn/Allocations", converted_asset="EUR")

    assert in_eur["converted_asset"] == "EUR"
    assert Decimal(in_eur["total_allocated"]) < in_usd


@pytest.mark.parametrize(
    ("method", "asset", "amount", "refusal"),
    [
        ("Earn/Allocate", "SOL", "11", "EEarnings:Insufficient funds:"),
        ("Earn/Deallocate", "SOL", "1", "EEarnings:Insufficient funds:"),
        ("Earn/Allocate", "SOL", "0.000001", "EEarnings:Below min:"),
        ("Earn/Allocate", "ETH", "1", "EEarnings:Permission denied:"),
    ],
)
def test_what_can_not_be_moved_is_refused(
    client: Client, method: str, asset: str, amount: str, refusal: str
) -> None:
    chosen = strategy(client, asset)

    assert client.refused(method, strategy_id=chosen, amount=amount).startswith(refusal)
    assert client.did("Balance") == {"ZUSD": "100.0000", "SOL": "10.0000000000"}


def test_a_strategy_that_is_none_is_refused(client: Client) -> None:
    assert client.refused("Earn/AllocateStatus", strategy_id="ES") == (
        "EGeneral:Invalid arguments:Invalid strategy ID"
    )


def test_strategies_can_be_chosen_by_how_they_lock(client: Client) -> None:
    bonded = client.json("Earn/Strategies", lock_type=["bonded"])["result"]["items"]

    assert bonded
    assert all(item["lock_type"]["unbonding_period"] > 0 for item in bonded)
    assert client.refused("Earn/Strategies", lock_type="glue") == (
        "EGeneral:Invalid arguments:lock_type"
    )
