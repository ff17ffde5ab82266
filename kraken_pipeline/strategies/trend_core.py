"""Follow the trend: hold what a fast mean has over a slow one, while the daily trend agrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.strategies import regime
from kraken_pipeline.strategies.base import Bars, Snapshot, Strategy, Wish, Wishes
from kraken_pipeline.strategies.indicators import Row, atr, sma
from kraken_pipeline.strategies.parameters import Choice, Number, checked
from kraken_pipeline.strategies.regime import Regime

NAME: Final = "trend_core"
DAILY: Final = "1d"
PROFILES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {"conservative": (20, 50), "balanced": (10, 20), "aggressive": (5, 13)}
)
"""Bars of the fast and of the slow mean."""
STRICTER: Final[Mapping[Regime, float]] = MappingProxyType(
    {
        Regime.TRENDING: 1.0,
        Regime.MEAN_REVERTING: 1.25,
        Regime.CHOPPY: 1.5,
        Regime.UNKNOWN: 1.5,
        Regime.PANIC: 2.0,
    }
)
"""How many times the minimal strength an entry needs in each regime."""
SCHEMA: Final[Mapping[str, Number | Choice]] = MappingProxyType(
    {
        "profile": Choice(default="balanced", options=tuple(PROFILES)),
        "min_strength_bps": Number(default=10, least=0.01, most=1000),
        "daily_filter": Choice(default=True, options=(True, False)),
        "atr_bars": Number(default=20, least=2, most=200, whole=True),
        "stop_atr_multiple": Number(default=2, least=0.1, most=20),
    }
)
LEAST_CONFIDENCE: Final = 0.1
BPS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Reading:
    """What the bars say, one value a pair."""

    strength_bps: Row
    """The fast mean over the slow one, in basis points; NaN where bars are missing."""
    needed_bps: Row
    daily_agrees: NDArray[np.bool_]
    stop_distance: Row
    """Share of the price."""
    missing: NDArray[np.int64]
    """Bars that the slow mean lacks."""


def needs(timeframe: str, parameters: Mapping[str, object]) -> dict[str, int]:
    """Return how many bars of each timeframe a decision looks at."""
    _, slow = PROFILES[str(parameters["profile"])]
    wanted = {timeframe: max(slow, int(str(parameters["atr_bars"])) + 1)}
    if parameters["daily_filter"]:
        wanted[DAILY] = max(wanted.get(DAILY, 0), slow)
    wanted[regime.TIMEFRAME] = max(wanted.get(regime.TIMEFRAME, 0), regime.BARS_NEEDED)
    return wanted


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Enter where the trend is strong enough, leave where it has turned; keep no state."""
    reading = _read(snapshot)
    wishes: list[Wish] = []
    silent: dict[str, str] = {}
    for index, pair in enumerate(snapshot.pairs):
        found = _say(reading, index, pair, snapshot)
        if isinstance(found, Wish):
            wishes.append(found)
        else:
            silent[pair] = found
    return Wishes(wishes=tuple(wishes), no_signals=silent)


def _read(snapshot: Snapshot) -> _Reading:
    parameters = snapshot.parameters
    fast, slow = PROFILES[str(parameters["profile"])]
    bars = snapshot.bars()
    slow_mean = sma(bars.close, slow)
    found = regime.regimes(snapshot.bars(regime.TIMEFRAME))
    multiples = np.array([STRICTER[Regime(each)] for each in found], dtype=np.float64)
    reach = atr(bars, int(str(parameters["atr_bars"])))
    return _Reading(
        strength_bps=(sma(bars.close, fast) / slow_mean - 1) * BPS,
        needed_bps=multiples * float(str(parameters["min_strength_bps"])),
        daily_agrees=_daily_agrees(snapshot, slow),
        stop_distance=reach * float(str(parameters["stop_atr_multiple"])) / bars.close[-1],
        missing=slow - np.isfinite(bars.close[-slow:]).sum(axis=0),
    )


def _daily_agrees(snapshot: Snapshot, slow: int) -> NDArray[np.bool_]:
    """The last daily close is above the daily slow mean; on daily bars that is asked already."""
    if snapshot.frame.name == DAILY or not snapshot.parameters["daily_filter"]:
        return np.ones(len(snapshot.pairs), dtype=np.bool_)
    daily: Bars = snapshot.bars(DAILY)
    if not daily.close.shape[0]:
        return np.zeros(len(snapshot.pairs), dtype=np.bool_)
    return np.asarray(daily.close[-1] > sma(daily.close, slow))


def _say(reading: _Reading, index: int, pair: str, snapshot: Snapshot) -> Wish | str:
    strength = float(reading.strength_bps[index])
    if not np.isfinite(strength):
        return f"no bars: {reading.missing[index]} missing"
    if pair in snapshot.held:
        if strength >= 0:
            return f"trend holds: {strength:.1f} bps"
        return Wish(
            pair=pair,
            enter=False,
            confidence=1.0,
            stop_distance=0.0,
            reason=f"trend turned: {strength:.1f} bps",
        )
    return _enter(reading, index, pair, snapshot)


def _enter(reading: _Reading, index: int, pair: str, snapshot: Snapshot) -> Wish | str:
    strength, needed = float(reading.strength_bps[index]), float(reading.needed_bps[index])
    stop = float(reading.stop_distance[index])
    if pair not in snapshot.tradable:
        return "not tradable: leaving only"
    if strength < needed:
        return f"weak: {strength:.1f} bps, needs {needed:.1f}"
    if not reading.daily_agrees[index]:
        return "below daily mean"
    if not stop > 0:
        return "no range: nothing moved"
    return Wish(
        pair=pair,
        enter=True,
        confidence=min(max(strength / (2 * needed), LEAST_CONFIDENCE), 1.0),
        stop_distance=stop,
        reason=f"strength {strength:.1f} bps, needs {needed:.1f}",
    )


def _parameters(given: Mapping[str, object]) -> dict[str, object]:
    return checked(NAME, SCHEMA, given)


TREND_CORE: Final = Strategy(
    name=NAME,
    version="1",
    timeframes=tuple(TIMEFRAMES),
    needs=needs,
    parameters=_parameters,
    decide=decide,
)
