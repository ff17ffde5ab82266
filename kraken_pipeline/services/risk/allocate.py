"""What is left to each strategy of what it wants, from its results and from the market (RSK-4)."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

import numpy as np

from kraken_pipeline.domain.allocation import (
    NO_LIMIT,
    Allocation,
    AllocationRules,
    Known,
    allocation,
)
from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.lots import DUST, MANUAL, Position
from kraken_pipeline.domain.market_mood import Mood, Reading, mood_of
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.round_trips import RoundTrip
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close
from kraken_pipeline.services.bars.newest_bars import newest_close
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.services.risk.world import World
from kraken_pipeline.strategies.base import Bars, Floats

BENCHMARK: Final = "XBT"
"""The asset whose price in the universe's quote stands for the market."""


NOTHING_READ: Final = Reading(
    benchmark_momentum=None, basket_momentum=None, volatility=None, drawdown=None
)


class TripStore(Protocol):
    """What strategies closed."""

    def round_trips(self, since: datetime) -> tuple[RoundTrip, ...]:
        """Return what strategies closed after an instant."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Over how many bars the market is measured."""

    frame: Timeframe
    quote: str
    """The benchmark's."""
    momentum_bars: int
    basket_bars: int
    volatility_bars: int
    drawdown_bars: int

    @property
    def bars(self) -> int:
        """How many closes that takes."""
        longest = max(self.momentum_bars, self.basket_bars, self.volatility_bars)
        return max(longest + 1, self.drawdown_bars)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocateDesk:
    """What allocating needs."""

    rules: AllocationRules
    measured: Measured | None
    """None where the market changes nothing."""
    trips: TripStore
    positions: Callable[[], Sequence[Position]]
    bars: Callable[[], BarReading]
    """Gives the bars, only where the market is measured."""


def allocate(desk: AllocateDesk, world: World) -> Allocation:
    """Return what is left to each strategy of what it wants, as the world is now."""
    rules = desk.rules
    is_plain = rules.dynamic is None and rules.throttle is None and not rules.parts
    if is_plain and set(rules.weights.values()) <= {1}:
        return NO_LIMIT
    reading = None if desk.measured is None else _reading(desk, desk.measured, world)
    return allocation(
        rules,
        Known(
            profits={} if rules.dynamic is None else _profits(desk, world),
            equity=ZERO if world.snapshot is None else world.snapshot.equity,
            mood=Mood.UNKNOWN if reading is None else mood_of(reading),
            reading=reading,
        ),
    )


def _profits(desk: AllocateDesk, world: World) -> Mapping[str, Decimal]:
    """Return what strategies won or lost over the lookback, in base currency.

    That is what they closed, and what they would lose with what they hold: who waits for a loss to
    go away has it all the same. A profit that is not taken does not count.
    """
    dynamic = desk.rules.dynamic
    since = EPOCH if dynamic is None else world.now - dynamic.lookback
    found = profits_of(desk.trips.round_trips(since))
    for each in desk.positions():
        pair = world.pairs.get(each.pair)
        if each.qty and pair is not None and each.book not in {MANUAL, DUST}:
            open_loss = min(world.worth(pair.base, each.qty) - each.cost, ZERO)
            found[each.book.partition("@")[0]] += open_loss
    return found


def profits_of(trips: Iterable[RoundTrip]) -> defaultdict[str, Decimal]:
    """Return what round trips brought to each strategy, over all its timeframes."""
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in trips:
        found[each.book.partition("@")[0]] += each.profit
    return found


def _reading(desk: AllocateDesk, measured: Measured, world: World) -> Reading:
    names = sorted(each.name for each in world.universe.managed)
    closed_at = last_close(measured.frame, world.now)
    try:
        bars = desk.bars().read(measured.frame, names, closed_by=closed_at, count=measured.bars)
    except StorageError:
        # what sells must not wait for it (RSK-6)
        return NOTHING_READ
    return reading_of(bars, measured, newest_close(bars, closed_at))


def reading_of(bars: Bars, measured: Measured, closed_at: datetime) -> Reading:
    """Return what the market does by closed bars; what lacks a bar at an end is not known.

    Args:
        bars: of the universe.
        measured: over how many bars.
        closed_at: close of the newest bar that is over.
    """
    newest = int(closed_at.timestamp()) - bars.frame.seconds
    is_current = bars.opened_at.size > 0 and int(bars.opened_at[-1]) == newest
    name = f"{BENCHMARK}{measured.quote}"
    benchmark = (
        bars.close[:, bars.pairs.index(name)]
        if is_current and name in bars.pairs
        else np.full(len(bars.opened_at), np.nan)
    )
    basket = _changes(bars.close if is_current else np.full((0, 1), np.nan), measured.basket_bars)
    known = basket[~np.isnan(basket)]
    return Reading(
        benchmark_momentum=_exact(_changes(benchmark[:, None], measured.momentum_bars)[0]),
        basket_momentum=_exact(known.mean() if known.size else math.nan),
        volatility=_exact(_volatility(benchmark, measured.volatility_bars)),
        drawdown=_exact(_drawdown(benchmark, measured.drawdown_bars)),
    )


def _changes(closes: Floats, bars: int) -> Floats:
    """Return how much each column changed over some bars; NaN where it is not known."""
    if len(closes) <= bars:
        return np.full(closes.shape[1], np.nan)
    changed: Floats = closes[-1] / closes[-1 - bars] - 1
    return changed


def _volatility(closes: Floats, bars: int) -> float:
    if len(closes) <= bars:
        return math.nan
    changes = closes[-bars:] / closes[-bars - 1 : -1] - 1
    return float(np.std(changes))


def _drawdown(closes: Floats, bars: int) -> float:
    if len(closes) < bars:
        return math.nan
    return float(1 - closes[-1] / closes[-bars:].max())


def _exact(value: float) -> Decimal | None:
    return None if math.isnan(value) else Decimal(f"{value:.6f}")
