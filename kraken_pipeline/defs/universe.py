"""The asset of tradable pairs."""

from collections import Counter

import dagster as dg

from kraken_pipeline.defs.partitions import OWNERS
from kraken_pipeline.domain.universe import Universe
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
        )
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
            "busiest": dg.MetadataValue.md(_busiest(universe)),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="universe_not_empty",
                passed=bool(universe.members),
                metadata={"members": len(universe.members)},
            )
        ],
    )


def _reasons(universe: Universe) -> str:
    counts = Counter(found[0].code for found in universe.reasons.values())
    rows = [f"| {code} | {count} |" for code, count in counts.most_common()]
    return "\n".join(["| first reason | pairs |", "|---|---|", *rows])


def _busiest(universe: Universe) -> str:
    ranked = sorted(universe.notional_24h.items(), key=lambda each: -each[1])[:10]
    rows = [f"| {name} | {notional:,.0f} |" for name, notional in ranked]
    return "\n".join(["| pair | traded in 24 h, in quote |", "|---|---|", *rows])
