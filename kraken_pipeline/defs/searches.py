"""Searches for parameters as assets: a plan, a partition for each of its folds, and the evidence.

Nothing here decides for trading: what is tried is tried on the past, in memory.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import dagster as dg
from pydantic import Field

from kraken_pipeline.defs.markdown import table
from kraken_pipeline.defs.partitions import OWNERS
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.services.research.conduct import conclude, do_fold, plan_search
from kraken_pipeline.services.research.plan import Plan, Scheme, Wanted
from kraken_pipeline.services.research.verdict import days_of, figures, fold_rows, words
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.research import days_between, search_desk

FOLDS: Final = dg.DynamicPartitionsDefinition(name="search_folds")
"""One a fold: the name of its search, and its number."""
_BETWEEN: Final = ":"
GROUP: Final = "research"


class SearchConfig(dg.Config):
    """What is searched for; `backtest search --help` explains each."""

    strategy: str
    timeframe: str = "1h"
    since: str
    """The first day, UTC: `2024-01-01`."""
    until: str
    """The last day, UTC; it is tried, too."""
    choose: list[str]
    """`fast=5:20`, `strength=5:30:2.5` or `profile=one,other`."""
    folds: int = 4
    trials: int = 20
    scheme: Literal["walk-forward", "purged"] = "walk-forward"
    purge_days: int = 2
    embargo_days: int = 2
    seed: int = 0
    pairs: list[str] = Field(default_factory=list)
    """Our names of those that it is tried on, such as `XBTUSD`; none for the universe of then."""


class EvidenceConfig(dg.Config):
    """Which search is concluded."""

    search_id: str = ""
    """Its name; empty for the one that was planned last."""


@dg.asset(group_name=GROUP, kinds={"python", "json"}, owners=OWNERS)
def search_plan(
    context: dg.AssetExecutionContext, config: SearchConfig, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult[None]:
    """What is searched for, and on which folds: each becomes a partition of `search_folds`."""
    wanted = Wanted(
        strategy_id=config.strategy,
        timeframe=config.timeframe,
        whole=days_between(config.since, config.until),
        choices=tuple(config.choose),
        scheme=Scheme(config.scheme),
        folds=config.folds,
        trials=config.trials,
        purge_days=config.purge_days,
        embargo_days=config.embargo_days,
        seed=config.seed,
        pairs=tuple(config.pairs),
    )
    plan = plan_search(search_desk(pipeline.loaded), wanted)
    keys = [f"{plan.search_id}{_BETWEEN}{each.number}" for each in plan.folds]
    context.instance.add_dynamic_partitions(str(FOLDS.name), keys)
    return dg.MaterializeResult(
        metadata={
            "search": plan.search_id,
            "folds": dg.MetadataValue.md(_table(_spans(plan))),
            "next": "materialise the partitions of search_folds that are named so, then "
            "search_evidence",
        }
    )


@dg.asset(
    partitions_def=FOLDS,
    deps=[search_plan],
    group_name=GROUP,
    kinds={"python", "json"},
    owners=OWNERS,
)
def search_folds(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult[None]:
    """Parameters chosen where a fold is fitted, and what they did in the test that follows."""
    search_id, _, number = context.partition_key.rpartition(_BETWEEN)
    fitted = do_fold(search_desk(pipeline.loaded), search_id, int(number))
    return dg.MaterializeResult(
        metadata={
            "trials": len(fitted.trials),
            "refused_by_the_strategy": fitted.refused,
            "chosen": {name: str(each) for name, each in fitted.chosen.parameters.items()},
            "gained_in_the_test_pct": round(fitted.came.grown * 100, 4),
            "gained_as_configured_pct": round(fitted.unchosen.grown * 100, 4),
            "deepest_fall_pct": round(fitted.came.fallen * 100, 4),
            "round_trips": fitted.came.trades,
        }
    )


@dg.asset(deps=[search_folds], group_name=GROUP, kinds={"python", "json"}, owners=OWNERS)
def search_evidence(
    context: dg.AssetExecutionContext, config: EvidenceConfig, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult[None]:
    """What all folds of a search say together, after every trial was counted: a strategy's file."""
    desk = search_desk(pipeline.loaded)
    evidence, known = conclude(desk, config.search_id or _newest(context))
    judged = evidence.judged
    shown: dict[str, Any] = {
        "search": evidence.plan.search_id,
        "sha256": known,
        "said": dg.MetadataValue.md("\n".join(f"- {each}" for each in words(evidence))),
        "figures": dict(figures(evidence)),
        "folds": dg.MetadataValue.md(_table(fold_rows(evidence))),
        "trials": judged.trials,
    }
    if judged.deflated is not None:
        shown["deflated_sharpe_ratio"] = round(judged.deflated.chance, 6)
    return dg.MaterializeResult(metadata=shown)


def _newest(context: dg.AssetExecutionContext) -> str:
    """Return the search that was planned last.

    Raises:
        InvalidValueError: none was.
    """
    planned = context.instance.get_latest_materialization_event(search_plan.key)
    found = None if planned is None else planned.asset_materialization
    if found is None:
        raise InvalidValueError("no search was planned yet: materialise search_plan first")
    return str(found.metadata["search"].value)


def _spans(plan: Plan) -> list[dict[str, object]]:
    return [
        {
            "fold": each.number,
            "fitted": "; ".join(map(days_of, each.train)),
            "test": days_of(each.test),
        }
        for each in plan.folds
    ]


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    return table(list(rows[0]), (list(each.values()) for each in rows))
