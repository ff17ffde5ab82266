"""Step by step towards fixed weights: a little at a time, whatever the market does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from kraken_pipeline.domain.intents import Action, Unit
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.answers import Answer, answered
from kraken_pipeline.strategies.base import (
    Aim,
    Awake,
    Bars,
    Snapshot,
    Strategy,
    Wish,
    Wishes,
)
from kraken_pipeline.strategies.indicators import PerPair
from kraken_pipeline.strategies.parameters import Number, Parameters, checked, checks
from kraken_pipeline.strategies.rolling import there

EVEN: Final[Mapping[str, float]] = MappingProxyType({"XBTUSD": 1.0, "ETHUSD": 1.0})
Weight = Annotated[Number, Field(ge=0)]
STEPPED_AT: Final = "stepped_at"
"""Key of the close of the last step."""


class OverlayParameters(Parameters):
    """What the configuration may set."""

    weights: Mapping[str, Weight] = Field(default_factory=lambda: dict(EVEN))
    """Pair to how much of the whole it is to be, in whatever proportion; they sum up to all."""
    quote: str = Field(default="USD", min_length=1)
    """Quote of those pairs; it must be the base currency of the portfolio."""
    total_pct: Number = Field(default=5, gt=0, le=100)
    """Percent of equity that all of them are to be worth together."""
    threshold_pct: Number = Field(default=1, gt=0, le=100)
    """How far a holding may be off its target, in percent of the target."""
    interval_minutes: int = Field(default=60, ge=1, le=525_600)
    """From one step to the next, at least."""
    step_notional: Number = Field(default=100, gt=0, le=10**9)
    """What one step moves of one pair at most, in base currency."""
    min_step_notional: Number = Field(default=20, gt=0, le=10**9)
    """What is not worth a step, in base currency."""
    stop_pct: Number = Field(default=50, gt=0, le=99)
    """How far under the price a purchase is proven wrong, in percent."""

    @field_validator("weights")
    @classmethod
    def _weigh_something(cls, given: Mapping[str, float]) -> Mapping[str, float]:
        if not any(given.values()):
            raise ValueError("weights above zero for at least one pair")
        return given

    @model_validator(mode="after")
    def _are_quoted_alike(self) -> Self:
        """Money of another kind could not be compared with the equity."""
        if other := [pair for pair in self.weights if not pair.endswith(self.quote)]:
            raise ValueError(f"weights: {', '.join(other)} is not quoted in {self.quote}")
        return self

    def share(self, pair: str) -> float:
        """Return the share of equity that a pair is to be."""
        return self.weights[pair] / sum(self.weights.values()) * self.total_pct / 100


def needs(timeframe: str, given: Mapping[str, object]) -> Mapping[str, int]:
    """Return the bars of each timeframe that a decision looks at."""
    return {timeframe: 1}


def decide(snapshot: Snapshot, state: Mapping[str, str]) -> Wishes:
    """Take a step towards the weights where one is due.

    It keeps when the last step was, so that a restart does not take it twice.
    """
    parameters = checked(OverlayParameters, snapshot.parameters)
    due_at = _due_at(state, parameters)
    if due_at is not None and snapshot.closed_at < due_at:
        waits = f"next step {due_at:%F %H:%M}"
        return answered(
            snapshot, of_held=lambda at, pair: waits, of_free=lambda at, pair: waits, state=state
        )
    ask = partial(_step, snapshot, parameters, snapshot.window("close", 1)[0])
    said = answered(snapshot, of_held=ask, of_free=ask, state=state)
    if not said.wishes:
        return said
    return replace(said, state={STEPPED_AT: snapshot.closed_at.isoformat()})


def awake(frame: Timeframe, panels: Mapping[str, Bars], parameters: Mapping[str, object]) -> Awake:
    """Return every close of a pair with a weight: any may be the one at which a step is due."""
    bars = panels[frame.name]
    closes = there(bars.close) & np.isin(
        bars.pairs, list(checked(OverlayParameters, parameters).weights)
    )
    return Awake(enter=closes, leave=closes)


def _step(
    snapshot: Snapshot, parameters: OverlayParameters, close: PerPair, at: int, pair: str
) -> Answer:
    if pair not in parameters.weights:
        return "no weight"
    if not close[at] > 0:
        return "no bars: 1 missing"
    holding = snapshot.holdings.get(pair)
    if snapshot.equity is None or (holding is None and pair in snapshot.held):
        return "the equity or what is held is not known"
    target = float(snapshot.equity) * parameters.share(pair)
    qty = 0.0 if holding is None else float(holding.qty)
    return _towards(target, qty, float(close[at]), parameters, pair)


def _towards(
    target: float, qty: float, close: float, parameters: OverlayParameters, pair: str
) -> Answer:
    held, least = qty * close, parameters.min_step_notional
    off = held - target
    if abs(off) <= target * parameters.threshold_pct / 100:
        return f"within {parameters.threshold_pct:g} % of its target: {held:.2f} of {target:.2f}"
    step = min(abs(off), parameters.step_notional)
    if step < least:
        return f"not worth a step: {step:.2f} < {least:g}"
    wish = Wish(
        pair=pair,
        action=Action.REDUCE,
        confidence=1.0,
        stop_distance=parameters.stop_pct / 100,
        reason=f"a step of {step:.2f} from {held:.2f} to {target:.2f}",
    )
    # in units: what is held already must not count for more or less at the price that it trades at
    if off < 0:
        action = Action.INCREASE if qty else Action.ENTER
        return replace(wish, action=action, aim=Aim(unit=Unit.QTY, amount=qty + step / close))
    if held - step < least:
        return replace(wish, action=Action.EXIT)
    return replace(wish, aim=Aim(unit=Unit.QTY, amount=qty - step / close))


def _due_at(state: Mapping[str, str], parameters: OverlayParameters) -> datetime | None:
    """Return when the next step is due; None where there was none yet."""
    if STEPPED_AT not in state:
        return None
    last = datetime.fromisoformat(state[STEPPED_AT])
    return last + timedelta(minutes=parameters.interval_minutes)


DCA_OVERLAY: Final = Strategy(
    name="dca_overlay",
    version="1",
    timeframes=("1h",),
    needs=needs,
    parameters=checks(OverlayParameters),
    decide=decide,
    asks_equity=True,
    awake=awake,
)
