"""Whether strategies look ahead, as a check of each timeframe on which they decide."""

from collections.abc import Iterator, Mapping
from typing import Final

import dagster as dg

from kraken_pipeline.defs.partitions import CONFIG_HASH, OWNERS
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.strategies.checks import Outcome
from kraken_pipeline.wiring.pipeline import Pipeline

STRATEGIES: Final = dg.AssetKey("strategies")
CLOSES: Final = 12
"""Last closes that each strategy is tried on, with nothing held and with every pair held."""
strategies = dg.AssetSpec(
    STRATEGIES,
    group_name="decisions",
    owners=OWNERS,
    kinds={"python"},
    description="The strategies that are enabled. Their checks stand here and not at the decisions "
    "that they make: whoever materializes those runs every check that is theirs, and no close may "
    "wait for these.",
)


def check_name(frame: Timeframe) -> str:
    """Return the name of the check of a timeframe."""
    return f"sound_on_{frame.name}"


@dg.multi_asset_check(
    name="strategies_are_sound",
    specs=[
        dg.AssetCheckSpec(
            check_name(each),
            asset=STRATEGIES,
            description=(
                f"On its last {CLOSES} closes no strategy looks at later bars, asks for too few "
                "earlier ones, says something else when asked again, or wishes where it sleeps."
            ),
        )
        for each in TIMEFRAMES.values()
    ],
)
def strategies_are_sound(
    pipeline: dg.ResourceParam[Pipeline],
) -> Iterator[dg.AssetCheckResult]:
    """Decide the last closes again with later bars gone, wild or turned round, and with more bars.

    Nothing is recorded, and no order can come of it.
    """
    for frame in TIMEFRAMES.values():
        yield _result(frame, pipeline.soundness(frame, closes=CLOSES))


def _result(frame: Timeframe, found: Mapping[str, Outcome]) -> dg.AssetCheckResult:
    faults = {name: [str(each) for each in of.faults] for name, of in found.items() if of.faults}
    return dg.AssetCheckResult(
        asset_key=STRATEGIES,
        check_name=check_name(frame),
        passed=not faults,
        metadata={
            "faults": dg.MetadataValue.json(faults),
            **{
                name: f"{of.closes} closes, {of.wishes} wishes, {len(of.faults)} faults"
                for name, of in found.items()
            },
        },
    )


examine_strategies = dg.define_asset_job(
    "examine_strategies",
    selection=dg.AssetSelection.checks(strategies_are_sound),
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
    description="Try every strategy for look-ahead and warm-up. It reads only.",
)


@dg.schedule(
    job=examine_strategies,
    cron_schedule="37 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_soundness(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest:
    """Once a day, when no timeframe but the shortest closes."""
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        tags={CONFIG_HASH: pipeline.loaded.hash},
    )
