"""Buy the break out of a compression: hardly any range for a while, then a close far above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.answers import Answer, answered, short_of
from kraken_pipeline.strategies.base import Awake, Bars, Snapshot, Strategy, View, Wish, Wishes
from kraken_pipeline.strategies.indicators import (
    PerPair,
    average_true_range,
    highest,
    lowest,
    mean,
    missing,
)
from kraken_pipeline.strategies.parameters import Number, Parameters, checked, checks
from kraken_pipeline.strategies.regime import HOURLY_BARS, Regime, regimes
from kraken_pipeline.strategies.rolling import (
    EASED,
    before,
    rolling_high,
    rolling_low,
    rolling_mean,
    rolling_true_range,
)
from kraken_pipeline.strategies.stops import stop_at

BPS: Final = 10_000
ENTERED_IN: Final = np.array([False, True, True, False, False])
"""By `Regime`: a break holds where prices trend or rest, not where each change undoes the last."""
SURE: Final = 0.8
"""Confidence in a break."""
HALF_SURE: Final = 0.5
"""Confidence that a break has failed."""


class BreakoutParameters(Parameters):
    """What the configuration may set."""

    lookback: int = Field(default=20, ge=5, le=500)
    """Bars before the one that is decided, in which the range is measured."""
    max_range_bps: Number = Field(default=10, gt=0, le=10_000)
    """How wide that range may be, in basis points of the last close in it."""
    breakout_atr_multiple: Number = Field(default=1.5, gt=0, le=20)
    """How many average true ranges above the highest high of the range a close is a break."""


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    # the one that is decided, and the close before the range, which its first true range needs
    wanted = {timeframe: checked(BreakoutParameters, given).lookback + 2}
    wanted["1h"] = max(wanted.get("1h", 0), HOURLY_BARS)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """What is computed of all pairs at once; one number for each pair, NaN where bars lack."""

    close: PerPair
    """Quote per base, as are the mean and the level."""
    mean: PerPair
    """Of the last `lookback` closes, the decided one among them."""
    range_bps: PerPair
    level: PerPair
    """A close above it is a break."""
    stop_distance: PerPair
    """Share of the close: from it down to the lowest low of the range."""
    regime: NDArray[np.intp]
    missing: NDArray[np.intp]
    """Bars that the range or the decided bar lack, or in which nothing traded."""
    missing_mean: NDArray[np.intp]
    missing_hourly: NDArray[np.intp]


def read(snapshot: Snapshot, parameters: BreakoutParameters) -> Readings:
    """Compute the readings of every pair."""
    bars = parameters.lookback + 2
    high, low, close = (snapshot.window(each, bars) for each in ("high", "low", "close"))
    hourly = snapshot.window("close", HOURLY_BARS, "1h")
    top, bottom = highest(high[1:-1]), lowest(low[1:-1])
    atr = average_true_range(high[:-1], low[:-1], close[:-1])
    return Readings(
        close=close[-1],
        mean=mean(close[-parameters.lookback :]),
        range_bps=(top - bottom) / close[-2] * BPS,
        level=top + parameters.breakout_atr_multiple * atr,
        stop_distance=stop_at(bottom, close=close[-1]),
        regime=regimes(hourly),
        missing=missing(high + low + close) + _silent(snapshot, bars),
        missing_mean=missing(close[-parameters.lookback :]),
        missing_hourly=missing(hourly),
    )


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Enter what breaks out of a compression, and leave what falls back under its mean.

    It keeps no state: the bars say it all.
    """
    parameters = checked(BreakoutParameters, snapshot.parameters)
    readings = read(snapshot, parameters)
    return answered(
        snapshot,
        of_held=partial(_of_held, readings),
        of_free=partial(_of_free, readings, parameters),
    )


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return where a compression breaks, whatever the regime, and where a break has failed."""
    bars, wanted = panels[frame.name], checked(BreakoutParameters, parameters)
    count, close = wanted.lookback, bars.close
    top, bottom = before(rolling_high(bars.high, count)), before(rolling_low(bars.low, count))
    ranges = rolling_true_range(bars.high, bars.low, close)
    level = top + wanted.breakout_atr_multiple * before(rolling_mean(ranges, count))
    widest = before(close) * (wanted.max_range_bps / BPS)
    return Awake(
        enter=((top - bottom) <= widest * (1 + EASED)) & (close > level * (1 - EASED)),
        leave=close < rolling_mean(close, count) * (1 + EASED),
    )


def _silent(snapshot: Snapshot, bars: int) -> NDArray[np.intp]:
    """Return how many of the last bars of each pair are made up: silence is no compression."""
    flags = snapshot.is_filled.get(snapshot.frame.name)
    if flags is None:
        return np.zeros(len(snapshot.pairs), dtype=np.intp)
    return np.asarray(flags[-bars:].sum(axis=0))


def _of_held(readings: Readings, at: int, pair: str) -> Answer:
    close, average = readings.close[at], readings.mean[at]
    if readings.missing_mean[at]:
        return f"no bars: {readings.missing_mean[at]} of its mean are missing"
    if close >= average:
        return "break holds"
    return Wish(
        pair=pair,
        action=Action.EXIT,
        confidence=HALF_SURE,
        stop_distance=0.0,
        reason=f"break over: close {close:g} under its mean {average:g}",
    )


def _of_free(readings: Readings, parameters: BreakoutParameters, at: int, pair: str) -> Answer:
    why = _why_not_enter(readings, parameters, at)
    if why:
        return why
    close, level = readings.close[at], readings.level[at]
    return Wish(
        pair=pair,
        action=Action.ENTER,
        confidence=SURE,
        stop_distance=float(readings.stop_distance[at]),
        reason=f"break: close {close:g} > {level:g} after {readings.range_bps[at]:.1f} bps",
    )


def _why_not_enter(readings: Readings, parameters: BreakoutParameters, at: int) -> str:
    """Say why a pair is not entered, or nothing. What data lacks is said first."""
    if lacks := short_of(at, ("bars", readings.missing), ("1h bars", readings.missing_hourly)):
        return lacks
    if readings.range_bps[at] > parameters.max_range_bps:
        return f"no compression: {readings.range_bps[at]:.1f} bps > {parameters.max_range_bps:g}"
    if readings.close[at] <= readings.level[at]:
        return f"no break: close {readings.close[at]:g} <= {readings.level[at]:g}"
    regime = Regime(readings.regime[at])
    return "" if ENTERED_IN[regime] else f"regime: {regime.name.lower()}"


VOL_BREAKOUT: Final = Strategy(
    name="vol_breakout",
    version="1",
    timeframes=tuple(TIMEFRAMES),
    needs=needs,
    parameters=checks(BreakoutParameters),
    decide=decide,
    view=View.FILLED,
    awake=awake,
)
