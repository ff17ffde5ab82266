import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.cli.output import print_json, print_rows, text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (Decimal("0.00000001"), "0.00000001"),
        (Decimal("1E+3"), "1000"),
        (datetime(2026, 11, 2, 12, 0, 30, 5, tzinfo=UTC), "2026-11-02 12:00:30"),
        (7, "7"),
    ],
)
def test_values_are_written_as_a_person_reads_them(value: object, shown: str) -> None:
    assert text(value) == shown


def test_an_amount_loses_no_digit_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"qty": Decimal("0.12345678901234567890")})

    assert json.loads(capsys.readouterr().out) == {"qty": "0.1234567890123456789"}


def test_no_rows_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows("orders", [], nothing="no order yet")

    assert capsys.readouterr().out == "no order yet\n"


def test_no_cell_of_a_row_is_cut_however_long_another_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_rows("orders", [{"id": "O128b0a0d8db70e18f21f3276", "why": "x" * 400}], nothing="")

    shown = capsys.readouterr().out
    assert "O128b0a0d8db70e18f21f3276" in shown
    assert "x" * 400 in shown
