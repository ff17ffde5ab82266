"""Lists for people, for programs and for spreadsheets: the same rows in three forms."""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Final

from kraken_pipeline.cli.files import replacing
from kraken_pipeline.cli.output import print_json, print_rows
from kraken_pipeline.domain.money import plain

Row = Mapping[str, object]
SHOWN: Final = 200
"""Rows that a person is shown, the newest; programs and files get all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a list is wanted."""

    as_json: bool
    csv: Path | None
    """The file that is written, over what was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A list."""

    title: str
    columns: Sequence[str]
    """Also of a list without rows."""
    rows: Sequence[Row]
    nothing: str
    """What a person is told where there are no rows."""


def give(sheet: Sheet, form: Form, shown: Callable[[Row], Row] = dict) -> None:
    """Write a list to a file, or print it.

    Args:
        sheet: the list, with every digit.
        form: how it is wanted.
        shown: makes of a row what a person reads of it.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if form.csv is not None:
        write_csv(sheet, form.csv)
        sys.stderr.write(f"{len(sheet.rows)} rows written to {form.csv}\n")
    if form.as_json:
        print_json([_told(each) for each in sheet.rows])
    elif form.csv is None:
        rows = [shown(each) for each in sheet.rows[-SHOWN:]]
        print_rows(sheet.title, rows, nothing=sheet.nothing)
        if left := len(sheet.rows) - len(rows):
            sys.stdout.write(f"{left} earlier ones are not shown: --csv FILE or --json gives all\n")


@dataclass(frozen=True, slots=True)
class _Encoded:
    """Takes text for a file of bytes."""

    file: IO[bytes]

    def write(self, text: str) -> int:
        return self.file.write(text.encode())


def write_csv(sheet: Sheet, file: Path) -> None:
    """Write a list as a table of text: amounts in plain digits, times in ISO 8601, UTC.

    Raises:
        ConfigurationError: the file cannot be written; what was there stays as it was.
    """
    with replacing(file, "--csv") as opened:
        writer = csv.DictWriter(_Encoded(opened), sheet.columns)
        writer.writeheader()
        writer.writerows({name: _cell(of) for name, of in row.items()} for row in sheet.rows)


def _told(row: Row) -> dict[str, object]:
    return {name: exact(each) for name, each in row.items()}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, tuple) else exact(value)


def exact(value: object) -> object:
    """Write a value so that programs read it: amounts and times as text, nothing lost."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        told = value.astimezone(UTC).replace(tzinfo=None)
        return told.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value


def in_cents(row: Row, names: Iterable[str]) -> dict[str, object]:
    """Return a row with amounts of base currency as a person reads them."""
    found = dict(row)
    for name in names:
        value = found[name]
        found[name] = cents(value) if isinstance(value, Decimal) else ""
    return found


def cents(value: Decimal) -> str:
    """Write an amount of money with two decimals; what rounds to nothing has no sign."""
    return f"{value:z.2f}"


def ten_digits(value: Decimal) -> str:
    """Write a price of any size in the ten digits that a person compares it by."""
    return plain(Decimal(f"{value:.10g}"))
