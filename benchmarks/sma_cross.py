"""Two moving averages that cross, as every backtesting library shows it: for comparison only.

It is loaded as anybody's own strategy is, and shipped with no product.
"""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action, Unit
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.base import Aim, Awake, Bars, Snapshot, Strategy, Wish, Wishes
from kraken_pipeline.strategies.parameters import Parameters, checked, checks

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
    qty = checked(CrossParameters, snapshot.parameters).qty
    close = snapshot.window("close", SLOW + 1)
    is_above, was_above = _above(close[1:]), _above(close[:-1])
    is_known = ~np.isnan(close).any(axis=0)
    wishes, no_signals = [], {}
    for at, pair in enumerate(snapshot.pairs):
        is_held = pair in snapshot.held
        crosses = is_known[at] and is_above[at] != was_above[at] and is_above[at] != is_held
        if crosses and (is_held or pair in snapshot.tradable):
            wishes.append(_exit(pair) if is_held else _entry(pair, qty.get(pair)))
        else:
            no_signals[pair] = "no cross"
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
    fast = np.ascontiguousarray(close[-FAST:].T).mean(axis=1)
    return np.asarray(fast > np.ascontiguousarray(close.T).mean(axis=1))


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return where the averages cross, or are so near each other that they might."""
    close = panels[frame.name].close
    fast, slow = _mean(close, FAST), _mean(close, SLOW)
    near = np.abs(fast - slow) <= 1e-9 * slow
    above, below = (fast > slow) | near, (fast < slow) | near
    enter, leave = np.zeros_like(above), np.zeros_like(above)
    enter[1:] = above[1:] & below[:-1]
    leave[1:] = below[1:] & above[:-1]
    return Awake(enter=enter, leave=leave)


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
