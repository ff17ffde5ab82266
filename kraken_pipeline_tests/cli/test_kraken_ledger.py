from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kraken_pipeline.cli.kraken_ledger import COLUMNS, kraken_rows
from kraken_pipeline.cli.sheets import Sheet, write_csv
from kraken_pipeline.domain.accounting.causes import Cause, Explained
from kraken_pipeline.domain.accounting.kinds import OPERATOR
from kraken_pipeline_tests.store.builders import entry

PAID = entry(
    "L1",
    type="deposit",
    refid="FT1",
    amount=Decimal("1E+3"),
    fee=Decimal("0.10"),
    balance=Decimal("999.9"),
    at=datetime(2026, 1, 31, 23, 59, 58, 765_000, tzinfo=UTC),
)
TOLD = Explained(entry=PAID, cause=Cause.FLOW, event_id="FT1", why="deposit")


def test_the_file_begins_with_the_line_by_which_tools_know_it(tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    write_csv(Sheet(title="", columns=COLUMNS, rows=kraken_rows([TOLD]), nothing=""), file)

    first, second = file.read_text().splitlines()
    assert first == "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance"
    assert second == "L1,FT1,2026-01-31 23:59:58,deposit,,currency,ZUSD,1000,0.1,999.9"


def test_entries_that_a_person_added_to_our_books_are_none_of_krakens() -> None:
    by_hand = replace(TOLD, entry=replace(PAID, type=OPERATOR))

    assert kraken_rows([by_hand]) == []


def test_of_a_vault_only_what_was_earned_is_told_and_of_the_asset_itself() -> None:
    moved = replace(TOLD, entry=replace(PAID, asset="XBT.VAULT"), cause=Cause.INTERNAL)
    earned = replace(moved, cause=Cause.REWARD)

    assert [each["asset"] for each in kraken_rows([moved, earned])] == ["XBT"]
