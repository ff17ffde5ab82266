import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket

LISTS = ("positions", "trades", "fees", "flows", "pnl", "attribution", "days")


def lived(market: PaperMarket, pipeline: Pipeline) -> None:
    """Trade, deposit, and read the account."""
    pipeline.decide(timeframe("4h"), run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")
    pipeline.submit(Namespace.TRADE, owner="a test")
    pipeline.settle()
    play(market.served.exchange, Params({"flow": "deposit", "asset": "XBT", "amount": "2"}))
    pipeline.keep_books()


@pytest.mark.parametrize("name", LISTS)
def test_of_empty_books_a_list_is_empty_and_says_so(
    command: Command, fresh: dict[str, str], tmp_path: Path, name: str
) -> None:
    file = tmp_path / "list.csv"

    said = command("portfolio", name, environ=fresh)

    assert said.code == 0
    assert said.out.startswith(("no ", "nothing "))
    assert json.loads(command("portfolio", name, "--json", environ=fresh).out) == []
    command("portfolio", name, "--csv", str(file), environ=fresh)
    assert len(file.read_text().splitlines()) == 1


def test_what_is_held_traded_paid_and_gained_agrees(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    lived(market, pipeline)
    snapshot = pipeline.stores.books.latest_snapshot()
    assert snapshot is not None

    def told(*asked: str) -> list[dict[str, Any]]:
        said = command("portfolio", *asked, "--json", environ=market.environ)
        rows: list[dict[str, Any]] = json.loads(said.out)
        return rows

    def total(rows: list[dict[str, Any]], name: str) -> Decimal:
        return sum((Decimal(each[name]) for each in rows), Decimal(0))

    trades, [whole] = told("trades"), told("pnl", "--period", "all")
    assert len(trades) == len(pipeline.stores.books.fills_after(None)) > 0
    assert trades[0]["at"].endswith("Z")
    assert total(told("positions"), "value") == snapshot.equity == Decimal(whole["equity"])
    assert Decimal(whole["residual"]) == 0
    assert total(told("fees"), "fee") == Decimal(whole["fees"]) > 0
    assert total(told("fees", "--by", "pair"), "fee") == total(trades, "base_currency_fee")
    assert [(each["asset"], each["cause"]) for each in told("fees")] == [("USD", "fill")]
    assert total(told("flows"), "value") == Decimal(whole["flows"])
    assert total(told("positions", "--by", "book"), "fees") == snapshot.fees
    assert told("trades", "--since", "2999-01-01") == told("flows", "--until", "1999-01-01") == []

    for by in ("strategy", "pair", "day"):
        assert total(told("attribution", "--by", by), "realised") == snapshot.realised
    [day] = told("days")
    assert Decimal(day["equity"]) == snapshot.equity
    assert Decimal(day["exposure"]) == snapshot.exposure
    assert Decimal(day["unit_price"]) == snapshot.unit_price

    file = tmp_path / "trades.csv"
    command("portfolio", "trades", "--csv", str(file), environ=market.environ)
    with file.open(newline="") as opened:
        assert list(csv.DictReader(opened)) == trades


def test_files_have_every_entry_trade_and_lot_and_a_person_reads_tables(
    command: Command, market: PaperMarket, pipeline: Pipeline, tmp_path: Path
) -> None:
    lived(market, pipeline)

    def told(*asked: str) -> list[dict[str, str]]:
        file = tmp_path / "file.csv"
        said = command("portfolio", "export", *asked, "--csv", str(file), environ=market.environ)
        assert said.code == 0
        with file.open(newline="") as opened:
            rows = list(csv.DictReader(opened))
        assert said.out.startswith(f"{len(rows)} rows written")
        return rows

    ledger = told("--what", "ledger")
    assert {each["cause"] for each in ledger} == {"flow", "fill"}
    balances = pipeline.stores.books.replayed_balances()
    for bucket, balance in balances.items():
        assert [e["balance"] for e in ledger if e["asset"] == bucket][-1] == plain(balance)

    as_krakens = told("--what", "kraken")
    assert [each["txid"] for each in as_krakens] == [each["txid"] for each in ledger]

    traded = told("--what", "trades")
    assert {each["TxHash"] for each in traded} == {
        each.trade_id for each in pipeline.stores.books.fills_after(None)
    }
    assert {each["Received Currency"] for each in traded} == {"ETH", "DOGE"}
    assert {each["Fee Currency"] for each in traded} == {"USD"}

    lots = told("--what", "lots", "--method", "fifo")
    assert {each["state"] for each in lots} == {"held"}
    assert all(each["acquired_at"].endswith("Z") for each in lots)
    assert not any(each["acquired_at"] for each in told("--what", "lots"))
    assert told("--what", "lots", "--until", "1999-01-01") == []

    said = {name: command("portfolio", name, environ=market.environ) for name in LISTS}
    assert [name for name in LISTS if said[name].code] == []
    assert "trend_core@4h" in said["trades"].out
    assert "reward" not in said["flows"].out
    assert "residual" in said["pnl"].out


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (("--since", "2026-02-01", "--until", "2026-01-31"), "2026-02-01"),
        (("--since", "soon"), "soon"),
        (("--csv", "/nowhere/at/all.csv"), "/nowhere/at/all.csv"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_and_nothing_is_written(
    command: Command, fresh: dict[str, str], wrong: tuple[str, str], says: str
) -> None:
    said = command("portfolio", "pnl", *wrong, environ=fresh)

    assert said.code == 2
    assert says in said.err
    assert said.out == ""
