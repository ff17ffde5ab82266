"""What a strategy may say, and what is kept of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain.ids import DecisionId, IntentId
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.order_terms import OrderTerms
from kraken_pipeline.domain.values import quickly_made


class Namespace(StrEnum):
    """Who a decision is for. Only `trade` can lead to an order at an exchange."""

    TRADE = "trade"
    REHEARSAL = "rehearsal"
    """`run-once`: every step, but the order is only checked by the exchange."""
    RESEARCH = "research"
    """Past bars, decided for study; no table of intents."""


class Outcome(StrEnum):
    """What came of looking at a bar."""

    SIGNAL = "signal"
    NO_SIGNAL = "no_signal"
    SKIPPED = "skipped"
    """Nothing was decided, and the reason says why: data missing or too old, tick late."""


class Action(StrEnum):
    """What is to become of a strategy's position in a pair. Never renamed: it stands in books."""

    ENTER = "enter"
    """Hold the pair."""
    INCREASE = "increase"
    """Hold more of it."""
    REDUCE = "reduce"
    """Hold less of it."""
    EXIT = "exit"
    """Hold nothing of it."""

    @property
    def opens(self) -> bool:
        """Whether it buys. Spot without shorts: the others sell what is held."""
        return self in _BUYS


_BUYS: Final = (Action.ENTER, Action.INCREASE)


class Unit(StrEnum):
    """What a target is measured in. Never renamed: it stands in books."""

    NOTIONAL = "notional"
    """Base currency."""
    QTY = "qty"
    """Base units."""
    WEIGHT = "weight"
    """Share of equity, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How much of a pair a strategy wants to hold in all when the action is done.

    It is the position afterwards and no amount to trade, so that asking twice is the same as
    asking once: what is held or on order already counts towards it.
    """

    unit: Unit
    amount: Decimal
    """Above zero."""

    def __str__(self) -> str:
        """Write it as people read it."""
        return f"{self.unit} {plain(self.amount)}"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a strategy wants of one pair (STG-4).

    What buys says how much it is worth wanting (`confidence`) and where it is proven wrong
    (`stop_distance`); without a target the size is for risk to find. An exit closes what the
    strategy holds there, a reduction all but its target.
    """

    intent_id: IntentId
    decision_id: DecisionId
    strategy_id: str
    timeframe: str
    pair: str
    action: Action
    confidence: Decimal
    """0 to 1."""
    stop_distance: Decimal
    """How far the price may go against it, as a share of the price; above zero for a buy."""
    decided_at: datetime
    closed_at: datetime
    """Close of the bar that it was decided on."""
    expires_at: datetime
    """After this it must not open anything any more."""
    decision_price: Decimal
    """Close of that bar, in quote per base: slippage is measured from here."""
    reason: str
    userref: int | None
    """The strategy's own mark, kept in our books only."""
    terms: OrderTerms | None = None
    """How it is to be ordered; None as configured."""
    target: Target | None = None
    """How much is to be held then; None for all that risk allows, and for nothing on an exit."""

    @property
    def side(self) -> Side:
        """The side that the action trades on."""
        return Side.BUY if self.action.opens else Side.SELL

    @property
    def wanted(self) -> str:
        """What is to become of the position, as people read it."""
        return self.action if self.target is None else f"{self.action} to {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a strategy's book holds of a pair."""

    qty: Decimal
    """Base units, above zero."""
    cost: Decimal
    """What it cost, in base currency."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a decision was made on, so that it can be made again (AUD-2).

    Bars are named by their hash; pairs stand in the version of the universe.
    """

    strategy: str
    """Its type."""
    panels: Mapping[str, str]
    """Timeframe to the SHA-256 of the bars that were shown."""
    held: frozenset[str]
    """Pairs that the strategy's book held."""
    parameters: Mapping[str, str]
    """Name to value, as JSON, so that a number stays the number that it was."""
    state: Mapping[str, str]
    """What the strategy had saved before."""
    userref: int | None
    view: str = "stored"
    """How the strategy saw bars in which nothing traded; before that was kept, as stored."""
    filled: Mapping[str, Mapping[str, Sequence[Sequence[int]]]] = field(default_factory=dict)
    """Timeframe to pair to the stretches (Unix seconds) of such bars, where it saw them filled."""
    holdings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Pair to qty and cost of what was held; before that was kept, nothing."""
    equity: str | None = None
    """The account's, in base currency; None where none was known, or before that was kept."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one strategy said on one bar of one timeframe, for all pairs at once (INV-8)."""

    decision_id: DecisionId
    namespace: Namespace
    strategy_id: str
    strategy_version: str
    timeframe: str
    closed_at: datetime
    decided_at: datetime
    outcome: Outcome
    reason: str
    universe_version: str
    config_hash: str
    inputs_hash: str
    """Of everything that was looked at: bars, holdings, parameters."""
    run_id: str
    """The Dagster run, or the command, that decided."""
    intents: tuple[Intent, ...]
    no_signals: Mapping[str, str]
    """Pair to why nothing is wanted of it (STG-5)."""
    seen: Seen | None = None
    """None where nothing was looked at."""
