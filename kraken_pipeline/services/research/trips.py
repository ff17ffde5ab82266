"""What round trips tell of a strategy: how often it won, by how much, and how long it waited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.services.backtest import RoundTrip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What many of them come to. In base currency, or as shares; None where none can be."""

    trades: int
    won: int
    """That earned something after fees."""
    win_rate: Decimal | None
    profit: Decimal
    fees: Decimal
    profit_factor: Decimal | None
    """What was won for each unit that was lost; None where nothing was lost."""
    mean: Decimal | None
    """The mean gain of a trade, as a share of its cost."""
    best: Decimal | None
    """As a share of its cost."""
    worst: Decimal | None
    mean_won: Decimal | None
    """The mean profit of those that won, in base currency."""
    mean_lost: Decimal | None
    """The mean profit of the others, below zero or zero."""
    losses_in_a_row: int
    """The most."""
    mean_held: timedelta | None


def gained(trip: RoundTrip) -> Decimal:
    """Return what a round trip earned, as a share of its cost; zero where there was none."""
    return trip.profit / trip.cost if trip.cost else ZERO


def tally(trips: Sequence[RoundTrip]) -> Tally:
    """Return what round trips come to, in the order in which they ended."""
    ordered = sorted(trips, key=lambda each: (each.closed_at, each.pair, each.book))
    won = [each.profit for each in ordered if each.profit > 0]
    lost = [each.profit for each in ordered if each.profit <= 0]
    shares = [gained(each) for each in ordered]
    return Tally(
        trades=len(ordered),
        won=len(won),
        win_rate=Decimal(len(won)) / len(ordered) if ordered else None,
        profit=sum(won, ZERO) + sum(lost, ZERO),
        fees=sum((each.fees for each in ordered), ZERO),
        profit_factor=_factor(won, lost),
        mean=_mean(shares),
        best=max(shares, default=None),
        worst=min(shares, default=None),
        mean_won=_mean(won),
        mean_lost=_mean(lost),
        losses_in_a_row=_longest_loss(ordered),
        mean_held=_mean_held(ordered),
    )


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, ZERO) / len(values) if values else None


def _factor(won: Sequence[Decimal], lost: Sequence[Decimal]) -> Decimal | None:
    all_lost = -sum(lost, ZERO)
    return sum(won, ZERO) / all_lost if all_lost else None


def _longest_loss(trips: Sequence[RoundTrip]) -> int:
    longest = now = 0
    for each in trips:
        now = 0 if each.profit > 0 else now + 1
        longest = max(longest, now)
    return longest


def _mean_held(trips: Sequence[RoundTrip]) -> timedelta | None:
    if not trips:
        return None
    held = sum((each.closed_at - each.opened_at for each in trips), timedelta(0))
    return held / len(trips)
