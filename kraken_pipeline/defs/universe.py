"""The asset of tradable pairs."""

from collections import Counter

import dagster as dg

from kraken_pipeline.defs.markdown import table
from kraken_pipeline.defs.partitions import OWNERS
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.domain.universe_filters import Verdict
from kraken_pipeline.wiring.pipeline import Pipeline


@dg.asset(
    group_name="market",
    kinds={"kraken", "sqlite"},
    owners=OWNERS,
    check_specs=[
        dg.AssetCheckSpec(
            "universe_not_empty",
            asset="pair_universe",
            description="At least one pair may be traded.",
        ),
        dg.AssetCheckSpec(
            "held_pairs_trade_on",
            asset="pair_universe",
            description="No pair that is held or ordered is being delisted, or takes only cancels.",
        ),
    ],
)
def pair_universe(
    pipeline: dg.ResourceParam[Pipeline],
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it and knows no parameter
    """Pairs that may be traded, with tick, lot and minimums; and a reason for each that is out.

    A version is kept for ever: decisions name the one they were made under.
    """
    universe = pipeline.refresh_universe()
    return dg.MaterializeResult(
        data_version=dg.DataVersion(universe.version),
        metadata={
            "dagster/row_count": len(universe.members),
            "version": universe.version,
            "leaving": len(universe.leaving),
            "out": len(universe.reasons),
            "out_by_reason": dg.MetadataValue.md(_reasons(universe)),
            "verdicts_by_filter": dg.MetadataValue.md(_verdicts(pipeline)),
            "busiest": dg.MetadataValue.md(_busiest(universe)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="universe_not_empty",
                passed=bool(universe.members),
                metadata={"members": len(universe.members)},
            ),
            _ending(universe),
        ],
    )


def _ending(universe: Universe) -> dg.AssetCheckResult:
    """Name what may soon not be sold any more, with the command that ends it (UNI-8)."""
    commands = [f"kraken-pipeline flatten --pair {name}" for name in sorted(universe.ending)]
    return dg.AssetCheckResult(
        check_name="held_pairs_trade_on",
        passed=not universe.ending,
        metadata={**universe.ending, **({"to_leave": "; ".join(commands)} if commands else {})},
    )


def _verdicts(pipeline: Pipeline) -> str:
    """Count what each filter said of all listed pairs, in the order in which they are asked."""
    kept = pipeline.stores.universes.refresh()
    steps = [step for each in ({} if kept is None else kept.judged).values() for step in each.steps]
    counts = Counter((step.name, step.verdict) for step in steps)
    rows = (
        [name, *(counts[name, verdict] for verdict in Verdict)]
        for name in dict.fromkeys(step.name for step in steps)
    )
    return table(["filter", *Verdict], rows)


def _reasons(universe: Universe) -> str:
    counts = Counter(found[0].code for found in universe.reasons.values())
    return table(["first reason", "pairs"], counts.most_common())


def _busiest(universe: Universe) -> str:
    ranked = sorted(universe.notional_24h.items(), key=lambda each: -each[1])[:10]
    rows = [(name, f"{notional:,.0f}") for name, notional in ranked]
    return table(["pair", "traded in 24 h, in quote"], rows)
