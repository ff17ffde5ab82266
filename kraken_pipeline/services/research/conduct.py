"""A search from its plan to its evidence, fold by fold, by whichever process comes along."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.proofs import parameters_hash
from kraken_pipeline.services.research.plan import Evidence, Plan, Wanted, fold_of, planned
from kraken_pipeline.services.research.search import Fitted, Try, fit, judge

PLAN: Final = "plan"
EVIDENCE: Final = "evidence"
Of = TypeVar("Of")


class SearchStore(Protocol):
    """Where searches are kept, part by part."""

    def names(self) -> tuple[str, ...]:
        """Return every search that was planned."""
        ...

    def has(self, search_id: str, name: str) -> bool:
        """Tell whether a part is there."""
        ...

    def read(self, search_id: str, name: str, kind: type[Of]) -> Of:
        """Return a part.

        Raises:
            UnknownNameError: it is not there.
        """
        ...

    def keep(self, search_id: str, name: str, what: object) -> str:
        """Write a part over what was there, and return its hash."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Where a strategy is tried."""

    attempt: Try
    configured: Mapping[str, object]
    """Its parameters as the configuration has them."""
    strategy_type: str
    strategy_version: str
    config_hash: str
    data_digest: str
    """Of the bars of the whole stretch."""
    caveats: tuple[str, ...] = ()
    """What was assumed of its bars and pairs, in words."""
    by_hand: tuple[float, ...] = ()
    """The ratios of its other trials, each a run that somebody kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDesk:
    """What a search needs."""

    store: SearchStore
    lab: Callable[[Wanted], Lab]
    """Opens where a search is done."""


def plan_search(desk: SearchDesk, wanted: Wanted) -> Plan:
    """Plan a search, or find that it was planned: what is done of it stays done.

    Raises:
        InvalidValueError: it makes no search; the message says why.
    """
    lab = desk.lab(wanted)
    plan = planned(
        wanted,
        strategy_type=lab.strategy_type,
        strategy_version=lab.strategy_version,
        config_hash=lab.config_hash,
        data_digest=lab.data_digest,
    )
    if not desk.store.has(plan.search_id, PLAN):
        desk.store.keep(plan.search_id, PLAN, plan)
    return plan


def do_fold(desk: SearchDesk, search_id: str, number: int) -> Fitted:
    """Do one fold, or return it as it was done.

    Raises:
        UnknownNameError: there is no such search, or no such fold.
        ConflictError: strategy, configuration or bars changed since it was planned.
        InvalidValueError: the strategy refuses whatever is proposed.
    """
    plan = desk.store.read(search_id, PLAN, Plan)
    fold, name = fold_of(plan, number), fold_name(number)
    if desk.store.has(search_id, name):
        return desk.store.read(search_id, name, Fitted)
    lab = _lab_of(desk, plan)
    made = fit(
        lab.attempt,
        fold,
        plan.space,
        lab.configured,
        trials=plan.wanted.trials,
        # each fold draws for itself, so that they can be done in any order
        seed=plan.wanted.seed * len(plan.folds) + number,
    )
    desk.store.keep(search_id, name, made)
    return made


def conclude(desk: SearchDesk, search_id: str) -> tuple[Evidence, str]:
    """Say what all folds say together, keep it, and return it with its hash.

    Raises:
        UnknownNameError: there is no such search, or a fold of it was not done.
        ConflictError: strategy, configuration or bars changed since it was planned.
    """
    plan = desk.store.read(search_id, PLAN, Plan)
    folds = tuple(desk.store.read(search_id, fold_name(each.number), Fitted) for each in plan.folds)
    lab = _lab_of(desk, plan)
    strategy = plan.wanted.strategy_id
    earlier = (*trial_ratios(desk.store, {strategy}, but=search_id), *lab.by_hand)
    judged = judge(lab.attempt, folds, plan.space, plan.wanted.whole, earlier=earlier)
    evidence = Evidence(
        plan=plan,
        parameters=parameters_hash(lab.configured),
        data_digest=lab.data_digest,
        caveats=lab.caveats,
        fitted=folds,
        judged=judged,
    )
    return evidence, desk.store.keep(search_id, EVIDENCE, evidence)


def fold_name(number: int) -> str:
    """Name the part that a fold is kept as."""
    return f"fold-{number}"


def _lab_of(desk: SearchDesk, plan: Plan) -> Lab:
    lab = desk.lab(plan.wanted)
    found = lab.strategy_type, lab.strategy_version, lab.config_hash, lab.data_digest
    if found != (plan.strategy_type, plan.strategy_version, plan.config_hash, plan.data_digest):
        raise ConflictError(
            f"{plan.search_id} was planned with another strategy or configuration, or on other "
            "bars: plan it again"
        )
    return lab


def trial_ratios(
    store: SearchStore, strategies: Collection[str], *, but: str = ""
) -> Iterator[float]:
    """Yield the ratio of every trial of some strategies that was ever kept: luck had those, too.

    Args:
        store: where searches are kept.
        strategies: ids.
        but: a search that is left out.
    """
    for search_id in store.names():
        plan = store.read(search_id, PLAN, Plan)
        if search_id == but or plan.wanted.strategy_id not in strategies:
            continue
        for fold in plan.folds:
            if store.has(search_id, fold_name(fold.number)):
                made = store.read(search_id, fold_name(fold.number), Fitted)
                yield from (each.ratio for each in made.trials)
