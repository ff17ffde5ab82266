"""Once a day, hold the few pairs that rose most over the last week, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kraken_pipeline.domain.intents import Action, Unit
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.answers import Answer, answered, short_of
from kraken_pipeline.strategies.base import (
    Aim,
    Awake,
    Bars,
    Flags,
    Snapshot,
    Strategy,
    View,
    Wish,
    Wishes,
)
from kraken_pipeline.strategies.indicators import PerPair, average_true_range, missing
from kraken_pipeline.strategies.parameters import Number, Parameters, checked, checks
from kraken_pipeline.strategies.regime import HOURLY_BARS, Regime, regimes
from kraken_pipeline.strategies.rolling import there
from kraken_pipeline.strategies.stops import no_stop, stop_of_ranges

BPS: Final = 10_000
ENTERED_IN: Final = np.array([False, True, True, True, False])
"""By `Regime`: nothing is entered in a panic, nor where the regime is not known."""
LEAST_CONFIDENCE: Final = 0.1
CHOSEN: Final = "chosen"
"""Key of the pairs of the last rebalance, comma-separated."""
REBALANCED_AT: Final = "rebalanced_at"
"""Key of the close of the last rebalance."""


class RotationParameters(Parameters):
    """What the configuration may set."""

    lookback: int = Field(default=42, ge=1, le=500)
    """4h bars over which the return is measured."""
    quote: str = Field(default="USD", min_length=1)
    """Quote of the pairs that are compared; it must be the base currency of the portfolio."""
    rebalance_hours: int = Field(default=24, ge=4, le=8760)
    top: int = Field(default=2, ge=1, le=100)
    """How many pairs are held."""
    total_pct: Number = Field(default=5, gt=0, le=100)
    """Percent of equity that they are to be worth together, each as much as the others."""
    full_confidence_bps: Number = Field(default=250, gt=0, le=100_000)
    """Return in basis points from which on confidence is 1."""
    drift_pct: Number = Field(default=25, gt=0, le=100)
    """How far a holding may be off its share before it is set right, in percent of the share."""
    atr_bars: int = Field(default=20, ge=2, le=200)
    stop_atr_multiple: Number = Field(default=2, gt=0, le=20)
    """How many average true ranges below the close an entry is proven wrong."""

    @property
    def weight(self) -> float:
        """Share of equity of each chosen pair."""
        return self.total_pct / 100 / self.top


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    parameters = checked(RotationParameters, given)
    # the close before the first of the bars is what the return is measured from
    return {timeframe: max(parameters.lookback, parameters.atr_bars) + 1, "1h": HOURLY_BARS}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readings:
    """What is computed of all pairs at once; one number for each pair, NaN where bars lack."""

    rise_bps: PerPair
    """Return over the lookback, in basis points."""
    close: PerPair
    """Quote per base."""
    stop_distance: PerPair
    """Share of the close."""
    regime: NDArray[np.intp]
    missing: NDArray[np.intp]
    """Bars that the return or the stop lack."""


def read(snapshot: Snapshot, parameters: RotationParameters) -> Readings:
    """Compute the readings of every pair."""
    bars = max(parameters.lookback, parameters.atr_bars) + 1
    high, low, close = (snapshot.window(each, bars) for each in ("high", "low", "close"))
    ranges = slice(bars - parameters.atr_bars - 1, None)
    atr = average_true_range(high[ranges], low[ranges], close[ranges])
    return Readings(
        rise_bps=(close[-1] / close[-parameters.lookback - 1] - 1) * BPS,
        close=close[-1],
        stop_distance=stop_of_ranges(atr, multiple=parameters.stop_atr_multiple, close=close[-1]),
        regime=regimes(snapshot.window("close", HOURLY_BARS, "1h")),
        missing=missing(high + low + close),
    )


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Rebalance when it is due; between, only leave what the last rebalance wanted left.

    It keeps when that was and what was chosen, so that a restart neither repeats nor forgets one.
    """
    parameters = checked(RotationParameters, snapshot.parameters)
    due_at = _due_at(state, parameters)
    if due_at is not None and snapshot.closed_at < due_at:
        kept = frozenset(state[CHOSEN].split(","))
        has_closed = there(snapshot.window("close", 1))[0]
        return answered(
            snapshot,
            of_held=partial(_of_left_over, kept, has_closed, due_at),
            of_free=lambda at, pair: _waits(due_at),
            state=state,
        )
    readings = read(snapshot, parameters)
    if readings.missing.all():
        # nothing is known: it stays due
        unknown = partial(_lacking, readings)
        return answered(snapshot, of_held=unknown, of_free=unknown, state=state)
    best = _best(snapshot, readings, parameters)
    ask = _Rebalance(snapshot=snapshot, parameters=parameters, readings=readings, best=best)
    return answered(
        snapshot,
        of_held=ask.of_held,
        of_free=ask.of_free,
        state={
            CHOSEN: ",".join(sorted(ask.kept())),
            REBALANCED_AT: snapshot.closed_at.isoformat(),
        },
    )


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return every close of a pair: any of them may be the one at which a rebalance is due."""
    closes = there(panels[frame.name].close)
    return Awake(enter=closes, leave=closes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rebalance:
    """One rebalance."""

    snapshot: Snapshot
    parameters: RotationParameters
    readings: Readings
    best: frozenset[str]
    """Pairs to be held."""

    def kept(self) -> frozenset[str]:
        """Return what is not to be left: the best, and what is held and cannot be judged."""
        lacks = dict(zip(self.snapshot.pairs, self.readings.missing.tolist(), strict=True))
        return self.best | {pair for pair in self.snapshot.held if lacks[pair]}

    def of_free(self, at: int, pair: str) -> Answer:
        """Enter what is among the best."""
        if self.readings.missing[at] or pair not in self.best:
            return self._why_not_best(at)
        regime = Regime(self.readings.regime[at])
        if not ENTERED_IN[regime]:
            return f"regime: {regime.name.lower()}"
        if why := no_stop(self.readings.stop_distance[at]):
            return why
        return self._sized(Action.ENTER, at, pair, f"among the best: {self._rise(at)}")

    def of_held(self, at: int, pair: str) -> Answer:
        """Leave what is not among the best any more, and set right what drifted off its share."""
        if self.readings.missing[at]:
            return self._why_not_best(at)
        if pair not in self.best:
            return Wish(
                pair=pair,
                action=Action.EXIT,
                confidence=1.0,
                stop_distance=0.0,
                reason=self._why_not_best(at),
            )
        return self._set_right(at, pair)

    def _set_right(self, at: int, pair: str) -> Answer:
        equity, holding = self.snapshot.equity, self.snapshot.holdings.get(pair)
        if not equity or holding is None:
            return f"held, its share is not known: {self._rise(at)}"
        worth = float(holding.qty) * float(self.readings.close[at])
        off = (worth / float(equity) / self.parameters.weight - 1) * 100
        if abs(off) <= self.parameters.drift_pct:
            return f"held, {off:+.1f} % off its share: {self._rise(at)}"
        action = Action.REDUCE if off > 0 else Action.INCREASE
        if action is Action.INCREASE and (why := no_stop(self.readings.stop_distance[at])):
            return why
        return self._sized(action, at, pair, f"{off:+.1f} % off its share")

    def _sized(self, action: Action, at: int, pair: str, reason: str) -> Wish:
        rise = float(self.readings.rise_bps[at])
        sure = min(max(rise / self.parameters.full_confidence_bps, LEAST_CONFIDENCE), 1.0)
        return Wish(
            pair=pair,
            action=action,
            confidence=sure,
            stop_distance=float(self.readings.stop_distance[at]) if action.opens else 0.0,
            reason=reason,
            aim=Aim(unit=Unit.WEIGHT, amount=self.parameters.weight),
        )

    def _why_not_best(self, at: int) -> str:
        if self.readings.missing[at]:
            return _lacking(self.readings, at, "")
        if not self.snapshot.pairs[at].endswith(self.parameters.quote):
            return f"not quoted in {self.parameters.quote}"
        if self.readings.rise_bps[at] <= 0:
            return f"does not rise: {self._rise(at)}"
        return f"not among the best {self.parameters.top}: {self._rise(at)}"

    def _rise(self, at: int) -> str:
        return f"{self.readings.rise_bps[at]:.1f} bps in {self.parameters.lookback} bars"


def _best(snapshot: Snapshot, readings: Readings, parameters: RotationParameters) -> frozenset[str]:
    """Return the pairs that rose most; what may not be entered must be held."""
    rise = dict(zip(snapshot.pairs, readings.rise_bps.tolist(), strict=True))
    lacks = dict(zip(snapshot.pairs, readings.missing.tolist(), strict=True))
    entered_or_held = snapshot.tradable | snapshot.held
    able = [
        pair
        for pair in snapshot.pairs
        if pair.endswith(parameters.quote)
        and pair in entered_or_held
        and not lacks[pair]
        and rise[pair] > 0
    ]
    return frozenset(sorted(able, key=lambda pair: (-rise[pair], pair))[: parameters.top])


def _due_at(state: Mapping[str, str], parameters: RotationParameters) -> datetime | None:
    """Return when the next rebalance is due; None where there was none yet."""
    if REBALANCED_AT not in state:
        return None
    last = datetime.fromisoformat(state[REBALANCED_AT])
    return last + timedelta(hours=parameters.rebalance_hours)


def _of_left_over(
    kept: frozenset[str], has_closed: Flags, due_at: datetime, at: int, pair: str
) -> Answer:
    """Leave what an earlier exit did not get rid of; what is stopped out is not entered again."""
    if pair in kept or not has_closed[at]:
        return _waits(due_at)
    return Wish(
        pair=pair,
        action=Action.EXIT,
        confidence=1.0,
        stop_distance=0.0,
        reason="the last rebalance did not choose it",
    )


def _waits(due_at: datetime) -> str:
    return f"next rebalance {due_at:%F %H:%M}"


def _lacking(readings: Readings, at: int, pair: str) -> str:
    return short_of(at, ("bars", readings.missing))


RS_ROTATION: Final = Strategy(
    name="rs_rotation",
    version="1",
    timeframes=("4h",),
    needs=needs,
    parameters=checks(RotationParameters),
    decide=decide,
    asks_equity=True,
    view=View.FILLED,
    awake=awake,
)
