"""What no answer of a strategy may be: what is asked of each wish, and of all of them (STG-4)."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.intents import Action, Target, Unit
from kraken_pipeline.strategies.base import Aim, Wish, Wishes

SMALLEST_STOP: Final = 1e-6
"""Share of the price, and the step to which it is written down; a nearer stop is a slip of the
strategy, not a stop, and so is one that is as near to a price of zero."""
LARGEST_AIM: Final = 10**15
"""In whatever unit; more is a slip of the strategy."""
SMALLEST_AIM: Final = Decimal("1e-10")
"""To this a float's aim is written down."""
LONGEST_HORIZON: Final = timedelta(days=31)
MOST: Final = 500
"""Wishes of one decision; more are a slip, and none of them counts."""
LARGEST_STATE: Final = 1_000_000
"""Characters that a strategy may have saved; it is written with every decision."""


def slip_in_all(said: object) -> str:
    """Say why an answer is none, or nothing: of another kind, too many wishes, or a wrong state."""
    if not isinstance(said, Wishes):
        return f"it answers with {type(said).__name__}, not with Wishes"
    strangers = [each for each in said.wishes if not isinstance(each, Wish)]
    if strangers:
        return f"among its wishes is a {type(strangers[0]).__name__}, which is no Wish"
    if len(said.wishes) > MOST:
        return f"{len(said.wishes)} wishes at once, at most {MOST} may be"
    return _slip_in_state(said.state)


def _slip_in_state(state: object) -> str:
    if not isinstance(state, Mapping):
        return f"its state is {type(state).__name__}, not a mapping of text to text"
    wrong = [each for row in state.items() for each in row if not isinstance(each, str)]
    if wrong:
        return f"its state has a {type(wrong[0]).__name__}: write text, as it is saved as text"
    size = sum(len(name) + len(each) for name, each in state.items())
    if size > LARGEST_STATE:
        return f"its state has {size} characters, at most {LARGEST_STATE} may be"
    return ""


def slip_of(wish: Wish, managed: frozenset[str]) -> str:
    """Say what is wrong with a wish, or nothing.

    Args:
        wish: what the strategy wants.
        managed: every pair that it was shown.
    """
    if wish.pair not in managed:
        return f"{wish.pair} is none of the pairs that it was shown"
    return next((said for each in _QUESTIONS if (said := each(wish))), "")


def target_of(aim: Aim) -> Target:
    """Return an aim as an exact amount; a float is written down to ten decimals.

    Raises:
        ArithmeticError: the amount is not finite, which the boundary refuses before.
    """
    amount = aim.amount
    exact = amount if isinstance(amount, Decimal) else Decimal(f"{amount:.10f}")
    return Target(unit=Unit(aim.unit), amount=exact)


def _confidence_fits(wish: Wish) -> str:
    if 0 <= wish.confidence <= 1:
        return ""
    return f"confidence={wish.confidence} is not within 0..1"


def _stop_fits(wish: Wish) -> str:
    stop = wish.stop_distance
    if not wish.action.opens or (
        math.isfinite(stop) and SMALLEST_STOP <= stop <= 1 - SMALLEST_STOP
    ):
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
    if wish.terms is None:
        return ""
    if wish.terms.flattens:
        return "terms.flattens is true, which only a person may say: leave it out"
    if wish.terms.close is not None and not wish.action.opens:
        return "terms.close goes with what opens: of a sale it would buy, and no cap was asked"
    return ""


_QUESTIONS: Final[tuple[Callable[[Wish], str], ...]] = (
    _confidence_fits,
    _stop_fits,
    _aim_goes_with_action,
    _aim_fits,
    _horizon_fits,
    _terms_fit,
)
