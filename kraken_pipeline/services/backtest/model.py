"""What a backtest assumes of the exchange: how late, how dear and how much (BT-2)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.money import BPS, ZERO

VOLUME_WINDOW: Final = timedelta(days=30)
"""Source: kraken.com/features/fee-schedule."""
MOST_BPS: Final = Decimal(1000)
"""A spread or slippage beyond a tenth of the price is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillModel:
    """How orders trade in bars. What is recorded nowhere is stated here, and kept with the run."""

    decides_after: timedelta = timedelta(seconds=1)
    """From a bar's close until it is decided: the bar has to arrive first."""
    latency: timedelta = timedelta(milliseconds=200)
    """From sending until the exchange has it."""
    spread_bps: Decimal = Decimal(10)
    """Between bid and ask, in basis points of the price: assumed, as bars have no book."""
    slippage_bps: Decimal = Decimal(2)
    """How much worse than the best price of the other side a taker trades on average."""
    volume_share: Decimal = Decimal("0.1")
    """Of what traded in a bar, as much is ours at most."""

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InvalidValueError: a figure is out of its bounds; the message names it.
        """
        for name in ("decides_after", "latency"):
            if getattr(self, name) < timedelta(0):
                raise InvalidValueError(f"{name} is {getattr(self, name)}: use no time before zero")
        for name in ("spread_bps", "slippage_bps"):
            if not 0 <= getattr(self, name) <= MOST_BPS:
                raise InvalidValueError(
                    f"{name} is {getattr(self, name)}: use basis points from 0 to {MOST_BPS}"
                )
        if not 0 < self.volume_share <= 1:
            raise InvalidValueError(
                f"volume_share is {self.volume_share}: use a share above 0, at most 1"
            )

    @property
    def half_spread(self) -> Decimal:
        """How far bid and ask are from the price, as a share of it."""
        return self.spread_bps * BPS / 2

    @property
    def slippage(self) -> Decimal:
        """As a share of the price."""
        return self.slippage_bps * BPS


ASSUMED: Final = "assumed"
"""Where fees come from that nobody told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTier:
    """What fills cost whoever traded so much."""

    volume: Decimal
    """Of 30 days, in base currency, from which on it holds."""
    rates: FeeRates


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeStep:
    """What fills cost from an instant on."""

    since: datetime
    rates: FeeRates
    """Of whoever traded nothing yet."""
    source: str = ASSUMED
    tiers: Sequence[FeeTier] = ()
    """Of larger volumes, the smallest first; none where every volume costs the same."""

    def of(self, volume: Decimal) -> FeeRates:
        """Return what whoever traded so much in 30 days pays."""
        reached = [each.rates for each in self.tiers if each.volume <= volume]
        return reached[-1] if reached else self.rates


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSchedule:
    """What fills cost over the years. Rates that are only assumed say so."""

    steps: Sequence[FeeStep]
    """Oldest first; what was before the first is taken to be as the first."""

    def __post_init__(self) -> None:
        """Refuse a schedule that says nothing, or not in order.

        Raises:
            InvalidValueError: there is no step, or one is older than the one before it.
        """
        since = [each.since for each in self.steps]
        if not since or since != sorted(since):
            raise InvalidValueError("a fee schedule needs steps, the oldest first")

    @property
    def has_tiers(self) -> bool:
        """Whether it matters how much was traded."""
        return any(each.tiers for each in self.steps)

    @property
    def source(self) -> str:
        """Where they come from, each once, the oldest first."""
        return "; ".join(dict.fromkeys(each.source for each in self.steps))

    def at(self, moment: datetime, volume: Decimal = ZERO) -> FeeRates:
        """Return the rates in force.

        Args:
            moment: when.
            volume: what was traded in the 30 days before, in base currency.
        """
        known = [each for each in self.steps if each.since <= moment]
        return (known[-1] if known else self.steps[0]).of(volume)

    def within(self, since: datetime, until: datetime) -> "FeeSchedule":
        """Return what of it is in force at any time of a stretch."""
        ends = [each.since for each in self.steps[1:]]
        kept = [
            step
            for number, step in enumerate(self.steps)
            if (number == 0 or step.since <= until)
            and (number == len(ends) or ends[number] > since)
        ]
        return FeeSchedule(steps=kept)


class Traded:
    """What was traded in the last 30 days."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._costs: deque[tuple[datetime, Decimal]] = deque()
        self._sum = ZERO

    def add(self, moment: datetime, cost: Decimal) -> None:
        """Count a fill, in base currency."""
        self._costs.append((moment, cost))
        self._sum += cost

    def at(self, moment: datetime) -> Decimal:
        """Return what the 30 days before an instant come to; instants must not go back."""
        while self._costs and self._costs[0][0] <= moment - VOLUME_WINDOW:
            self._sum -= self._costs.popleft()[1]
        return self._sum


def fee_of(cost: Decimal, rates: FeeRates, *, is_maker: bool, decimals: int | None) -> Decimal:
    """Return the fee on a cost, in quote, on the step that the exchange counts in.

    Args:
        cost: in quote.
        rates: in force.
        is_maker: whether the order had rested in the book.
        decimals: of fees in quote; None where the exchange did not say: not rounded then.
    """
    percent = rates.maker_pct if is_maker else rates.taker_pct
    fee = cost * percent / 100
    return fee if decimals is None else round(fee + ZERO, decimals)
