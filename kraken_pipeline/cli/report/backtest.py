"""The page of a backtest: the same parts as the portfolio's, and what it was assumed to be."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Final

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
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav_days import fall
from kraken_pipeline.domain.risk.codes import MEANINGS
from kraken_pipeline.services.books.report import Traded
from kraken_pipeline.services.research.chance import PERCENTILES, Spread
from kraken_pipeline.services.research.outcome import chances, last_day
from kraken_pipeline.services.research.told import Luck, Told
from kraken_pipeline.services.research.trips import Tally, gained

MOST_PAIRS: Final = 12
"""Whose candles are drawn: those that were traded most."""
_ALL: Final = "`backtest show --json` gives all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows."""

    told: Told
    luck: Luck
    traded: tuple[Traded, ...]
    """Pairs with their candles, those with most fills first."""


def page(of: Shown) -> str:
    """Return a whole page: the same for the same run, to the last byte."""
    return whole(f"Backtest {of.told.ran.run_id}", _top(of.told), _sections(of))


def _top(of: Told) -> Iterator[Html]:
    ran = of.ran
    yield tag("h1", "Backtest report")
    yield tag(
        "p",
        f"{ran.run_id}: from {ran.since:%Y-%m-%d} to {last_day(ran.until)}. All amounts in "
        f"{ran.base_currency}, all times UTC.",
        class_="faint",
    )
    yield from before_you_read(of.notes)


def _sections(of: Shown) -> Iterator[Html]:
    told = of.told
    yield section("outcome", "Outcome", [_outcome(told)])
    yield section("curves", "Equity, fall and exposure", _curves(told))
    yield section("performance", "Performance", performance(told.performance))
    yield section("trades", "Trades", _trades(of))
    yield section("denials", "What risk denied", [_denials(told)])
    yield section("luck", "Luck", _luck(of.luck))
    yield section("assumed", "What was assumed", _assumed(told))
    yield section("asked", "What was run", [_asked(told)])


def _outcome(of: Told) -> Html:
    equity = of.days[-1].equity if of.days else of.ran.cash
    held, tally, done = of.held, of.tally, of.performance
    shown: dict[str, tuple[object, Kind]] = {
        "equity at the end": (equity, Kind.CENTS),
        "gained": (equity / of.ran.cash - 1 if of.ran.cash else ZERO, Kind.PERCENT),
        "bought and held": (None if held is None else held.gained, Kind.PERCENT),
        "deepest fall": (None if done is None else done.deepest_fall, Kind.PERCENT),
        "deepest fall if held": (None if held is None else held.fallen, Kind.PERCENT),
        "mean exposure": (of.exposed, Kind.PERCENT),
        "round trips": (tally.trades, Kind.WORD),
        "that won": (tally.win_rate, Kind.PERCENT),
        "profit factor": (tally.profit_factor, Kind.CENTS),
        "fees": (ZERO if done is None else done.fees, Kind.CENTS),
    }
    return cards({name: figure(value, kind) or "none" for name, (value, kind) in shown.items()})


def _curves(of: Told) -> Iterator[Html]:
    if not of.days:
        yield tag("p", "No bar was closed in this stretch.", class_="faint")
        return
    first = of.days[0].day
    held = () if of.held is None else [each for each in of.held.days if each[0] >= first]
    yield curve(
        Curve(
            name="equity",
            title=f"Equity, {of.ran.base_currency}",
            points=[(each.day, each.equity) for each in of.days],
            written=lambda value: f"{value:,.2f}",
            by_ratio_from=MANYFOLD,
            beside=held,
            beside_title="bought at first and held",
        )
    )
    fallen = [(e.day, -fall(e.peak_unit_price, e.last_unit_price)) for e in of.days]
    yield shares("drawdown", "Fall from the highest", fallen)
    exposed = [(e.day, e.exposure / e.equity) for e in of.days if e.equity]
    yield shares("exposure", "Share of the equity that is exposed", exposed)
    rows = [
        {**asdict(each), "fallen": -gone} for each, (_, gone) in zip(of.days, fallen, strict=True)
    ]
    days = Table(
        title="How each day ended",
        columns=columns.BACKTEST_DAYS,
        rows=rows,
        nothing="",
        rest=_ALL,
    )
    yield folded("The days as a table", table(days))


def _trades(of: Shown) -> Iterator[Html]:
    told = of.told
    if not told.ran.fills:
        yield tag("p", "Nothing was traded.", class_="faint")
        return
    yield _tallies("strategy", told.by_book)
    yield _tallies("pair", told.by_pair)
    for number, each in enumerate(of.traded[:MOST_PAIRS]):
        drawn = candles(each, f"pair-{number}")
        if drawn is not None:
            yield joined(tag("h3", each.pair), drawn)
    if (left := len(of.traded) - MOST_PAIRS) > 0:
        yield tag("p", f"The candles of {left} other pairs are not drawn.", class_="faint")
    trips = Table(
        title="From the first buy until nothing was left",
        columns=columns.TRIPS,
        rows=[{**asdict(each), "gained": gained(each)} for each in told.ran.trips],
        nothing="Nothing that was bought was sold again.",
        rest=_ALL,
    )
    yield folded(f"Round trips: {len(told.ran.trips)}", table(trips))


def _tallies(name: str, of: Mapping[str, Tally]) -> Html:
    return table(
        Table(
            title=f"By {name}",
            columns={name: Kind.WORD, **columns.TALLY},
            rows=[{name: each, **asdict(tally)} for each, tally in of.items()],
            nothing="Nothing that was bought was sold again.",
        )
    )


def _denials(of: Told) -> Html:
    denied = sorted(of.ran.denials.items(), key=lambda each: (-each[1], each[0]))
    return table(
        Table(
            title="How often each rule said no",
            columns={"code": Kind.WORD, "times": Kind.EXACT, "meaning": Kind.WORD},
            rows=[
                {"code": code, "times": times, "meaning": MEANINGS.get(code, "")}
                for code, times in denied
            ],
            nothing="Nothing was denied.",
        )
    )


def _luck(luck: Luck) -> Iterator[Html]:
    if luck.chance is not None:
        yield cards(chances(luck))
        yield tag("p", _counted(luck), class_="faint")
    if luck.reordered is None:
        yield tag("p", "There are no round trips to draw from.", class_="faint")
        return
    yield table(_percentiles(luck))
    yield tag(
        "p",
        "The same round trips in another order; as many drawn with replacement; and each filled "
        "worse by chance, twice the assumed slippage on average, one of twenty missed. In the "
        "column 5 only one of twenty draws was lower. It reinvests one after the other, so that "
        "it measures luck and is no second backtest.",
        class_="faint",
    )


def _counted(luck: Luck) -> str:
    if luck.deflated is None:
        return (
            "It is the probability for one try: no other trial of these strategies is known here. "
            "`backtest search` records each that it makes."
        )
    return (
        f"Of {luck.deflated.trials} trials that are recorded of these strategies the best would "
        "look good by luck alone; after the trials counts only what is above that (the deflated "
        "Sharpe ratio of Bailey and López de Prado)."
    )


def _percentiles(luck: Luck) -> Table:
    drawn = {
        "in another order": luck.reordered,
        "drawn anew": luck.redrawn,
        "filled worse": luck.worse,
    }
    rows = [row for name, spread in drawn.items() if spread for row in _rows(name, spread)]
    return Table(
        title="What chance could have made of it, by percentile",
        columns={"what": Kind.WORD, **{str(each): Kind.PERCENT for each in PERCENTILES}},
        rows=rows,
        nothing="",
    )


def _rows(name: str, spread: Spread) -> Iterator[dict[str, object]]:
    for what, values in (("gained", spread.grown), ("deepest fall", spread.fallen)):
        told = {str(at): Decimal(f"{value:.6f}") for at, value in values.items()}
        yield {"what": f"{what}, {name}", **told}


def _assumed(of: Told) -> Iterator[Html]:
    yield tag("ul", *(tag("li", each) for each in of.ran.assumed))


def _asked(of: Told) -> Html:
    rows = [{"what": name, "value": value} for name, value in of.ran.asked.items()]
    counts = [{"what": name, "value": str(count)} for name, count in of.ran.counts.items()]
    return table(
        Table(
            title="What was asked for, and how much came of it",
            columns={"what": Kind.WORD, "value": Kind.WORD},
            rows=[*rows, *counts],
            nothing="",
        )
    )
