"""Protections and their locks, from the settings and the stores."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.money import PERCENT, ZERO
from kraken_pipeline.domain.protections import Protection
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.assess import known_snapshot
from kraken_pipeline.services.locks import Calm, LockDesk, judge
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.fields import Section
from kraken_pipeline.settings.protections import VolatilitySpike
from kraken_pipeline.store.lock_evidence import SqlLockEvidence
from kraken_pipeline.store.locks import SqlLockStore
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.universe import followed_bars

_THRESHOLDS: Final[Mapping[str, Decimal]] = MappingProxyType(
    {
        "required_profit_pct": PERCENT,
        "max_drawdown_pct": PERCENT,
        "modelled_bps": Decimal(1),
        "max_times_usual": Decimal(1),
    }
)
"""Keys of a bound, to what one of its units is as a protection counts it."""


def protections(settings: Settings) -> tuple[Protection, ...]:
    """Return what pauses buying, as it is configured."""
    return tuple(_protection(each) for each in settings.risk.protections)


def _protection(entry: Section) -> Protection:
    told = {name: getattr(entry, name) for name in type(entry).model_fields}
    lock = timedelta(minutes=told["lock_minutes"])
    bounds = (told[name] * unit for name, unit in _THRESHOLDS.items() if name in told)
    kind = LockKind(told["kind"])
    return Protection(
        kind=kind,
        by_pair=told.get("scope", "all" if kind is LockKind.MAX_DRAWDOWN else "pair") == "pair",
        # without a window only the event itself counts
        window=timedelta(minutes=told["window_minutes"]) if "window_minutes" in told else lock,
        lock=lock,
        count=told.get("trades", told.get("orders", 1)),
        threshold=next(bounds, ZERO),
    )


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


def calm_of(settings: Settings) -> Calm | None:
    """Return how a spike of volatility is told; None where none is asked for."""
    spikes = (each for each in settings.risk.protections if isinstance(each, VolatilitySpike))
    return next((Calm(frame=timeframe(each.timeframe), bars=each.bars) for each in spikes), None)


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
