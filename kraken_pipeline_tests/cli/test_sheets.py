import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.cli.sheets import SHOWN, Form, Row, Sheet, cents, give, ten_digits
from kraken_pipeline.domain.errors import ConfigurationError

ROW = {
    "at": datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
    "day": date(2026, 1, 31),
    "qty": Decimal("1E-8"),
    "names": ("XBT", "ETH"),
    "known": False,
    "price": None,
}


def sheet(*rows: Row) -> Sheet:
    return Sheet(title="a list", columns=tuple(ROW), rows=rows, nothing="nothing there")


def test_a_file_has_plain_digits_and_iso_times(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"

    give(sheet(ROW), Form(as_json=False, csv=file))

    with file.open(newline="") as opened:
        [row] = csv.DictReader(opened)
    assert row == {
        "at": "2026-01-31T23:59:00.000000Z",
        "day": "2026-01-31",
        "qty": "0.00000001",
        "names": "XBT ETH",
        "known": "false",
        "price": "",
    }


def test_a_program_is_told_what_is_not_known_and_gets_lists_as_lists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    give(sheet(ROW), Form(as_json=True, csv=None))

    [row] = json.loads(capsys.readouterr().out)
    assert (row["names"], row["known"], row["price"]) == (["XBT", "ETH"], False, None)
    assert (row["qty"], row["at"]) == ("0.00000001", "2026-01-31T23:59:00.000000Z")


def test_a_person_is_shown_the_newest_and_told_of_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [ROW | {"qty": Decimal(number)} for number in range(SHOWN + 3)]

    give(sheet(*rows), Form(as_json=False, csv=None))

    said = capsys.readouterr().out
    assert f" {SHOWN + 2} " in said
    assert said.endswith("3 earlier ones are not shown: --csv FILE or --json gives all\n")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is a directory"):
        give(sheet(), Form(as_json=False, csv=tmp_path))


@pytest.mark.parametrize(
    ("value", "written"),
    [("-0.0001", "0.00"), ("0", "0.00"), ("-0.006", "-0.01"), ("1234.565", "1234.56")],
)
def test_money_that_rounds_to_nothing_has_no_sign(value: str, written: str) -> None:
    assert cents(Decimal(value)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0E-18", "0"),
        ("1.152375000", "1.152375"),
        ("109087.763123", "109087.7631"),
        ("0.00000001234", "0.00000001234"),
        ("12345678901234", "12345678900000"),
    ],
)
def test_a_price_is_written_in_ten_digits_without_an_exponent(value: str, written: str) -> None:
    assert ten_digits(Decimal(value)) == written
