"""Faults of strategies, counted; who has too many in a row is not asked any more (STG-6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.intents import Decision, Namespace
from kraken_pipeline.domain.quarantines import Quarantine, due, fault_of


class QuarantineStore(Protocol):
    """Who is in quarantine, and what went wrong lately."""

    def in_force(self) -> Mapping[str, Quarantine]:
        """Return who is not asked now, by strategy id."""
        ...

    def faults(self, strategy_id: str, *, most: int) -> tuple[str, ...]:
        """Return what went wrong at the newest decisions since the last release, newest first.

        A close that was skipped for want of data is none of them: the strategy was not asked.
        """
        ...

    def begin(self, quarantine: Quarantine, *, by: str) -> None:
        """Keep a quarantine, once."""
        ...

    def release(self, quarantine: Quarantine, *, at: datetime, by: str, reason: str) -> None:
        """Keep that a person ended it.

        Raises:
            InvalidValueError: no reason was given.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """What quarantine needs."""

    store: QuarantineStore
    most: int
    """Faults in a row that are too many."""

    def in_force(self, namespace: Namespace) -> Mapping[str, Quarantine]:
        """Return who is not to be asked; for study everybody is."""
        return {} if namespace is Namespace.RESEARCH else self.store.in_force()

    def count(self, decision: Decision) -> Quarantine | None:
        """Begin a quarantine where a decision that was kept is one fault too many."""
        if decision.namespace is not Namespace.TRADE or not fault_of(decision):
            return None
        faults = self.store.faults(decision.strategy_id, most=self.most)
        found = due(decision.strategy_id, faults, most=self.most, at=decision.decided_at)
        if found is not None:
            self.store.begin(found, by=decision.run_id)
        return found


class NoWard:
    """Nobody is counted and nobody kept out: what is asked leads to no order."""

    def in_force(self, namespace: Namespace) -> Mapping[str, Quarantine]:
        """Return nobody."""
        return {}

    def count(self, decision: Decision) -> Quarantine | None:
        """Begin nothing."""
        return None


def release(
    store: QuarantineStore, strategy_id: str, *, at: datetime, by: str, reason: str
) -> Quarantine:
    """Let a strategy decide again, and return what it was kept out for.

    Raises:
        UnknownNameError: it is not in quarantine; the message names who is.
        InvalidValueError: no reason was given.
    """
    known = store.in_force()
    if strategy_id not in known:
        names = ", ".join(known) or "nobody is"
        raise UnknownNameError(f"{strategy_id} is not in quarantine ({names})")
    store.release(known[strategy_id], at=at, by=by, reason=reason)
    return known[strategy_id]
