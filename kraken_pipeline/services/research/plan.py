"""A search as it is planned and as it ends: what a strategy's promotion may lean on (STG-7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.services.research.folds import Fold, Gap, Span, purged, walk_forward
from kraken_pipeline.services.research.search import Fitted, Judged
from kraken_pipeline.services.research.space import Space, space


class Scheme(StrEnum):
    """How a stretch is divided."""

    WALK_FORWARD = "walk-forward"
    """Each test is fitted on what lies before it."""
    PURGED = "purged"
    """Each test is fitted on what lies before and after it."""


_DIVIDE: Final[Mapping[Scheme, Callable[[Span, int, Gap], tuple[Fold, ...]]]] = MappingProxyType(
    {Scheme.WALK_FORWARD: walk_forward, Scheme.PURGED: purged}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A search as a person asks for it."""

    strategy_id: str
    """As the configuration names it."""
    timeframe: str
    whole: Span
    choices: tuple[str, ...]
    """Such as `fast=5:20`."""
    scheme: Scheme
    folds: int
    trials: int
    """Of each fold."""
    purge_days: int
    embargo_days: int
    seed: int
    pairs: tuple[str, ...] = ()
    """Our names of those that it is tried on; none for the universe of then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A search that can be done fold by fold, in any order, by any process."""

    search_id: str
    """Derived from all that follows: to plan the same again is to go on with it."""
    wanted: Wanted
    folds: tuple[Fold, ...]
    strategy_version: str
    config_hash: str
    strategy_type: str = ""
    """Empty, as what follows, in a plan that is older than the keeping of it."""
    data_digest: str = ""
    """Of the bars of the whole stretch."""

    @property
    def space(self) -> Space:
        """What may be chosen."""
        return space(self.wanted.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A search with all that came of it."""

    plan: Plan
    parameters: str
    """Names those that were configured then: they were run on each test, too."""
    data_digest: str
    """Of the bars that were read."""
    fitted: tuple[Fitted, ...]
    judged: Judged
    caveats: tuple[str, ...] = ()
    """What was assumed of bars and pairs, in words."""


def planned(
    wanted: Wanted, *, strategy_type: str, strategy_version: str, config_hash: str, data_digest: str
) -> Plan:
    """Return the folds of a search.

    Args:
        wanted: as it is asked for.
        strategy_type: of what is tried, as are the version and the configuration.
        strategy_version: likewise.
        config_hash: likewise.
        data_digest: of the bars of the whole stretch.

    Raises:
        InvalidValueError: the choices or the folds make no search; the message says why.
    """
    space(wanted.choices)
    gap = Gap(purge=timedelta(days=wanted.purge_days), embargo=timedelta(days=wanted.embargo_days))
    folds = _DIVIDE[wanted.scheme](wanted.whole, wanted.folds, gap)
    named = (
        *(wanted.strategy_id, wanted.timeframe, wanted.whole.since, wanted.whole.until),
        *(wanted.choices, wanted.scheme, wanted.folds, wanted.trials, wanted.seed),
        *(wanted.purge_days, wanted.embargo_days),
        *(strategy_type, strategy_version, config_hash, data_digest),
        *sorted(wanted.pairs),
    )
    since = f"{wanted.whole.since:%Y%m%d}-{wanted.whole.until:%Y%m%d}"
    return Plan(
        search_id=f"{wanted.strategy_id}-{wanted.timeframe}-{since}-{digest(named)[:8]}",
        wanted=wanted,
        folds=folds,
        strategy_type=strategy_type,
        strategy_version=strategy_version,
        config_hash=config_hash,
        data_digest=data_digest,
    )


def fold_of(plan: Plan, number: int) -> Fold:
    """Return a fold by its number.

    Raises:
        UnknownNameError: there is none.
    """
    for each in plan.folds:
        if each.number == number:
            return each
    raise UnknownNameError(
        f"{plan.search_id} has no fold {number}; use one from 1 to {len(plan.folds)}"
    )
