"""What the account did lately, and how each strategy does: what daily budgets are held against."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.money import ZERO

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """What the books tell of the last minute and of the UTC day."""

    orders_of_minute: int
    """Orders that were made in the last 60 s, whatever became of them."""
    orders_of_day: int
    """Since the UTC day began."""
    traded: Decimal
    """The cost of the day's booked fills, bought and sold, in base currency."""
    fees: Decimal
    """Of those fills, in base currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What was done lately and what open orders may still do, at its worst (RSK-2)."""

    orders_of_minute: int
    orders_of_day: int
    turnover: Decimal
    """What the day traded and all open orders would, in base currency."""
    fees: Decimal
    """What that costs, in base currency."""
    loss: Decimal
    """Of the account since the UTC day began, in base currency; below zero where it gained."""
    strategy_loss: Decimal
    """The same of the strategy at hand, its open positions at the prices of now."""


def day_of(now: datetime) -> datetime:
    """Return when the UTC day of an instant began."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def results(
    positions: Iterable[Position], worth: Callable[[Position], Decimal]
) -> dict[str, Decimal]:
    """Return what each strategy gained since its books began, in base currency, after fees.

    Args:
        positions: of every book, flat ones too.
        worth: what a held position is worth, in base currency.
    """
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for each in positions:
        held = worth(each) - each.cost if each.qty else ZERO
        found[each.book.partition("@")[0]] += each.realised + held
    return dict(found)
