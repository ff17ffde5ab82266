"""The entries of `risk.protections`: what pauses buying after bad events, each with its bounds.

An entry is a mapping with its `kind`, or the kind alone as text: then all else is as here.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from kraken_pipeline.settings.fields import (
    Exact,
    Minutes,
    PctOfNav,
    Section,
    Timeframe,
    Unit,
)

Scope = Literal["pair", "all"]
"""Whether each pair is judged and paused by itself, or all of them together."""
Profit = Annotated[Exact, Field(ge=-100, le=100), Unit("% of cost")]
Count = Annotated[int, Field(ge=1, le=1000)]


class Cooldown(Section):
    """Nothing is opened on a pair for a while after a position on it was closed."""

    kind: Literal["cooldown"] = "cooldown"
    lock_minutes: Minutes = 60


class StopLossGuard(Section):
    """So many positions were stopped out within a time."""

    kind: Literal["stop_loss_guard"] = "stop_loss_guard"
    scope: Scope = "all"
    window_minutes: Minutes = 1440
    lock_minutes: Minutes = 240
    trades: Count = 4
    required_profit_pct: Profit = Decimal(0)
    """Stopped positions that brought at least so much do not count."""


class MaxDrawdown(Section):
    """What positions closed within a time lost from its peak, as a share of equity."""

    kind: Literal["max_drawdown"] = "max_drawdown"
    window_minutes: Minutes = 2880
    lock_minutes: Minutes = 720
    trades: Count = 3
    """So many must have been closed for it to be judged."""
    max_drawdown_pct: Annotated[PctOfNav, Field(gt=0)] = Decimal(5)


class LowProfitPair(Section):
    """The profits of a pair's positions within a time add up to too little."""

    kind: Literal["low_profit_pair"] = "low_profit_pair"
    window_minutes: Minutes = 10_080
    lock_minutes: Minutes = 1440
    trades: Count = 2
    required_profit_pct: Profit = Decimal(0)


class LossStreak(Section):
    """So many positions in a row were closed at a loss."""

    kind: Literal["loss_streak"] = "loss_streak"
    scope: Scope = "all"
    window_minutes: Minutes = 1440
    lock_minutes: Minutes = 240
    trades: Count = 5


class RejectStreak(Section):
    """So many orders in a row were refused, or canceled by the exchange without a fill."""

    kind: Literal["reject_streak"] = "reject_streak"
    scope: Scope = "pair"
    window_minutes: Minutes = 60
    lock_minutes: Minutes = 60
    orders: Count = 3


class SlippageGuard(Section):
    """Orders filled worse than at their decisions' prices, on average, than was modelled."""

    kind: Literal["slippage_guard"] = "slippage_guard"
    scope: Scope = "pair"
    window_minutes: Minutes = 1440
    lock_minutes: Minutes = 240
    orders: Count = 3
    modelled_bps: Annotated[Exact, Field(ge=0, le=1000), Unit("bps")] = Decimal(25)
    """Of the decision's price; for a protective stop, of its trigger."""


class VolatilitySpike(Section):
    """A pair's newest bar moved far more than is usual for it."""

    kind: Literal["volatility_spike"] = "volatility_spike"
    timeframe: Timeframe = "1h"
    bars: Annotated[int, Field(ge=2, le=1000)] = 20
    """Before the newest one, of which the usual move is taken."""
    max_times_usual: Annotated[Exact, Field(gt=0, le=1000), Unit("x the usual")] = Decimal(4)
    lock_minutes: Minutes = 240


AnyProtection = (
    Cooldown
    | StopLossGuard
    | MaxDrawdown
    | LowProfitPair
    | LossStreak
    | RejectStreak
    | SlippageGuard
    | VolatilitySpike
)
KINDS: Final[Mapping[str, type[Section]]] = MappingProxyType(
    {
        str(each.model_fields["kind"].default): each
        for each in (
            Cooldown,
            StopLossGuard,
            MaxDrawdown,
            LowProfitPair,
            LossStreak,
            RejectStreak,
            SlippageGuard,
            VolatilitySpike,
        )
    }
)


def _spelled_out(given: object) -> object:
    """Take a kind alone for an entry with all else by default."""
    return {"kind": given} if isinstance(given, str) else given


def _one_spike(given: tuple[AnyProtection, ...]) -> tuple[AnyProtection, ...]:
    if sum(isinstance(each, VolatilitySpike) for each in given) > 1:
        raise ValueError("has volatility_spike twice: keep one")
    if len(set(given)) < len(given):
        raise ValueError("lists the same protection twice: keep one")
    return given


def _tuple(given: object) -> object:
    return tuple(given) if isinstance(given, list) else given


Protections = Annotated[
    tuple[
        Annotated[AnyProtection, Field(discriminator="kind"), BeforeValidator(_spelled_out)], ...
    ],
    BeforeValidator(_tuple),
    AfterValidator(_one_spike),
]
