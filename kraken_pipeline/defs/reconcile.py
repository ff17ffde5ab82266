"""Comparing books and exchange: by a schedule where it is due, or by hand."""

import dagster as dg

from kraken_pipeline.defs.partitions import CONFIG_HASH
from kraken_pipeline.defs.portfolio import tell, tell_books
from kraken_pipeline.defs.trading import CAUSE, SENDS
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.wiring.pipeline import Pipeline


@dg.op(out=dg.Out(dg.Nothing))
def compare(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Settle every order, look for orders that are not ours, compare holds, ledger and balances."""
    cause = Cause(context.run.tags.get(CAUSE, Cause.HAND))
    made = pipeline.reconcile(cause, run_id=context.run.run_id, full=cause is not Cause.MINUTE)
    tell(context, made, pipeline)
    if made.booked is not None and cause is not Cause.MINUTE:
        tell_books(context, made.booked, pipeline)


@dg.job(executor_def=dg.in_process_executor, tags=SENDS)
def reconcile() -> None:
    """Compare books and exchange, and correct the books. It cannot place an order."""
    compare()


@dg.schedule(
    job=reconcile,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def reconciliation(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest | dg.SkipReason:
    """Once an hour; each minute where something rests that `trade` has not looked at meanwhile."""
    cause = pipeline.reconciliation_due
    if cause is None:
        return dg.SkipReason("nothing rests that was not looked at, and no clean pass is missing")
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        tags={CAUSE: cause.value, CONFIG_HASH: pipeline.loaded.hash},
    )
