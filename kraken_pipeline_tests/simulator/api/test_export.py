"""Exports over HTTP: asked for, waited for, fetched, taken away."""

import csv
import io
import zipfile
from urllib.parse import urlencode

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client, api_sign
from kraken_pipeline_tests.simulator.treasury_client import let_move_funds, played


@pytest.fixture
def client(client: Client, served: Served) -> Client:
    let_move_funds(served)
    return client


def asked(client: Client, **params: object) -> str:
    given = {"report": "ledgers", "description": "all of it"} | params
    return str(client.did("AddExport", **given)["id"])


def fetched(client: Client, identity: str, name: str) -> list[list[str]]:
    """Return the rows of a report, the names of the columns first."""
    nonce, path = next(client.nonces), "/0/private/RetrieveExport"
    body = urlencode({"nonce": nonce, "id": identity})
    headers = {
        "API-Key": "SIMULATOR",
        "API-Sign": api_sign(path, body, nonce),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    reply = client.session.post(client.url + path, data=body, headers=headers, timeout=10)
    assert reply.headers["content-type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        delimiter = "\t" if name.endswith("tsv") else ","
        return list(csv.reader(io.StringIO(archive.read(name).decode()), delimiter=delimiter))


def test_a_report_is_queued_then_made(client: Client) -> None:
    seen = []
    asked(client)
    for _ in range(3):
        seen += [row["status"] for row in client.did("ExportStatus", report="ledgers")]
        client.control("clock", advance_seconds=1)

    assert seen == ["Queued", "Processing", "Processed"]
    assert client.did("ExportStatus", report="trades") == []


def test_the_exported_ledger_has_every_row_and_the_announcements(client: Client) -> None:
    played(client, "deposit", asset="EUR", amount="5", announced=True)
    identity = asked(client)
    client.control("clock", advance_seconds=2)

    head, *rows = fetched(client, identity, "ledgers.csv")

    table = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(row["asset"], row["txid"] != "", row["balance"]) for row in table] == [
        ("USD", True, "10000.0000"),
        ("EUR", False, ""),
        ("EUR", True, "5.0000"),
    ]


def test_exported_trades_are_those_of_the_history(client: Client) -> None:
    client.placed(ordertype="market")
    identity = asked(client, report="trades", format="TSV", fields="txid,vol,cost")
    client.control("clock", advance_seconds=2)

    head, *rows = fetched(client, identity, "trades.tsv")

    trades = client.did("TradesHistory", consolidate_taker=False)["trades"]
    assert head == ["txid", "vol", "cost"]
    assert {tuple(row) for row in rows} == {
        (key, trade["vol"], trade["cost"]) for key, trade in trades.items()
    }


def test_a_report_that_is_not_made_yet_can_only_be_canceled(client: Client) -> None:
    identity = asked(client)

    assert client.refused("RetrieveExport", id=identity) == "EExport:Not ready"
    assert client.refused("RemoveExport", id=identity, type="delete") == (
        "EGeneral:Invalid arguments:type"
    )
    assert client.did("RemoveExport", id=identity, type="cancel") == {"cancel": True}
    assert client.did("ExportStatus", report="ledgers") == []


def test_a_report_that_is_made_can_be_deleted(client: Client) -> None:
    identity = asked(client)
    client.control("clock", advance_seconds=2)

    assert client.did("RemoveExport", id=identity, type="delete") == {"delete": True}
    assert client.refused("RetrieveExport", id=identity) == "EGeneral:Invalid arguments:id"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"report": "sins"}, "report"),
        ({"format": "PDF"}, "format"),
        ({"description": ""}, "description"),
        ({"fields": "txid,shoe"}, "fields"),
        ({"starttm": "yesterday"}, "starttm"),
    ],
)
def test_a_report_that_there_is_not_is_refused(
    client: Client, changed: dict[str, object], wrong: str
) -> None:
    given = {"report": "ledgers", "description": "all of it"} | changed

    assert client.refused("AddExport", **given) == f"EGeneral:Invalid arguments:{wrong}"
