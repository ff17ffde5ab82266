"""What a close runs: the job that refreshes and decides, and the schedule that starts it."""

from datetime import UTC, datetime

import dagster as dg

from kraken_pipeline.defs.partitions import (
    BAR_CLOSE,
    CONFIG_HASH,
    DECIDES_FOR,
    PLOTS,
    decisions_name,
    month_of,
    ohlc_name,
)
from kraken_pipeline.defs.workers import bury_dead, is_decided_without_us
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, closes_at
from kraken_pipeline.wiring.pipeline import Pipeline


def selection_for(
    closing: tuple[Timeframe, ...],
    stale: tuple[Timeframe, ...],
    *,
    over: tuple[Timeframe, ...],
    first: bool,
) -> list[dg.AssetKey]:
    """Return what a close refreshes.

    Books are read again when five minutes are full, the universe when the hour is, whatever is
    decided then.

    Args:
        closing: timeframes that are decided.
        stale: timeframes whose bars are behind; they are caught up, and not decided.
        over: timeframes of which a bar ends then, decided or not.
        first: whether there is no universe yet.
    """
    names = {decisions_name(each) for each in closing}
    names |= {ohlc_name(each) for each in (*closing, *stale)}
    closes = {each.name for each in over}
    names |= {"portfolio_snapshot"} if first or "5m" in closes else set()
    names |= {"pair_universe"} if first or "1h" in closes else set()
    return [dg.AssetKey(each) for each in sorted(names)]


refresh_and_decide = dg.define_asset_job(
    "refresh_and_decide",
    selection=dg.AssetSelection.assets(
        "pair_universe",
        "portfolio_snapshot",
        *[name(each) for each in TIMEFRAMES.values() for name in (ohlc_name, decisions_name)],
    ),
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
    description="Bring bars and books up to date and decide. It cannot place an order.",
)


def due_frames(pipeline: Pipeline, due: datetime) -> tuple[Timeframe, ...]:
    """Return the timeframes that are decided on a close, as long as it is not too late for them."""
    late = pipeline.clock() - due
    return tuple(
        each
        for each in closes_at(due)
        if late <= each.max_lateness and each.name in pipeline.timeframes
    )


def request_for(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    due: datetime,
    frames: tuple[Timeframe, ...],
) -> dg.RunRequest:
    """Return the run that a close asks for.

    Its key names the close, so that Dagster makes one run of however many requests; a further one
    comes only after a run that did not end well.

    Args:
        pipeline: knows what is behind.
        instance: knows what ran for the close.
        due: the close.
        frames: what is decided of it.
    """
    close = {BAR_CLOSE: due.isoformat(), DECIDES_FOR: Namespace.TRADE.value}
    before = instance.get_runs_count(dg.RunsFilter(job_name=refresh_and_decide.name, tags=close))
    return dg.RunRequest(
        run_key=due.isoformat() if not before else f"{due.isoformat()}/{before + 1}",
        partition_key=month_of(due),
        asset_selection=selection_for(
            frames,
            pipeline.stale_frames(due),
            over=closes_at(due),
            first=pipeline.has_no_universe,
        ),
        tags={**close, PLOTS: "no", CONFIG_HASH: pipeline.loaded.hash},
    )


@dg.schedule(
    job=refresh_and_decide,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def bar_close(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest | dg.SkipReason:
    """At each close: one run for all timeframes that close together, if it is not too late.

    Where a warm worker is about to decide them it is waited for, as long as time allows.
    """
    due = context.scheduled_execution_time.astimezone(UTC)
    return asked_of(pipeline, context.instance, due)


def asked_of(
    pipeline: Pipeline, instance: dg.DagsterInstance, due: datetime
) -> dg.RunRequest | dg.SkipReason:
    """Return what the schedule asks for a close."""
    frames = due_frames(pipeline, due)
    if not frames:
        late = pipeline.clock() - due
        return dg.SkipReason(
            f"the close of {due:%H:%M} is {late.total_seconds():.0f} s ago; "
            "no timeframe may be decided any more"
        )
    if is_decided_without_us(pipeline, due, frames):
        return dg.SkipReason(f"the close of {due:%H:%M} is decided; no run is needed")
    bury_dead(instance, pipeline)
    return request_for(pipeline, instance, due, frames)
