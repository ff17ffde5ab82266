"""Rows for people or for programs."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.table import Table

from kraken_pipeline.domain.money import plain
from kraken_pipeline.settings import Loaded

WIDEST: Final = 10_000
"""Columns that a table may take."""


def print_warnings(loaded: Loaded) -> None:
    """Say on stderr what the user should know of the configuration; nothing stops for it."""
    for each in loaded.warnings:
        print_warning(each)


def print_warning(said: str) -> None:
    """Say on stderr what the user should know and nothing stops for."""
    sys.stderr.write(f"kraken-pipeline: warning: {said}\n")


def print_json(value: object) -> None:
    """Print a value as JSON; amounts become text, so that none loses a digit."""
    json.dump(value, sys.stdout, indent=2, default=text)
    sys.stdout.write("\n")


def print_rows(title: str, rows: Sequence[Mapping[str, object]], *, nothing: str) -> None:
    """Print rows as a table, or one line where there are none."""
    # a row that is cut at the edge of a terminal cannot be read; one that goes on can
    console = Console(highlight=False, soft_wrap=True, width=WIDEST)
    if not rows:
        console.print(nothing)
        return
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(text(each) for each in row.values()))
    console.print(table)


def text(value: object) -> str:
    """Write a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)
