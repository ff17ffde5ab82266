"""From a strategy's wishes to exact intents; what makes no sense is refused here (STG-4)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import StrategyFaultError
from kraken_pipeline.domain.ids import DecisionId, intent_id
from kraken_pipeline.domain.intents import Intent
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.quarantines import BAD
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.base import Wish, Wishes
from kraken_pipeline.strategies.slips import slip_in_all, slip_of, target_of

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
    """Each pair whose bar closed now, to that bar's close in quote per base."""
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
        StrategyFaultError: the answer as a whole is none: too many wishes, or too large a state.
    """
    if slip := slip_in_all(wishes):
        raise StrategyFaultError(slip)
    times = Counter(each.pair for each in wishes.wishes)
    leaving = {each.pair for each in wishes.wishes if not each.action.opens}
    refused = {pair: why for pair, why in market.unknown.items() if pair not in leaving}
    intents = []
    for wish in wishes.wishes:
        fault = slip_of(wish, market.managed)
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
