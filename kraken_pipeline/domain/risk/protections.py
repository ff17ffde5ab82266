"""Questions about what happened of late: a lock in force lets nothing open (RSK-7).

A cooldown is asked with the pause after a refusal for want of funds, in `state`.
"""

from typing import Final

from kraken_pipeline.domain.gates import Objection, Question
from kraken_pipeline.domain.locks import CODES, LockKind
from kraken_pipeline.domain.risk.case import Case


def stops_are_not_hit_often(case: Case) -> Objection | None:
    """Not too many positions were stopped out of late."""
    return _unlocked(LockKind.STOP_LOSS_GUARD, case)


def drawdown_is_small(case: Case) -> Objection | None:
    """The positions that were closed of late did not lose too much."""
    return _unlocked(LockKind.MAX_DRAWDOWN, case)


def pair_is_profitable(case: Case) -> Objection | None:
    """The positions that were closed on the pair of late brought enough."""
    return _unlocked(LockKind.LOW_PROFIT_PAIR, case)


def losses_are_no_streak(case: Case) -> Objection | None:
    """Not too many positions in a row were closed at a loss."""
    return _unlocked(LockKind.LOSS_STREAK, case)


def rejects_are_no_streak(case: Case) -> Objection | None:
    """The exchange did not reject too many orders in a row."""
    return _unlocked(LockKind.REJECT_STREAK, case)


def slippage_is_as_modelled(case: Case) -> Objection | None:
    """Orders did not fill too far from the prices of their decisions of late."""
    return _unlocked(LockKind.SLIPPAGE_GUARD, case)


def price_is_calm(case: Case) -> Objection | None:
    """The price does not move far more than is usual for it."""
    return _unlocked(LockKind.VOLATILITY_SPIKE, case)


PROTECTION_RULES: Final[tuple[Question[Case], ...]] = (
    stops_are_not_hit_often,
    drawdown_is_small,
    pair_is_profitable,
    losses_are_no_streak,
    rejects_are_no_streak,
    slippage_is_as_modelled,
    price_is_calm,
)


def _unlocked(kind: LockKind, case: Case) -> Objection | None:
    if not case.locks or not case.opens:
        return None
    found = [each for each in case.locks if each.kind is kind]
    if not found:
        return None
    last = max(found, key=lambda each: (each.until, each.lock_id))
    figures = f"lock={last.lock_id}, until={last.until:%F %H:%M}, {last.reason}"
    return Objection(CODES[kind], figures)
