"""All that is told of a backtest, whoever shows it: figures, luck, and what to beat."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.accounting.performance import LEAST_DAYS, Performance, performance
from kraken_pipeline.domain.lots import Fill
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.backtest import RoundTrip
from kraken_pipeline.services.research.chance import Spread, Worse, filled_worse, redrawn, reordered
from kraken_pipeline.services.research.days import Course, day_before, day_returns, days_of
from kraken_pipeline.services.research.hold import ends_of_days, held
from kraken_pipeline.services.research.sharpe import (
    Deflated,
    Sample,
    chance_above,
    deflated,
    sample,
)
from kraken_pipeline.services.research.trips import Tally, tally
from kraken_pipeline.strategies.base import Bars, Floats

DEEPER: Final = Decimal("0.001")
"""From which share on it is told that a fall was deeper than between ends of days."""
FEW_TRADES: Final = 30
"""Round trips; of fewer, averages are next to nothing."""
MISSED: Final = 0.05
"""Share of the trades that never happen where fills are drawn worse."""
LEAST_EQUITY: Final = 1e-9
"""In base currency; of less there is no share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A backtest that was run."""

    run_id: str
    since: datetime
    until: datetime
    strategies: tuple[str, ...]
    """Each with the timeframes that it decides on, in words."""
    asked: Mapping[str, str]
    """What was asked for, and what it was run with, by name, in words."""
    assumed: tuple[str, ...]
    """What the exchange was assumed to do, in plain words."""
    base_currency: Asset
    cash: Decimal
    """With which it began."""
    fee: Decimal
    """Of a market order at first, as a share."""
    slippage: Decimal
    """That each fill was assumed to cost, as a share."""
    seed: int
    course: Course
    fills: tuple[Fill, ...]
    """Oldest first."""
    trips: tuple[RoundTrip, ...]
    counts: Mapping[str, int]
    """Decisions, intents, orders and such."""
    denials: Mapping[str, int]
    """By code."""
    faults: tuple[str, ...] = ()
    """What went wrong in its strategies."""
    survivors: str = ""
    """Why the pairs may be only those that lived on; empty where they are those of then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """What chance may have done to it; None where there is too little to tell."""

    chance: float | None
    """The probability that the true Sharpe ratio is above zero, 0 to 1."""
    deflated: Deflated | None
    """The same above the best that luck gives of all trials; None where only this one is known."""
    reordered: Spread | None
    redrawn: Spread | None
    worse: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What buying the same pairs at first and waiting would have come to."""

    days: tuple[tuple[date, Decimal], ...]
    """The worth at the end of each day, in base currency."""
    gained: Decimal
    fallen: Decimal
    """The deepest fall between two ends of days, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A backtest and what is made of it."""

    ran: Ran
    days: tuple[NavDay, ...]
    performance: Performance | None
    exposed: Decimal | None
    """The mean share of equity that was exposed."""
    tally: Tally
    by_book: Mapping[str, Tally]
    by_pair: Mapping[str, Tally]
    held: Held | None
    """None where no pair had a price at first."""
    sample: Sample | None
    """Of the returns of its days."""
    notes: tuple[str, ...] = ()
    """What a reader must know before believing the figures."""


def tell(ran: Ran, bars: Bars | None) -> Told:
    """Return what is told of a run.

    Args:
        ran: the run.
        bars: of its pairs, of a day or shorter, from the one that closed when it began; None where
            there are none.
    """
    days = days_of(ran.course, ran.cash)
    found = Told(
        ran=ran,
        days=days,
        performance=_performance(ran, days),
        exposed=_exposed(ran.course),
        tally=tally(ran.trips),
        by_book=_tallies(ran.trips, lambda each: each.book),
        by_pair=_tallies(ran.trips, lambda each: each.pair),
        held=None if bars is None else _held(ran, bars),
        sample=sample(day_returns(days)),
    )
    return replace(found, notes=tuple(_notes(found)))


def _performance(ran: Ran, days: Sequence[NavDay]) -> Performance | None:
    if not days:
        return None
    return performance(days, _traded(ran.fills), before=day_before(days[0], ran.cash))


def _traded(fills: Iterable[Fill]) -> Iterator[TradeDay]:
    by_day: defaultdict[date, list[Fill]] = defaultdict(list)
    for each in fills:
        by_day[each.at.date()].append(each)
    for day, of_day in sorted(by_day.items()):
        yield TradeDay(
            day=day,
            fills=len(of_day),
            traded=sum((each.cost * each.quote_rate for each in of_day), ZERO),
            fees=sum((each.fee * each.quote_rate for each in of_day), ZERO),
        )


def _exposed(course: Course) -> Decimal | None:
    there = course.equity > LEAST_EQUITY
    if not there.any():
        return None
    return Decimal(f"{float(np.mean(course.exposure[there] / course.equity[there])):.6f}")


def _tallies(trips: Sequence[RoundTrip], name: Callable[[RoundTrip], str]) -> Mapping[str, Tally]:
    found: defaultdict[str, list[RoundTrip]] = defaultdict(list)
    for each in trips:
        found[name(each)].append(each)
    return {each: tally(found[each]) for each in sorted(found)}


def _held(ran: Ran, bars: Bars) -> Held | None:
    days, closes = ends_of_days(bars)
    worth = held(closes, float(ran.fee)) * float(ran.cash)
    if not worth.size:
        return None
    peak = np.maximum.accumulate(np.maximum(worth, worth[0]))
    return Held(
        days=tuple((day, _cents(value)) for day, value in zip(days, worth.tolist(), strict=True)),
        gained=_share(worth[-1] / float(ran.cash) - 1),
        fallen=_share(float(np.max(1 - worth / peak))),
    )


def luck_of(told: Told, tried: Sequence[float] = ()) -> Luck:
    """Return what chance may have done to a run, drawn from its own seed.

    Args:
        told: the run.
        tried: the Sharpe ratio of a day of every other trial of its strategies that is known.
    """
    seed = told.ran.seed
    put_in, returns = _of_equity(told.ran)
    assumed = Worse(cost=float(2 * told.ran.slippage), missed=MISSED, invested=put_in)
    possible = len(returns) > 0 and bool((returns > -1).all())
    return Luck(
        chance=None if told.sample is None else chance_above(told.sample, 0.0),
        deflated=None
        if told.sample is None or not tried
        else deflated(told.sample, [told.sample.ratio, *tried]),
        reordered=reordered(returns, seed=seed) if possible else None,
        redrawn=redrawn(returns, seed=seed) if possible else None,
        worse=filled_worse(returns, assumed, seed=seed) if possible else None,
    )


def _of_equity(ran: Ran) -> tuple[Floats, Floats]:
    """Return what each round trip cost and earned, as shares of the equity when it began."""
    ordered = sorted(ran.trips, key=lambda each: each.closed_at)
    equity = ran.course.equity_at([each.opened_at for each in ordered], float(ran.cash))
    safe = np.maximum(equity, LEAST_EQUITY)
    cost = np.array([float(each.cost) for each in ordered])
    profit = np.array([float(each.profit) for each in ordered])
    return cost / safe, profit / safe


def _notes(of: Told) -> Iterator[str]:
    yield "what was earned in the past says little about what will be earned"
    yield from of.ran.faults
    if of.ran.survivors:
        yield of.ran.survivors
    if not of.tally.trades:
        yield "nothing was bought and sold again, so that there is nothing to judge"
    elif of.tally.trades < FEW_TRADES:
        yield f"{of.tally.trades} round trips are too few to tell skill from luck"
    within = _fallen(of.ran)
    if of.performance is not None and within >= of.performance.deepest_fall + DEEPER:
        yield (
            "the deepest fall is told between ends of days; at a close within a day it was "
            f"{within * 100:.2f} %"
        )
    if len(of.days) < LEAST_DAYS:
        yield f"{len(of.days)} days are too few to speak of a year"


def _fallen(ran: Ran) -> Decimal:
    """Return the deepest fall between any two closes, as a share."""
    worth = np.concatenate([[float(ran.cash)], ran.course.equity])
    return _share(float(np.max(1 - worth / np.maximum.accumulate(worth))))


def _cents(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")


def _share(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")
