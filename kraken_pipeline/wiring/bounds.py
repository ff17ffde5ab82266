"""The bounds of a configuration, and those that a person agreed to for live."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.lifecycle import SPENDING, Stage
from kraken_pipeline.domain.loosening import WAYS, Bounds, Value
from kraken_pipeline.services.risk import acknowledge
from kraken_pipeline.services.risk.acknowledge import BoundsDesk
from kraken_pipeline.settings import Settings
from kraken_pipeline.store.bounds import SqlBoundsStore
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.configured import stage_of
from kraken_pipeline.wiring.modes import destination
from kraken_pipeline.wiring.parts import Parts

_NAMED: Final[Mapping[str, Callable[[Settings, str], bool]]] = MappingProxyType(
    {
        "strategies.enabled": lambda settings, strategy_id: True,
        "strategies.stage.canary": lambda settings, each: stage_of(settings, each) in SPENDING,
        "strategies.stage.live": lambda settings, each: stage_of(settings, each) is Stage.LIVE,
    }
)
"""Bounds that are the names of running strategies, by key: whom each names."""


def bounds_of(settings: Settings) -> Bounds:
    """Return every setting that bounds what may be lost, by its key."""
    return dict(_bounds(settings))


def bounds_desk(parts: Parts) -> BoundsDesk:
    """What comparing bounds needs."""
    return BoundsDesk(
        store=SqlBoundsStore(parts.stores.database),
        bounds=bounds_of(parts.loaded.settings),
        config_hash=parts.loaded.hash,
        is_live=lambda: not parts.edge.rehearses and destination(parts.loaded).is_kraken,
        clock=system_now,
    )


def unacknowledged(parts: Parts) -> tuple[str, ...]:
    """Return what is looser than a person agreed to; nothing on paper."""
    return acknowledge.unacknowledged(bounds_desk(parts))


def _bounds(settings: Settings) -> Iterator[tuple[str, Value]]:
    running = settings.strategies.running()
    for key in WAYS:
        if key in _NAMED:
            yield key, tuple(sorted(each for each in running if _NAMED[key](settings, each)))
        elif key == "risk.max_per_strategy_pct":
            yield from ((f"{key}.{each}", settings.strategy_cap_pct(each)) for each in running)
        else:
            value = attrgetter(key)(settings)
            entries = value.items() if isinstance(value, Mapping) else ()
            yield from ((f"{key}.{name}", of) for name, of in entries)
            if not isinstance(value, Mapping):
                yield key, _value(value)


def _value(value: object) -> Value:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, tuple):
        return tuple(sorted(str(each) for each in value))
    return Decimal(str(value))
