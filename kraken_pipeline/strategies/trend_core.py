"""Follow the trend: a fast moving average over a slow one, with the day's trend behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.answers import Answer, answered, short_of
from kraken_pipeline.strategies.base import Awake, Bars, Snapshot, Strategy, View, Wish, Wishes
from kraken_pipeline.strategies.indicators import average_true_range, mean, missing
from kraken_pipeline.strategies.parameters import Number, Parameters, checked, checks
from kraken_pipeline.strategies.regime import HOURLY_BARS, regimes
from kraken_pipeline.strategies.rolling import EASED, newest_closed, rolling_mean
from kraken_pipeline.strategies.stops import no_stop, stop_of_ranges

PROFILES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"conservative": (20, 50), "balanced": (10, 20), "aggressive": (5, 13)}
)
"""Bars of the fast and of the slow average."""

STRENGTH_TIMES: Final = np.array([np.nan, 1.0, 1.5, 1.25, 2.0])
"""By `Regime`: how many times the minimum strength an entry needs; unknown allows none."""

LEAST_CONFIDENCE: Final = 0.1
BPS: Final = 10_000


class TrendParameters(Parameters):
    """What the configuration may set."""

    profile: Literal["conservative", "balanced", "aggressive"] = "balanced"
    """A key of `PROFILES`."""
    min_strength_bps: Number = Field(default=10, gt=0, le=1000)
    """How far the fast average must stand over the slow one, in basis points of the slow one."""
    daily_filter: bool = True
    """Whether the last daily close must be above the daily slow average."""
    atr_bars: int = Field(default=20, ge=2, le=200)
    stop_atr_multiple: Number = Field(default=2, gt=0, le=20)
    """How many average true ranges below the close an entry is proven wrong."""

    @property
    def fast(self) -> int:
        """Bars of the fast average."""
        return PROFILES[self.profile][0]

    @property
    def slow(self) -> int:
        """Bars of the slow average."""
        return PROFILES[self.profile][1]


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    parameters = checked(TrendParameters, given)
    wanted = {timeframe: max(parameters.slow, parameters.atr_bars + 1)}
    wanted["1h"] = max(wanted.get("1h", 0), HOURLY_BARS)
    if parameters.daily_filter:
        wanted["1d"] = max(wanted.get("1d", 0), parameters.slow)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """What is computed of all pairs at once; one number for each pair, NaN where bars lack.

    They are plain numbers then: each pair is asked by itself, and one number of an array is dear.
    """

    strength: Sequence[float]
    """Fast average over slow average, in basis points of the slow one."""
    needed: Sequence[float]
    """The strength that an entry needs in the pair's regime."""
    above_daily: Sequence[bool]
    stop_distance: Sequence[float]
    """Share of the close."""
    missing: Sequence[int]
    """Bars that the averages lack."""
    missing_for_entry: Sequence[int]
    """Bars that the averages or the stop lack; so do the two below for theirs."""
    missing_hourly: Sequence[int]
    missing_daily: Sequence[int]


def read(snapshot: Snapshot, parameters: TrendParameters) -> Readings:
    """Compute the readings of every pair."""
    bars = max(parameters.slow, parameters.atr_bars + 1)
    high, low, close = (snapshot.window(each, bars) for each in ("high", "low", "close"))
    ranges = slice(bars - parameters.atr_bars - 1, None)
    hourly = snapshot.window("close", HOURLY_BARS, "1h")
    fast, slow = mean(close[-parameters.fast :]), mean(close[-parameters.slow :])
    atr = average_true_range(high[ranges], low[ranges], close[ranges])
    above_daily, missing_daily = _daily(snapshot, parameters)
    stop_distance = stop_of_ranges(atr, multiple=parameters.stop_atr_multiple, close=close[-1])
    return Readings(
        strength=((fast / slow - 1) * BPS).tolist(),
        needed=(parameters.min_strength_bps * STRENGTH_TIMES[regimes(hourly)]).tolist(),
        above_daily=above_daily.tolist(),
        stop_distance=stop_distance.tolist(),
        missing=missing(close[-parameters.slow :]).tolist(),
        missing_for_entry=missing(high + low + close).tolist(),
        missing_hourly=missing(hourly).tolist(),
        missing_daily=missing_daily.tolist(),
    )


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Enter what trends, leave what stopped to, and say of every other pair why neither.

    It keeps no state: the bars say it all.
    """
    readings = read(snapshot, checked(TrendParameters, snapshot.parameters))
    return answered(
        snapshot, of_held=partial(_of_held, readings), of_free=partial(_of_free, readings)
    )


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return where the trend is strong enough for the mildest regime, and where it is over."""
    bars, wanted = panels[frame.name], checked(TrendParameters, parameters)
    fast, slow = rolling_mean(bars.close, wanted.fast), rolling_mean(bars.close, wanted.slow)
    is_strong = fast >= slow * (1 + wanted.min_strength_bps / BPS) * (1 - EASED)
    if wanted.daily_filter and frame.name != "1d":
        days = panels["1d"]
        above = days.close > rolling_mean(days.close, wanted.slow) * (1 - EASED)
        is_strong &= newest_closed(above.astype(np.float64), days, bars) == 1
    return Awake(enter=is_strong, leave=fast < slow * (1 + EASED))


def _daily(
    snapshot: Snapshot, parameters: TrendParameters
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    if not parameters.daily_filter or snapshot.frame.name == "1d":
        pairs = len(snapshot.pairs)
        return np.ones(pairs, dtype=np.bool_), np.zeros(pairs, dtype=np.intp)
    close = snapshot.window("close", parameters.slow, "1d")
    return close[-1] > mean(close), missing(close)


def _of_held(readings: Readings, at: int, pair: str) -> Answer:
    if why := short_of(at, ("bars", readings.missing)):
        return why
    strength = readings.strength[at]
    if strength >= 0:
        return "trend holds"
    return Wish(
        pair=pair,
        action=Action.EXIT,
        confidence=1.0,
        stop_distance=0.0,
        reason=f"trend over: {strength:.1f} bps < 0",
    )


def _of_free(readings: Readings, at: int, pair: str) -> Answer:
    why = _why_not_enter(readings, at)
    if why:
        return why
    strength, needed = readings.strength[at], readings.needed[at]
    return Wish(
        pair=pair,
        action=Action.ENTER,
        confidence=min(max(strength / (2 * needed), LEAST_CONFIDENCE), 1.0),
        stop_distance=readings.stop_distance[at],
        reason=f"trend: {strength:.1f} bps >= {needed:g}",
    )


def _why_not_enter(readings: Readings, at: int) -> str:
    """Say why a pair is not entered, or nothing. What data lacks is said first."""
    lacks = short_of(
        at,
        ("bars", readings.missing_for_entry),
        ("1h bars", readings.missing_hourly),
        ("1d bars", readings.missing_daily),
    )
    if lacks:
        return lacks
    strength, needed = readings.strength[at], readings.needed[at]
    if strength < needed:
        return f"weak: {strength:.1f} bps < {needed:g}"
    if not readings.above_daily[at]:
        return "below daily SMA"
    return no_stop(readings.stop_distance[at])


TREND_CORE: Final = Strategy(
    name="trend_core",
    version="2",
    timeframes=tuple(TIMEFRAMES),
    needs=needs,
    parameters=checks(TrendParameters),
    decide=decide,
    view=View.FILLED,
    awake=awake,
)
