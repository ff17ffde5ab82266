"""The journal in Dagster: its end, seen every ten minutes, and whether all of it is whole."""

from typing import Final

import dagster as dg

from kraken_pipeline.defs.partitions import CONFIG_HASH, OWNERS
from kraken_pipeline.wiring.pipeline import Pipeline

JOURNAL: Final = dg.AssetKey("order_journal")
journal = dg.AssetSpec(
    JOURNAL,
    group_name="audit",
    owners=OWNERS,
    kinds={"sqlite"},
    description="Everything that happened to orders, in one chain: each entry carries the hash of "
    "the one before it. Its end is observed here, so that a journal that was cut or put back from "
    "a backup differs from what was seen.",
)


@dg.sensor(
    name="journal_head",
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def journal_head(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult:
    """Publish the journal's end, in the data folder and here; no run is started for it (AUD-1)."""
    end = pipeline.publish_head()
    seen = dg.AssetObservation(JOURNAL, metadata={"entries": end.seq, "head": end.hash})
    return dg.SensorResult(asset_events=[seen], skip_reason=f"{end.seq} entries, {end.hash}")


@dg.asset_check(
    asset=JOURNAL,
    description="The chain is unbroken, every table says what the journal says, and every end that "
    "was published is in it.",
)
def chain_is_whole(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    """Recompute the chain, and compare tables and published ends with it."""
    found = pipeline.audit()
    return dg.AssetCheckResult(
        passed=not found.faults,
        metadata={
            "entries": found.head.seq,
            "head": found.head.hash,
            "faults": dg.MetadataValue.json(list(found.faults)),
        },
    )


audit = dg.define_asset_job(
    "audit",
    selection=dg.AssetSelection.checks(chain_is_whole),
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
    description="Verify the journal. It reads only.",
)


@dg.schedule(
    job=audit,
    cron_schedule="17 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_audit(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest:
    """Once a day, when no timeframe but the shortest closes."""
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        tags={CONFIG_HASH: pipeline.loaded.hash},
    )
