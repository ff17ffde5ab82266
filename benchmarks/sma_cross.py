"""Two moving averages that cross, as every backtesting library shows it: for comparison only.

It is loaded as anybody's own strategy is, and shipped with no product.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action, Unit
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.base import (
    Aim,
    Awake,
    Bars,
    Flags,
    Floats,
    Snapshot,
    Strategy,
    Wish,
    Wishes,
)
from kraken_pipeline.strategies.parameters import Parameters, checks

FAST, SLOW = 20, 50
STOP = 0.1
"""Share of the price. It sizes the order; no stop is placed unless the configuration says so."""


class CrossParameters(Parameters):
    """What the configuration may set."""

    qty: Mapping[str, str] = Field(default_factory=dict)
    """Pair to how many base units are bought each time; risk sizes the others."""


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    return {timeframe: SLOW + 1}


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Enter where the fast average got above the slow one with this bar, leave where below."""
    qty: Any = snapshot.parameters["qty"]
    # a row a pair, so that each mean is summed along what lies together
    close = np.ascontiguousarray(snapshot.window("close", SLOW + 1).T)
    above, was_above = _above(close[:, 1:]), _above(close[:, :-1])
    crosses = (above != was_above) & ~np.isnan(close).any(axis=1)
    wishes, no_signals = [], dict.fromkeys(snapshot.pairs, "no cross")
    for at in np.flatnonzero(crosses).tolist():
        pair = snapshot.pairs[at]
        is_held = pair in snapshot.held
        if above[at] != is_held and (is_held or pair in snapshot.tradable):
            wishes.append(_exit(pair) if is_held else _entry(pair, qty.get(pair)))
            del no_signals[pair]
    return Wishes(wishes=tuple(wishes), no_signals=no_signals)


def _exit(pair: str) -> Wish:
    return Wish(
        pair=pair, action=Action.EXIT, confidence=1.0, stop_distance=0.0, reason="crossed down"
    )


def _entry(pair: str, qty: str | None) -> Wish:
    return Wish(
        pair=pair,
        action=Action.ENTER,
        confidence=1.0,
        stop_distance=STOP,
        reason="crossed up",
        aim=None if qty is None else Aim(unit=Unit.QTY, amount=Decimal(qty)),
    )


def _above(close: NDArray[np.float64]) -> NDArray[np.bool_]:
    fast = np.add.reduce(close[:, -FAST:], axis=1) / FAST
    return np.asarray(fast > np.add.reduce(close, axis=1) / SLOW)


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return where the averages cross, or are so near each other that they might."""
    close = panels[frame.name].close
    enter, leave = np.zeros(close.shape, dtype=bool), np.zeros(close.shape, dtype=bool)
    for column in range(close.shape[1]):
        # a pair at a time: years of minutes of all of them would be held several times over
        _mark(np.ascontiguousarray(close[:, column]), enter[1:, column], leave[1:, column])
    return Awake(enter=enter, leave=leave)


def _mark(close: Floats, enter: Flags, leave: Flags) -> None:
    fast, slow = _mean(close, FAST), _mean(close, SLOW)
    near = np.abs(fast - slow) <= 1e-9 * slow
    above, below = (fast > slow) | near, (fast < slow) | near
    enter[:] = above[1:] & below[:-1]
    leave[:] = below[1:] & above[:-1]


def _mean(close: NDArray[np.float64], bars: int) -> NDArray[np.float64]:
    """Return the mean of the last bars at each row; NaN where one of them is missing."""
    is_there = ~np.isnan(close)
    sums = np.cumsum(np.where(is_there, close, 0.0), axis=0)
    counts = np.cumsum(is_there, axis=0)
    sums[bars:] -= sums[:-bars].copy()
    counts[bars:] -= counts[:-bars].copy()
    return np.where(counts == bars, sums / bars, np.nan)


SMA_CROSS = Strategy(
    name="sma_cross",
    version="1",
    timeframes=tuple(TIMEFRAMES),
    needs=needs,
    parameters=checks(CrossParameters),
    decide=decide,
    awake=awake,
)
