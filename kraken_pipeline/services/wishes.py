"""From a strategy's wishes to exact intents; what makes no sense is refused here (STG-4)."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import StrategyFaultError
from kraken_pipeline.domain.ids import DecisionId, intent_id
from kraken_pipeline.domain.intents import Action, Intent, Target, Unit
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.quarantines import BAD
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.base import Aim, Wish, Wishes

SMALLEST_STOP: Final = 1e-6
"""Share of the price; a nearer stop is a slip of the strategy, not a stop."""
LARGEST_AIM: Final = 10**15
"""In whatever unit; more is a slip of the strategy."""
SMALLEST_AIM: Final = Decimal("1e-10")
"""To this a float's aim is written down."""
LONGEST_HORIZON: Final = timedelta(days=31)
MOST: Final = 500
"""Wishes of one decision; more are a slip, and none of them counts."""
NO_BAR: Final = "DATA_STALE_EVENT"
"""What is said of a wish for a pair without a bar begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What all intents of one decision have in common."""

    decision_id: DecisionId
    strategy_id: str
    frame: Timeframe
    closed_at: datetime
    """Close of the bar that is decided."""
    decided_at: datetime
    userref: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What is known of the pairs at the close."""

    closes: Mapping[str, Decimal]
    """Each managed pair whose bar closed now, to that bar's close in quote per base."""
    managed: frozenset[str]
    """Every pair that the strategy was shown."""
    unknown: Mapping[str, str]
    """Pairs whose history is not certified, to why."""


def intents_of(
    wishes: Wishes, occasion: Occasion, market: Market
) -> tuple[tuple[Intent, ...], dict[str, str]]:
    """Return the intents, and why the other pairs have none.

    Where history is not certified nothing is entered; what is held may be left (HIS-3).

    Args:
        wishes: what the strategy said.
        occasion: the decision.
        market: what is known of the pairs.

    Raises:
        StrategyFaultError: there are more wishes than one decision may have.
    """
    if len(wishes.wishes) > MOST:
        raise StrategyFaultError(f"{len(wishes.wishes)} wishes at once, at most {MOST} may be")
    times = Counter(each.pair for each in wishes.wishes)
    leaving = {each.pair for each in wishes.wishes if not each.action.opens}
    refused = {pair: why for pair, why in market.unknown.items() if pair not in leaving}
    intents = []
    for wish in wishes.wishes:
        fault = _fault(wish, market.managed)
        if times[wish.pair] > 1:
            fault = f"{wish.pair} is wished for {times[wish.pair]} times at once"
        if fault:
            refused[wish.pair] = f"{BAD}: {fault}"
        elif wish.pair not in market.closes:
            # a bar that did not come is no fault of who wishes
            refused[wish.pair] = f"{NO_BAR}: {wish.pair} has no bar that closed now"
        elif wish.pair not in refused:
            intents.append(_intent(wish, occasion, market.closes[wish.pair]))
    return tuple(intents), refused


def horizon(frame: Timeframe) -> timedelta:
    """Return how long after the close a wish lives: until the next bar can be decided."""
    return frame.length + frame.max_lateness


def target_of(aim: Aim) -> Target:
    """Return an aim as an exact amount; a float is written down to ten decimals.

    Raises:
        ArithmeticError: the amount is not finite, which the boundary refuses before.
    """
    amount = aim.amount
    exact = amount if isinstance(amount, Decimal) else Decimal(f"{amount:.10f}")
    return Target(unit=Unit(aim.unit), amount=exact)


def _intent(wish: Wish, occasion: Occasion, close: Decimal) -> Intent:
    opens = wish.action.opens
    side = Side.BUY if opens else Side.SELL
    lives = horizon(occasion.frame) if wish.horizon is None else wish.horizon
    return Intent(
        intent_id=intent_id(occasion.decision_id, pair=wish.pair, side=side),
        decision_id=occasion.decision_id,
        strategy_id=occasion.strategy_id,
        timeframe=occasion.frame.name,
        pair=wish.pair,
        action=wish.action,
        confidence=Decimal(f"{wish.confidence:.4f}"),
        stop_distance=Decimal(f"{wish.stop_distance:.6f}") if opens else ZERO,
        decided_at=occasion.decided_at,
        closed_at=occasion.closed_at,
        expires_at=occasion.closed_at + lives,
        decision_price=close,
        reason=wish.reason,
        userref=occasion.userref,
        terms=wish.terms,
        target=None if wish.aim is None else target_of(wish.aim),
    )


def _fault(wish: Wish, managed: frozenset[str]) -> str:
    """Say what is wrong with a wish, or nothing."""
    if wish.pair not in managed:
        return f"{wish.pair} is none of the pairs that it was shown"
    return next((said for each in _QUESTIONS if (said := each(wish))), "")


def _confidence_fits(wish: Wish) -> str:
    if 0 <= wish.confidence <= 1:
        return ""
    return f"confidence={wish.confidence} is not within 0..1"


def _stop_fits(wish: Wish) -> str:
    stop = wish.stop_distance
    if not wish.action.opens or (math.isfinite(stop) and SMALLEST_STOP <= stop < 1):
        return ""
    return f"stop_distance={stop} is not above 0 and below 1"


def _aim_goes_with_action(wish: Wish) -> str:
    if wish.action is Action.EXIT and wish.aim is not None:
        return "an exit leaves nothing: leave the aim out, or reduce"
    if wish.action is Action.REDUCE and wish.aim is None:
        return "a reduction needs an aim: what is to be held then"
    return ""


def _aim_fits(wish: Wish) -> str:
    if wish.aim is None:
        return ""
    unit, amount = wish.aim.unit, wish.aim.amount
    most = 1 if unit is Unit.WEIGHT else LARGEST_AIM
    if math.isfinite(amount) and 0 < amount <= most and target_of(wish.aim).amount >= SMALLEST_AIM:
        return ""
    return f"aim of {amount} {unit} is not above 0 and at most {most}"


def _horizon_fits(wish: Wish) -> str:
    if wish.horizon is None or timedelta() < wish.horizon <= LONGEST_HORIZON:
        return ""
    return f"horizon={wish.horizon} is not above 0 and at most {LONGEST_HORIZON.days} days"


def _terms_fit(wish: Wish) -> str:
    if wish.terms is None or not wish.terms.flattens:
        return ""
    return "terms.flattens is true, which only a person may say: leave it out"


_QUESTIONS: Final[tuple[Callable[[Wish], str], ...]] = (
    _confidence_fits,
    _stop_fits,
    _aim_goes_with_action,
    _aim_fits,
    _horizon_fits,
    _terms_fit,
)
