"""The page: what stands on it, in which order, and how each figure is written."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

from kraken_pipeline.cli.portfolio_lists import RARE
from kraken_pipeline.cli.report import columns
from kraken_pipeline.cli.report.charts import MANYFOLD, Curve, candles, curve
from kraken_pipeline.cli.report.markup import Html, joined, tag
from kraken_pipeline.cli.report.parts import (
    before_you_read,
    cards,
    folded,
    performance,
    section,
    shares,
    whole,
)
from kraken_pipeline.cli.report.tables import Kind, Table, figure, table
from kraken_pipeline.cli.sheets import Row
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.services.books.report import Report, Traded


def page(of: Report) -> str:
    """Return a whole page: the same for the same report, to the last byte."""
    return whole("Portfolio report", _top(of), _sections(of))


def _top(of: Report) -> Iterator[Html]:
    yield tag("h1", "Portfolio report")
    yield tag("p", f"{_told(of)} All amounts in {of.base_currency}, all times UTC.", class_="faint")
    yield from before_you_read(of.notes)


def _told(of: Report) -> str:
    if of.curve:
        return f"Days from {of.curve[0].day} to {of.curve[-1].day}."
    if of.days.first == date.min and of.days.last == date.max:
        return "No day is kept yet."
    return "No day of those that were asked for is kept."


def _sections(of: Report) -> Iterator[Html]:
    yield section("now", "As last read", _now(of))
    yield section("curves", "Equity, fall and exposure", _curves(of))
    yield section("performance", "Performance", performance(of.performance))
    yield section("profit", "Profit and loss", [_profit(of)])
    yield section("positions", "Positions", _positions(of))
    yield section("trades", "Trades", _trades(of))
    yield section("fees", "Fees", _fees(of))
    yield section("flows", "Flows", [_flows(of)])


def _now(of: Report) -> Iterator[Html]:
    if of.snapshot is None:
        yield tag("p", "The account was not read yet: `run-once` reads it.", class_="faint")
        return
    read = of.snapshot
    shown: dict[str, tuple[object, Kind]] = {
        "equity": (read.equity, Kind.CENTS),
        "exposure": (read.exposure, Kind.CENTS),
        "cash": (read.cash, Kind.CENTS),
        "unit price": (read.unit_price, Kind.PRICE),
        "fall in 24 h": (read.drawdown, Kind.PERCENT),
        "fall from the highest ever": (read.drawdown_of_all_time, Kind.PERCENT),
        "freshly priced": (read.coverage, Kind.PERCENT),
    }
    yield tag("p", "Read ", figure(read.at, Kind.WORD), ".", class_="faint")
    yield cards({name: figure(value, kind) for name, (value, kind) in shown.items()})


def _curves(of: Report) -> Iterator[Html]:
    if of.curve:
        money = f"Equity, {of.base_currency}"
        yield curve(
            Curve(
                name="equity",
                title=money,
                points=[(each.day, each.equity) for each in of.curve],
                written=lambda value: f"{value:,.2f}",
                by_ratio_from=MANYFOLD,
            )
        )
        yield shares("drawdown", "Fall from the highest", [(e.day, -e.fallen) for e in of.curve])
        exposed = [(e.day, e.exposed) for e in of.curve if e.exposed is not None]
        if exposed:
            yield shares("exposure", "Share of the equity that is exposed", exposed)
    days = Table(
        title="How each day ended",
        columns=columns.DAYS,
        rows=[asdict(each) for each in of.curve],
        nothing="No day of these is kept.",
        rest="`portfolio days --csv FILE` gives all",
    )
    yield folded("The days as a table", table(days)) if of.curve else table(days)


def _profit(of: Report) -> Html:
    rows = [asdict(each) for each in of.profits]
    idle = {name for name in RARE if not any(each[name] for each in rows)}
    return table(
        Table(
            title="By month, fees lost when paid; the residual is what nothing explains",
            columns={name: kind for name, kind in columns.PROFITS.items() if name not in idle},
            rows=rows,
            nothing="Nothing was booked in these days.",
            rest="`portfolio pnl --csv FILE` gives all",
        )
    )


def _positions(of: Report) -> Iterator[Html]:
    at = "" if of.snapshot is None else f", {of.snapshot.at:%Y-%m-%d %H:%M:%S}"
    yield table(
        Table(
            title=f"Of the account{at}",
            columns=columns.HELD,
            rows=[asdict(each) for each in of.assets],
            nothing="No position: the account was not read yet.",
        )
    )
    yield tag("h3", "By strategy")
    yield table(
        Table(
            title=f"Of each book{at}",
            columns=columns.BY_BOOK,
            rows=[{**asdict(each), "pair": each.asset} for each in of.books],
            nothing="No strategy ever held anything.",
        )
    )
    yield table(
        Table(
            title="Realised by strategy in these days, after fees",
            columns=columns.SHARES,
            rows=[asdict(each) for each in of.strategies],
            nothing="No trade is kept of these days.",
        )
    )


def _trades(of: Report) -> Iterator[Html]:
    if not of.traded:
        yield tag("p", "No trade is kept of these days.", class_="faint")
    for number, each in enumerate(of.traded):
        yield joined(tag("h3", each.pair), *_pair(each, f"pair-{number}"))


def _pair(of: Traded, name: str) -> Iterator[Html]:
    drawn = candles(of, name)
    if drawn is not None:
        yield drawn
    rows = [_trade(each) for each in of.fills]
    listed = Table(
        title=f"Trades of {of.pair}, cost and fee in its quote",
        columns=columns.TRADES,
        rows=rows,
        nothing="",
        rest="`portfolio trades --csv FILE` gives all",
    )
    yield folded(f"As a table: {len(rows)}", table(listed))


def _trade(fill: Fill) -> Row:
    told = asdict(fill)
    return {**told, "side": fill.side.value, "liquidity": "maker" if fill.maker else "taker"}


def _fees(of: Report) -> Iterator[Html]:
    for title, rows in (("asset", of.fees_by_asset), ("pair", of.fees_by_pair)):
        yield table(
            Table(
                title=f"By {title}",
                columns=columns.FEES,
                rows=[asdict(each) for each in rows],
                nothing="No fee was paid in these days.",
            )
        )


def _flows(of: Report) -> Html:
    return table(
        Table(
            title="What came or left without a trade, at its worth then",
            columns=columns.FLOWS,
            rows=[asdict(each) for each in of.flows],
            nothing="Nothing came or left without a trade in these days.",
            rest="`portfolio flows --csv FILE` gives all",
        )
    )
