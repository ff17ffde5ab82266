"""What pages are made of: the frame, sections, cards, curves of shares, performance."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Final

from kraken_pipeline.cli.portfolio import said
from kraken_pipeline.cli.report.charts import Curve, curve
from kraken_pipeline.cli.report.markup import Html, style, tag
from kraken_pipeline.cli.report.tables import Kind, Table, table
from kraken_pipeline.domain.accounting.performance import Month, Performance
from kraken_pipeline.domain.money import plain

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser itself refuses whatever the page would fetch or run."""
_NAMES: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def whole(title: str, top: Iterable[Html], sections: Iterable[Html]) -> str:
    """Return a page that needs nothing but itself."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width,initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        style(files(__package__).joinpath("page.css").read_text(encoding="utf-8")),
    )
    body = tag("body", tag("header", *top), tag("main", *sections))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def before_you_read(notes: Sequence[str]) -> Iterator[Html]:
    """Yield what a reader must know before believing the figures."""
    if notes:
        yield tag("h2", "Before you read", id="notes")
        yield tag("ul", *(tag("li", each) for each in notes), class_="notes")


def section(name: str, title: str, parts: Sequence[Html] | Iterator[Html]) -> Html:
    """Return a part of a page under a title."""
    return tag("section", tag("h2", title, id=f"{name}-title"), *parts, id=name)


def cards(shown: Mapping[str, str]) -> Html:
    """Return figures by name, each on a card of its own."""
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", each)) for name, each in shown.items()),
        class_="cards",
    )


def shares(name: str, title: str, points: Sequence[tuple[date, Decimal]]) -> Html:
    """Return a picture of a share by day, in percent."""
    return curve(
        Curve(name=name, title=title, points=points, written=lambda value: f"{value * 100:.4g} %")
    )


def folded(title: str, *parts: Html) -> Html:
    """Return what only opens to who wants to see it."""
    return tag("details", tag("summary", title), *parts)


def performance(found: Performance | None) -> Iterator[Html]:
    """Yield the figures of some days, and the returns by month."""
    if found is None:
        yield tag("p", "No day of these is kept.", class_="faint")
        return
    told = {name: each for name, each in asdict(found).items() if name != "months"}
    yield cards(
        {
            name.replace("_", " "): statistic(said(name, each, days=found.days), each)
            for name, each in told.items()
        }
    )
    yield table(_months(found.months))


def statistic(shown: str, value: object) -> str:
    """Return a figure as it is read, with every digit of it in the markup."""
    return tag("data", shown, value=plain(value)) if isinstance(value, Decimal) else shown


def _months(months: Sequence[Month]) -> Table:
    """Return a row a year, newest last, with each month's return and what they compound to."""
    years: dict[str, dict[str, object]] = {}
    grown: dict[str, Decimal] = {}
    for each in months:
        year, number = each.month.split("-")
        row = years.setdefault(year, {"year": year, **dict.fromkeys(_NAMES)})
        row[_NAMES[int(number) - 1]] = each.gained
        grown[year] = grown.get(year, Decimal(1)) * (1 + each.gained)
    return Table(
        title="Returns by month",
        columns={"year": Kind.WORD, **dict.fromkeys(_NAMES, Kind.PERCENT), "all": Kind.PERCENT},
        rows=[{**row, "all": grown[year] - 1} for year, row in years.items()],
        nothing="No month is kept yet.",
    )
