"""Protections and their locks, from the settings and the stores."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.locks import Lock
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.services.risk.assess import known_snapshot
from kraken_pipeline.services.risk.locks import LockDesk, judge
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.store.locks import SqlLockStore
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import calm_of, protections
from kraken_pipeline.wiring.universe import followed_bars


def judge_protections(
    parts: Parts, wanted: Callable[[], Collection[str]] = tuple
) -> tuple[Lock, ...]:
    """Keep what protections lock now, and return what is new.

    Args:
        parts: of the pipeline.
        wanted: gives the pairs that may be bought next: of them it is asked whether they are calm.
    """
    told = protections(parts.loaded.settings)
    return judge(_desk(parts, told), wanted()) if told else ()


def _desk(parts: Parts, told: tuple[Protection, ...]) -> LockDesk:
    return LockDesk(
        protections=told,
        calm=calm_of(parts.loaded.settings),
        locks=SqlLockStore(parts.stores.database),
        evidence=SqlLockEvidence(parts.stores.database),
        bars=lambda: followed_bars(parts),
        equity=lambda: _equity(parts),
        clock=parts.edge.clock,
    )


def _equity(parts: Parts) -> Decimal:
    snapshot = known_snapshot(parts.stores.books)
    return ZERO if snapshot is None else snapshot.equity


def locks_in_force(parts: Parts, now: datetime) -> tuple[Lock, ...]:
    """Return what keeps pairs from being opened at an instant."""
    return SqlLockStore(parts.stores.database).in_force(now)


def clear_locks(parts: Parts, some: Sequence[Lock], *, reason: str, at: datetime, by: str) -> int:
    """Clear locks, and return how many of them were not cleared before.

    Raises:
        InvalidValueError: no reason was given.
    """
    return SqlLockStore(parts.stores.database).clear(some, reason=reason, at=at, by=by)
