"""What daily bars tell of a pair: how much of it usually trades, and what it moves with."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a pair usually trades."""

    notional: Decimal | None
    """The median of what trades in a day, in quote; None where too few days are stored."""
    leader: str | None
    """The pair that names those which move as one with it; None where that is not known."""


def moves_apart(pair: str, other: str, habits: Mapping[str, Habit]) -> bool:
    """Tell whether two pairs are known not to move as one. What is not known may well do."""
    leaders = [habits[each].leader if each in habits else None for each in (pair, other)]
    return None not in leaders and leaders[0] != leaders[1]
