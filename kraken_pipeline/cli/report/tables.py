"""Tables and figures of a page: rounded to be read, and exact in the markup for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.cli.output import text
from kraken_pipeline.cli.report.markup import Html, joined, tag
from kraken_pipeline.cli.sheets import Row, cents, exact, ten_digits
from kraken_pipeline.domain.money import plain

MOST_ROWS: Final = 200
"""Of a table, the newest; a page of all of a long life could not be opened on a phone."""


class Kind(Enum):
    """How what is in a column is written."""

    WORD = "word"
    CENTS = "cents"
    PRICE = "price"
    PERCENT = "percent"
    EXACT = "exact"


_WRITTEN: Final[Mapping[Kind, Callable[[Decimal], str]]] = MappingProxyType(
    {
        Kind.WORD: plain,
        Kind.CENTS: cents,
        Kind.PRICE: ten_digits,
        Kind.PERCENT: lambda value: f"{value * 100:.2f} %",
        Kind.EXACT: plain,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list, and how each of its columns is written."""

    title: str
    columns: Mapping[str, Kind]
    """By the name in the rows, from left to right."""
    rows: Sequence[Row]
    nothing: str
    """What is said where there are no rows."""
    rest: str = ""
    """What gives the rows that are left out."""


def table(of: Table) -> Html:
    """Return a table that scrolls by itself where it is wider than the page."""
    if not of.rows:
        return tag("p", of.nothing, class_="faint")
    shown = of.rows[-MOST_ROWS:]
    head = [
        tag("th", name.replace("_", " "), scope="col", class_=_aligned(kind))
        for name, kind in of.columns.items()
    ]
    body = [tag("tr", *_cells(of.columns, row)) for row in shown]
    whole = tag(
        "table", tag("caption", of.title), tag("thead", tag("tr", *head)), tag("tbody", *body)
    )
    scroll = tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=of.title)
    if left := len(of.rows) - len(shown):
        said = f"{left} earlier ones are not shown: {of.rest}"
        return joined(scroll, tag("p", said, class_="faint"))
    return scroll


def _cells(columns: Mapping[str, Kind], row: Row) -> Iterable[Html]:
    for name, kind in columns.items():
        yield tag("td", figure(row[name], kind), class_=_aligned(kind))


def _aligned(kind: Kind) -> str | None:
    return None if kind is Kind.WORD else "n"


def figure(value: object, kind: Kind) -> Html | str:
    """Return a value as a person reads it, with every digit of it in the markup."""
    if isinstance(value, Decimal):
        return tag("data", _WRITTEN[kind](value), value=plain(value))
    if isinstance(value, datetime):
        return tag("time", text(value), datetime=exact(value))
    if isinstance(value, date):
        return tag("time", value.isoformat(), datetime=value.isoformat())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return text(value)
