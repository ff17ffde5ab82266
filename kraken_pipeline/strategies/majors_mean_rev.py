"""Buy the majors when they dip under their mean, sell at the mean; only where prices revert."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.answers import Answer, answered, short_of
from kraken_pipeline.strategies.base import Awake, Bars, Snapshot, Strategy, View, Wish, Wishes
from kraken_pipeline.strategies.indicators import PerPair, average_true_range, mean, missing
from kraken_pipeline.strategies.parameters import Names, Number, Parameters, checked, checks
from kraken_pipeline.strategies.regime import HOURLY_BARS, Regime, may_revert, regimes
from kraken_pipeline.strategies.rolling import EASED, newest_closed, rolling_mean, there
from kraken_pipeline.strategies.stops import no_stop, stop_of_ranges

BPS: Final = 10_000
LEAST_CONFIDENCE: Final = 0.1
WISHED: Final = "wished"
"""Key of what was wished for last: pairs, comma-separated."""
WISHED_AT: Final = "wished_at"
"""Key of the close at which that was."""


class ReversionParameters(Parameters):
    """What the configuration may set."""

    pairs: Names = Field(default=("XBTUSD", "ETHUSD"), min_length=1)
    """The majors; nothing else is entered."""
    lookback: int = Field(default=50, ge=2, le=500)
    """Bars of the mean."""
    entry_bps: Number = Field(default=150, gt=0, le=5000)
    """How far the close must be under the mean, in basis points of it."""
    max_positions: int = Field(default=2, ge=1, le=100)
    only_mean_reverting: bool = True
    """Whether a pair must be in the mean-reverting regime to be entered."""
    atr_bars: int = Field(default=20, ge=2, le=200)
    stop_atr_multiple: Number = Field(default=2, gt=0, le=20)
    """How many average true ranges below the close an entry is proven wrong."""


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    parameters = checked(ReversionParameters, given)
    wanted = {timeframe: max(parameters.lookback, parameters.atr_bars + 1)}
    wanted["1h"] = max(wanted.get("1h", 0), HOURLY_BARS)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """What is computed of all pairs at once; one number for each pair, NaN where bars lack."""

    dip_bps: PerPair
    """How far the close is under the mean, in basis points of it; below zero above it."""
    stop_distance: PerPair
    """Share of the close."""
    regime: NDArray[np.intp]
    missing: NDArray[np.intp]
    """Bars that the mean lacks."""
    missing_for_entry: NDArray[np.intp]
    """Bars that the mean or the stop lack."""
    missing_hourly: NDArray[np.intp]


def read(snapshot: Snapshot, parameters: ReversionParameters) -> Readings:
    """Compute the readings of every pair."""
    bars = max(parameters.lookback, parameters.atr_bars + 1)
    high, low, close = (snapshot.window(each, bars) for each in ("high", "low", "close"))
    ranges = slice(bars - parameters.atr_bars - 1, None)
    hourly = snapshot.window("close", HOURLY_BARS, "1h")
    averaged = close[-parameters.lookback :]
    atr = average_true_range(high[ranges], low[ranges], close[ranges])
    return Readings(
        dip_bps=(1 - close[-1] / mean(averaged)) * BPS,
        stop_distance=stop_of_ranges(atr, multiple=parameters.stop_atr_multiple, close=close[-1]),
        regime=regimes(hourly),
        missing=missing(averaged),
        missing_for_entry=missing(high + low + close),
        missing_hourly=missing(hourly),
    )


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Enter the deepest dips that there is room for, and leave what is back at its mean.

    It keeps what it wished for, so that an entry that is not booked yet takes its place already.
    """
    parameters = checked(ReversionParameters, snapshot.parameters)
    readings = read(snapshot, parameters)
    taken = snapshot.held | _on_the_way(snapshot, state)
    dipping = {
        pair: _why_not_enter(readings, parameters, at, pair)
        for at, pair in enumerate(snapshot.pairs)
        if pair in snapshot.tradable and pair not in snapshot.held
    }
    chosen = _chosen(snapshot, readings, dipping, taken, parameters.max_positions)
    return answered(
        snapshot,
        of_held=partial(_of_held, readings),
        of_free=partial(_of_free, readings, parameters, dipping, chosen),
        state=_kept(snapshot, chosen) if chosen else state,
    )


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return where a major dips, room or not, and where one is at its mean."""
    bars, wanted = panels[frame.name], checked(ReversionParameters, parameters)
    average = rolling_mean(bars.close, wanted.lookback)
    is_major = np.isin(bars.pairs, wanted.pairs)
    dipped = bars.close <= average * (1 - wanted.entry_bps / BPS) * (1 + EASED)
    if wanted.only_mean_reverting:
        hours = panels["1h"]
        reverts = may_revert(hours.close).astype(np.float64)
        dipped &= newest_closed(reverts, hours, bars) == 1
    return Awake(
        enter=dipped & is_major,
        leave=there(bars.close) & (bars.close >= average * (1 - EASED)),
    )


def _on_the_way(snapshot: Snapshot, state: Mapping[str, str]) -> frozenset[str]:
    """Return what was wished for at the close before this one, and may be bought by now."""
    if WISHED_AT not in state:
        return frozenset()
    age = snapshot.closed_at - datetime.fromisoformat(state[WISHED_AT])
    is_of_last_close = timedelta() <= age <= snapshot.frame.length
    return frozenset(state[WISHED].split(",")) if is_of_last_close else frozenset()


def _kept(snapshot: Snapshot, chosen: frozenset[str]) -> dict[str, str]:
    return {WISHED: ",".join(sorted(chosen)), WISHED_AT: snapshot.closed_at.isoformat()}


def _chosen(
    snapshot: Snapshot,
    readings: Readings,
    dipping: Mapping[str, str],
    taken: frozenset[str],
    most: int,
) -> frozenset[str]:
    """Return the deepest dips that fit: those already on the way first, as their place is taken."""
    dip = dict(zip(snapshot.pairs, readings.dip_bps.tolist(), strict=True))
    able = sorted(
        (pair for pair, why in dipping.items() if not why),
        key=lambda pair: (pair not in taken, -dip[pair], pair),
    )
    again = [pair for pair in able if pair in taken]
    room = max(most - len(taken), 0)
    return frozenset(again + able[len(again) :][:room])


def _of_held(readings: Readings, at: int, pair: str) -> Answer:
    if why := short_of(at, ("bars", readings.missing)):
        return why
    dip = readings.dip_bps[at]
    if dip > 0:
        return f"under the mean by {dip:.1f} bps"
    return Wish(
        pair=pair,
        action=Action.EXIT,
        confidence=1.0,
        stop_distance=0.0,
        reason=f"back at the mean: {abs(dip):.1f} bps above",
    )


def _of_free(
    readings: Readings,
    parameters: ReversionParameters,
    dipping: Mapping[str, str],
    chosen: frozenset[str],
    at: int,
    pair: str,
) -> Answer:
    if dipping[pair]:
        return dipping[pair]
    if pair not in chosen:
        return f"no room: {parameters.max_positions} positions at most"
    dip = float(readings.dip_bps[at])
    return Wish(
        pair=pair,
        action=Action.ENTER,
        confidence=min(max(dip / (2 * parameters.entry_bps), LEAST_CONFIDENCE), 1.0),
        stop_distance=float(readings.stop_distance[at]),
        reason=f"dip: {dip:.1f} bps >= {parameters.entry_bps:g}",
    )


def _why_not_enter(readings: Readings, parameters: ReversionParameters, at: int, pair: str) -> str:
    """Say why a pair is not entered even if there is room, or nothing."""
    if pair not in parameters.pairs:
        return "not one of the majors"
    if lacks := short_of(
        at, ("bars", readings.missing_for_entry), ("1h bars", readings.missing_hourly)
    ):
        return lacks
    if readings.dip_bps[at] < parameters.entry_bps:
        return f"no dip: {readings.dip_bps[at]:.1f} bps < {parameters.entry_bps:g}"
    regime = Regime(readings.regime[at])
    if parameters.only_mean_reverting and regime is not Regime.MEAN_REVERTING:
        return f"regime: {regime.name.lower()}"
    return no_stop(readings.stop_distance[at])


MAJORS_MEAN_REV: Final = Strategy(
    name="majors_mean_rev",
    version="1",
    timeframes=("15m", "1h", "4h"),
    needs=needs,
    parameters=checks(ReversionParameters),
    decide=decide,
    view=View.FILLED,
    awake=awake,
)
