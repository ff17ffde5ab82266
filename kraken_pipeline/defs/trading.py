"""The job that trades and the sensor that starts it."""

import time
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from kraken_pipeline.defs.partitions import CONFIG_HASH
from kraken_pipeline.defs.portfolio import tell
from kraken_pipeline.defs.workers import bury_dead, is_worker_busy
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.waiting import LOOKS

SENDS: Final = {"dagster/max_retries": "0", "dagster/max_runtime": "120"}
"""On every job that sends: a step that ran is never run again by Dagster."""
CAUSE: Final = "kraken/cause"
"""Run tag: which decisions or orders a run of `trade` was started for."""
MAX_ATTEMPTS: Final = 3
"""Runs for one cause; after that a person must look."""


@dg.op(out=dg.Out(dg.Nothing))
def assess_risk(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Answer every pending intent by every risk rule, and reserve what is approved."""
    plan = pipeline.assess(Namespace.TRADE, run_id=context.run.run_id)
    if plan is None:
        context.log.info("no intent waits for an answer")
        return
    approved = sum(each.approved for each in plan.verdicts)
    context.log.info("plan %s: %s intents, %s approved", plan.plan_id, len(plan.verdicts), approved)
    context.add_output_metadata(
        {
            "plan_id": plan.plan_id,
            "intents": len(plan.verdicts),
            "approved": approved,
            "denials_by_code": pipeline.denials(plan),
        }
    )


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def submit_orders(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Under the lease: write each order down, send it once, write what came of it."""
    counts = pipeline.submit(Namespace.TRADE, owner=context.run.run_id)
    said = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    context.log.info("orders: %s", said or "none")
    context.add_output_metadata({"orders": dict(counts)})


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def settle(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Compare books and exchange, keep the books, the stops and the dead man's switch."""
    made = pipeline.reconcile(Cause.MINUTE, run_id=context.run.run_id, full=True)
    _keep_stops(context, pipeline)
    for each in pipeline.tend_dust():
        context.log.info("%s %s: %s to %s", each.qty, each.pair, each.from_book, each.to_book)
    pipeline.finish_plans()
    switch = pipeline.tend_switch(owner=context.run.run_id)
    context.log.info("dead man's switch: %s", switch.said)
    tell(context, made, pipeline)


def _keep_stops(context: dg.OpExecutionContext, pipeline: Pipeline) -> None:
    kept = pipeline.protect(owner=context.run.run_id)
    if kept is None:
        return
    context.log.info("stops: %s", kept)
    for each in kept.overdue:
        context.log.error(
            "UNPROTECTED: %s has no stop for %s since %s: %s",
            each.book,
            each.pair,
            each.missing_since,
            each.last_error,
        )


@dg.job(executor_def=dg.in_process_executor, tags=SENDS)
def trade() -> None:
    """Assess risk, submit orders, settle. The only job that can open a position."""
    settle(submit_orders(assess_risk()))


WATCH_FROM: Final = 54
"""Second of the minute from which the sensor waits for the close's decisions."""
WATCH_UNTIL: Final = 12
"""Second of the minute at which it stops waiting."""
POLL_SECONDS: Final = 0.1
POLLS: Final = 10
"""Looks between two signs of life."""


@dg.sensor(
    job=trade,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_decisions(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest | dg.SkipReason:
    """Start `trade` for new decisions, once; and for orders that wait to be sent or settled.

    Around a close it waits here, asleep between looks, because the daemon comes by only every
    five seconds and a decision is worth most when it is new.
    """
    pipeline.show_life()
    looked_at: set[str] = set()
    cause = _cause(context, pipeline, looked_at)
    deadline = _watch_deadline(datetime.now(tz=UTC))  # noqa: TID251 - the daemon's own time
    while not cause and datetime.now(tz=UTC) < deadline:  # noqa: TID251 - the same
        cause = _watch(context, pipeline, looked_at)
    if not cause:
        return dg.SkipReason("no new decision, no order to send or settle")
    return request_for(pipeline, context.instance, cause)


def request_for(
    pipeline: Pipeline, instance: dg.DagsterInstance, cause: str
) -> dg.RunRequest | dg.SkipReason:
    """Return the run of `trade` that a cause asks for, if it still needs one."""
    bury_dead(instance, pipeline)
    runs = instance.get_runs(dg.RunsFilter(job_name=trade.name, tags={CAUSE: cause}))
    if any(not each.is_finished for each in runs):
        return dg.SkipReason(f"a run for {cause} is under way")
    if len(runs) >= MAX_ATTEMPTS:
        return dg.SkipReason(f"{len(runs)} runs did not finish {cause}; look at them")
    tags = {CAUSE: cause, CONFIG_HASH: pipeline.loaded.hash}
    return dg.RunRequest(run_key=f"{cause}/{len(runs) + 1}", tags=tags)


def _cause(context: dg.SensorEvaluationContext, pipeline: Pipeline, looked_at: set[str]) -> str:
    """Name what waits for a run; a look at orders that is made once in a while waits for none.

    What the warm worker is at waits for none either: it trades what it decides.
    """
    if is_worker_busy(pipeline):
        return ""
    cause = pipeline.work()
    if cause.startswith(LOOKS) and cause not in looked_at:
        done = dg.RunsFilter(
            job_name=trade.name,
            tags={CAUSE: cause},
            statuses=[dg.DagsterRunStatus.SUCCESS],
        )
        if context.instance.get_runs_count(done):
            looked_at.add(cause)
    return "" if cause in looked_at else cause


def _watch(context: dg.SensorEvaluationContext, pipeline: Pipeline, looked_at: set[str]) -> str:
    """Look for work for about a second, and show that somebody does."""
    pipeline.show_life()
    for _ in range(POLLS):
        time.sleep(POLL_SECONDS)
        cause = _cause(context, pipeline, looked_at)
        if cause:
            return cause
    return ""


def _watch_deadline(now: datetime) -> datetime:
    minute = now.replace(second=0, microsecond=0)
    if now.second >= WATCH_FROM:
        return minute.fromtimestamp(minute.timestamp() + 60 + WATCH_UNTIL, tz=UTC)
    return minute.replace(second=WATCH_UNTIL)
