"""What was decided, and the transaction in which it is answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.activity import Lately
from kraken_pipeline.domain.halts import Halt
from kraken_pipeline.domain.intents import Decision, Intent, Namespace
from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.plans import Plan
from kraken_pipeline.domain.timeframes import Timeframe


class Deciding(Protocol):
    """What was decided, and what the strategies keep."""

    def is_decided(
        self, namespace: Namespace, strategy_id: str, frame: Timeframe, closed_at: datetime
    ) -> bool:
        """Tell whether the bar was decided."""
        ...

    def record(self, decision: Decision, state: Mapping[str, str]) -> bool:
        """Keep decision, intents and state in one transaction; False if the bar was decided."""
        ...

    def state(
        self, namespace: Namespace, strategy_id: str, timeframe: str, *, version: str
    ) -> Mapping[str, str]:
        """Return what a version of the strategy saved with its last decision; empty at first."""
        ...


class DecisionStore(Deciding, Protocol):
    """Decisions with all they saw, and the strategies' own state."""

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered, oldest decision first."""
        ...


class Assessment(Protocol):
    """One open transaction in which intents are answered; nobody else writes meanwhile."""

    def pending(self, namespace: Namespace) -> tuple[Intent, ...]:
        """Return the intents that no plan has answered."""
        ...

    def reserving_orders(self) -> tuple[Order, ...]:
        """Return every order that may still fill."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Return what every book holds."""
        ...

    def stop_distances(self) -> Mapping[tuple[str, str], Decimal]:
        """Return the stop distance of the newest buy that filled, by book and pair that is held."""
        ...

    def halts(self) -> tuple[Halt, ...]:
        """Return the latched halts."""
        ...

    def cooldowns(self) -> Mapping[str, datetime]:
        """Return until when nothing opens on each pair that was refused for want of funds."""
        ...

    def lately(self, namespace: Namespace, now: datetime) -> Lately:
        """Return what was ordered in the last minute, and ordered and traded in the UTC day."""
        ...

    def locks(self, now: datetime) -> tuple[Lock, ...]:
        """Return the locks of protections that are in force."""
        ...

    def keep(self, plan: Plan, orders: Sequence[Order]) -> None:
        """Write verdicts and reservations; the transaction ends with the context."""
        ...
