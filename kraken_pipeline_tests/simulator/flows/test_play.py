"""Each irregular shape of a ledger by name, and that balances always agree with the ledger."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from kraken_pipeline.simulator.bookings import ExportAsked
from kraken_pipeline.simulator.flows.play import FLOWS, play
from kraken_pipeline.simulator.flows.script import FlowError
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.reports import archive
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, opened, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Client
from kraken_pipeline_tests.simulator.treasury_client import HOURS, played, rows, unbalanced


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    holdings = {"ZUSD": Decimal(10_000), "XXBT": Decimal(2), "SOL": Decimal(50), "ADA": Decimal(1)}
    return Settings(folder=tmp_path / "state", secret=SECRET, clock="fixed", deposits=holdings)


def test_a_deposit_is_a_row_and_a_status(client: Client, served: Served) -> None:
    answer = played(client, "deposit", asset="USD", amount="250.55", fee="0.5")

    assert rows(client, answer) == [("deposit", "", "ZUSD", "250.5500", "0.5000")]
    assert client.did("Balance")["ZUSD"] == "10250.0500"
    assert unbalanced(served.exchange) == {}


def test_the_row_that_announces_a_deposit_is_in_no_ledger(client: Client) -> None:
    before = client.did("Ledgers")["count"]

    answer = played(client, "deposit", asset="USD", amount="100", announced=True)

    assert len(answer["ledger"]) == 1
    assert client.did("Ledgers")["count"] == before + 1
    assert client.did("Balance")["ZUSD"] == "10100.0000"


def exported(served: Served) -> list[dict[str, str]]:
    """Return the rows of the exported ledger."""
    now = served.exchange.clock.now()
    asked = ExportAsked(
        at=now,
        id="TEST",
        report="ledgers",
        format="CSV",
        description="",
        fields=(),
        asset="ZUSD",
        start=now.replace(year=2000),
        end=now.replace(year=2100),
    )
    with zipfile.ZipFile(io.BytesIO(archive(served.exchange.account, asked))) as packed:
        return list(csv.DictReader(io.StringIO(packed.read("ledgers.csv").decode())))


def test_pairs_of_deposit_rows_interleave_in_the_exported_ledger(
    client: Client, served: Served
) -> None:
    answer = played(client, "deposits_interleaved", asset="USD", amounts=["10", "20"])

    first, second = answer["refids"]
    shown = [(row["refid"], bool(row["txid"]), row["balance"]) for row in exported(served)[1:]]
    assert shown == [
        (first, False, ""),
        (second, False, ""),
        (first, True, "10010.0000"),
        (second, True, "10030.0000"),
    ]


def test_a_reversal_is_a_deposit_below_zero(client: Client) -> None:
    came = played(client, "deposit", asset="USD", amount="100")
    [refid] = came["refids"]

    gone = played(client, "reversal", asset="USD", amount="100", refid=refid)

    assert gone["refids"] == [refid]
    assert rows(client, gone) == [("deposit", "", "ZUSD", "-100.0000", "0.0000")]
    assert client.did("Balance")["ZUSD"] == "10000.0000"


def test_a_failed_withdrawal_comes_back_under_its_refid(client: Client, served: Served) -> None:
    failed = played(client, "withdrawal_failed", asset="XBT", amount="0.5", fee="0.0001")
    assert client.did("Balance")["XXBT"] == "1.4999000000"
    client.control("clock", advance_seconds=5 * HOURS)

    back = played(client, "withdrawal_returned", refid=failed["refids"][0])

    assert rows(client, failed) == [("withdrawal", "", "XXBT", "-0.5000000000", "0.0001000000")]
    assert rows(client, back) == [("withdrawal", "", "XXBT", "0.5000000000", "-0.0001000000")]
    assert back["refids"] == failed["refids"]
    assert client.did("Balance")["XXBT"] == "2.0000000000"
    assert unbalanced(served.exchange) == {}


def test_a_purchase_by_the_button_is_a_spend_and_a_receive(client: Client) -> None:
    answer = played(
        client,
        "spend_receive",
        spend="USD",
        amount="98.5",
        fee="1.5",
        receive="ADA",
        received="200",
    )

    assert rows(client, answer) == [
        ("spend", "", "ZUSD", "-98.5000", "1.5000"),
        ("receive", "", "ADA", "200.00000000", "0.00000000"),
    ]
    assert len(answer["refids"]) == 1


def test_a_side_that_rounds_to_zero_has_no_row(client: Client) -> None:
    answer = played(
        client, "spend_receive", spend="ADA", amount="0.00001", receive="USD", received="0.000006"
    )

    assert rows(client, answer) == [("spend", "", "ADA", "-0.00001000", "0.00000000")]


def test_dust_of_several_assets_becomes_one(client: Client) -> None:
    answer = played(
        client,
        "dust_sweep",
        spend={"ADA": "0.5", "SOL": "0.001"},
        receive="USD",
        received="0.45",
        fee="0.01",
    )

    assert rows(client, answer) == [
        ("spend", "dustsweeping", "ADA", "-0.50000000", "0.00000000"),
        ("spend", "dustsweeping", "SOL", "-0.0010000000", "0.0000000000"),
        ("receive", "dustsweeping", "ZUSD", "0.4500", "0.0100"),
    ]


def test_the_legs_of_a_staking_move_can_be_hours_apart(client: Client, served: Served) -> None:
    left = played(client, "staking_leg", leg="leave", asset="SOL", amount="10")
    client.control("clock", advance_seconds=6 * HOURS)
    assert client.did("Balance")["SOL"] == "40.0000000000"
    assert "SOL.S" not in client.did("Balance")

    there = played(
        client, "staking_leg", leg="arrive", asset="SOL.S", amount="10", refid=left["refids"][0]
    )

    assert rows(client, left) == [
        ("transfer", "spottostaking", "SOL", "-10.0000000000", "0.0000000000")
    ]
    assert rows(client, there) == [
        ("transfer", "stakingfromspot", "SOL.S", "10.0000000000", "0.0000000000")
    ]
    assert client.did("Balance")["SOL.S"] == "10.0000000000"
    assert unbalanced(served.exchange) == {}


@pytest.mark.parametrize(
    ("source", "target", "types"),
    [
        ("SOL", "SOL.S", [("transfer", "spottostaking"), ("transfer", "stakingfromspot")]),
        ("SOL", "SOL.M", [("transfer", "spottostaking"), ("transfer", "stakingfromspot")]),
        ("SOL", "SOL.B", [("earn", "allocation"), ("earn", "allocation")]),
        ("SOL", "SOL.F", [("earn", "autoallocation"), ("earn", "autoallocation")]),
        ("SOL", "SOL07.S", [("transfer", "spottostaking"), ("transfer", "stakingfromspot")]),
    ],
)
def test_funds_go_into_a_bucket_and_back(
    client: Client, source: str, target: str, types: list[tuple[str, str]]
) -> None:
    into = played(client, "bucket_transfer", source=source, target=target, amount="20")
    assert client.did("Balance")[target] == "20.0000000000"

    played(client, "bucket_transfer", source=target, target=source, amount="20")

    assert [row[:2] for row in rows(client, into)] == types
    assert client.did("Balance")["SOL"] == "50.0000000000"
    assert target not in client.did("Balance")


@pytest.mark.parametrize(
    ("kind", "type_", "subtype"),
    [("staking", "staking", ""), ("earn", "earn", "reward"), ("reward", "reward", "")],
)
def test_rewards_are_called_by_their_product(
    client: Client, kind: str, type_: str, subtype: str
) -> None:
    answer = played(client, "reward", asset="SOL.S", amount="0.01", kind=kind)

    assert rows(client, answer) == [(type_, subtype, "SOL.S", "0.0100000000", "0.0000000000")]


def test_an_asset_becomes_another_with_a_ratio(client: Client) -> None:
    answer = played(
        client,
        "conversion",
        type="adjustment",
        source="SOL",
        amount="50",
        target="SOLNEW",
        received="50000",
    )

    assert [row[:4] for row in rows(client, answer)] == [
        ("adjustment", "", "SOL", "-50.0000000000"),
        ("adjustment", "", "SOLNEW", "50000.0000000000"),
    ]
    assert client.did("Balance")["SOLNEW"] == "50000.0000000000"


def test_an_airdrop_of_an_unlisted_asset_is_a_balance_worth_nothing_here(client: Client) -> None:
    before = client.did("TradeBalance")["eb"]

    answer = played(client, "airdrop", asset="MOONLAMBO", amount="5")

    assert rows(client, answer) == [("transfer", "", "MOONLAMBO", "5.0000000000", "0.0000000000")]
    assert client.did("Ledgers", asset="MOONLAMBO")["count"] == 1
    assert client.did("TradeBalance")["eb"] == before


def test_fee_credits_come_and_pay_the_fee_of_a_trade(client: Client) -> None:
    played(client, "fee_credits", amount="100")

    paid = played(client, "fee_credits", fee="12.345", refid="TABCDE-ABCDE-ABCDEF")

    assert rows(client, paid) == [("trade", "tradespot", "KFEE", "0.00", "12.34")]
    assert client.did("Balance")["KFEE"] == "87.66"


def test_a_rollover_is_a_fee_without_an_amount(client: Client) -> None:
    answer = played(client, "rollover", asset="USD", fee="0.00171")

    assert rows(client, answer) == [("rollover", "", "ZUSD", "0.0000", "0.0017")]


def test_an_adjustment_goes_either_way(client: Client) -> None:
    answer = played(client, "adjustment", asset="ADA", amount="-0.25")

    assert rows(client, answer) == [("adjustment", "", "ADA", "-0.25000000", "0.00000000")]


def test_a_ledger_can_be_asked_for_a_bucket_and_for_a_type(client: Client) -> None:
    played(client, "bucket_transfer", source="XBT", target="XBT.F", amount="1")

    assert client.did("Ledgers", asset="XBT.F")["count"] == 1
    assert client.did("Ledgers", asset="XBT", type="earn")["count"] == 1
    assert client.refused("Ledgers", type="gift") == "EGeneral:Invalid arguments:type"


def test_any_rows_can_be_written(client: Client) -> None:
    answer = played(
        client,
        "rows",
        rows=[
            {"type": "margin", "asset": "USD", "amount": "-1.5", "fee": "0.1"},
            {"type": "settled", "asset": "XBT", "amount": "0.1", "refid": "TOTHER"},
        ],
    )

    assert [row[:3] for row in rows(client, answer)] == [
        ("margin", "", "ZUSD"),
        ("settled", "", "XXBT"),
    ]
    assert answer["refids"][1] == "TOTHER"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ({"flow": "gift"}, "there is no flow 'gift'; give one of deposit, "),
        ({"flow": "deposit", "amount": "1"}, "give asset"),
        ({"flow": "deposit", "asset": "USD", "amount": "-1"}, "amount is -1; give a number above"),
        ({"flow": "deposit", "asset": "USD", "amount": "x"}, "EGeneral:Invalid arguments:amount"),
        ({"flow": "withdrawal", "asset": "ADA", "amount": "2"}, "2 ADA are asked for and 1"),
        ({"flow": "withdrawal_returned", "refid": "x"}, "'x' is no withdrawal"),
        ({"flow": "withdraw_key", "key": "cold", "asset": "NOPE"}, "give key, a name"),
        ({"flow": "withdraw_key", "key": "cold", "asset": "SOL", "method": "x"}, "give method"),
    ],
)
def test_a_wrong_script_changes_nothing_and_says_what_to_give(
    client: Client, script: dict[str, object], says: str
) -> None:
    before = client.did("Balance")

    answer = client.control("flows", **script)

    assert says in answer["error"]
    assert client.did("Balance") == before


def test_what_flows_did_is_there_after_a_restart(settings: Settings) -> None:
    with simulated(settings) as first, requests.Session() as session:
        played(Client(first.url, session), "airdrop", asset="NEW", amount="5")
        played(Client(first.url, session), "withdraw_key", key="cold", asset="XBT")

    with opened(settings) as again:
        assert again.exchange.account.balances["NEW"] == 5
        assert "cold" in again.exchange.account.funding.withdraw_keys


SCRIPTS = st.one_of(
    st.fixed_dictionaries({
        "flow": st.sampled_from(["deposit", "withdrawal", "reversal", "airdrop"]),
        "asset": st.sampled_from(["USD", "XBT", "SOL.S", "NEW"]),
        "amount": st.decimals("0.00000001", 20, places=11).map(str),
        "fee": st.sampled_from(["0", "0.01"])}),
    st.fixed_dictionaries({"flow": st.just("bucket_transfer"),
        "source": st.sampled_from(["XBT", "XBT.F"]), "target": st.sampled_from(["XBT.F", "XBT"]),
        "amount": st.decimals("0.00000001", 2, places=10).map(str)}),
)  # fmt: skip


@pytest.fixture
def bare(settings: Settings) -> Iterator[Served]:
    with opened(settings) as service:
        yield Served("", service.exchange, service)


@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(script=SCRIPTS)
def test_every_balance_is_the_sum_of_its_rows_whatever_flows(
    bare: Served, script: dict[str, object]
) -> None:
    with suppress(FlowError):  # for what is not there to be spent
        play(bare.exchange, Params(script))

    assert unbalanced(bare.exchange) == {}


def test_every_flow_is_told_of() -> None:
    assert all(flow.__doc__ for flow in FLOWS.values())
