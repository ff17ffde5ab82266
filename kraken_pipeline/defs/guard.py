"""The dead man's switch, renewed by a schedule where no guardian runs."""

import dagster as dg

from kraken_pipeline.defs.partitions import CONFIG_HASH
from kraken_pipeline.defs.trading import SENDS
from kraken_pipeline.domain.switch import Keeper
from kraken_pipeline.wiring.pipeline import Pipeline


@dg.op(out=dg.Out(dg.Nothing))
def tend_switch(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Renew the dead man's switch, or turn it off where nothing rests that needs it."""
    switch = pipeline.tend_switch(owner=context.run.run_id)
    context.log.info("dead man's switch: %s, kept by %s", switch.said, pipeline.keeper.value)
    if switch.foreign:
        context.log.warning("it would also cancel what is not ours: %s", "; ".join(switch.foreign))


@dg.job(name="guard", executor_def=dg.in_process_executor, tags=SENDS)
def guard_job() -> None:
    """Keep the dead man's switch as the orders need it. It cannot place an order."""
    tend_switch()


@dg.schedule(
    job=guard_job,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def dead_man_switch(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest | dg.SkipReason:
    """Look each minute whether the switch is to be renewed or turned off; mostly it is not."""
    if not pipeline.switch_needs_tending:
        kept = "the guardian keeps it" if pipeline.keeper is Keeper.GUARDIAN else "not due"
        return dg.SkipReason(f"{kept}; {pipeline.stores.switches.switch().said}")
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        tags={CONFIG_HASH: pipeline.loaded.hash},
    )
