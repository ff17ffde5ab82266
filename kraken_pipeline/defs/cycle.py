"""One cycle through Dagster's own engine, in this process, recorded in a persistent instance."""

from datetime import datetime
from typing import Any, Final

import dagster as dg

from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.partitions import CONFIG_HASH, PLOTS, decisions_name, month_of, ohlc_name
from kraken_pipeline.defs.trading import refresh_and_decide, trade
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.wiring.pipeline import Pipeline

QUIET: Final[dict[str, Any]] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster keeps every event; the console belongs to the cycle's own progress."""


class StepFailedError(PipelineError):
    """A step of a cycle failed. The message is the innermost one."""


def run_cycle(pipeline: Pipeline, now: datetime) -> tuple[str, ...]:
    """Refresh, decide, then trade if anything waits for that; return the runs' ids.

    Args:
        pipeline: which is used, and knows what is behind and what is not decided.
        now: whose month is refreshed.

    Raises:
        StepFailedError: a step failed; the run is kept and shown in the UI.
    """
    names = {"pair_universe", "portfolio_snapshot"}
    names |= {ohlc_name(each) for each in pipeline.stale_frames(now)}
    names |= {
        name(each)
        for each in pipeline.undecided_frames(now)
        for name in (ohlc_name, decisions_name)
    }
    selection = [dg.AssetKey(name) for name in sorted(names)]
    stamp = {CONFIG_HASH: pipeline.loaded.hash}
    definitions = build(dg.ResourceDefinition.hardcoded_resource(pipeline))
    with dg.DagsterInstance.get() as instance:
        refreshed = definitions.resolve_job_def(refresh_and_decide.name).execute_in_process(
            instance=instance,
            partition_key=month_of(now),
            asset_selection=selection,
            run_config=QUIET,
            tags={PLOTS: "no", **stamp},
            raise_on_error=False,
        )
        _require_success(refreshed)
        runs = [refreshed.run_id]
        if pipeline.work():
            traded = definitions.resolve_job_def(trade.name).execute_in_process(
                instance=instance, run_config=QUIET, tags=stamp, raise_on_error=False
            )
            _require_success(traded)
            runs.append(traded.run_id)
    return tuple(runs)


def _require_success(result: dg.ExecuteInProcessResult) -> None:
    """Raise what went wrong as one sentence; Dagster keeps the whole story with the run."""
    failures = [each for each in result.all_events if each.is_step_failure]
    if result.success or not failures:
        return
    failure = failures[0]
    error = failure.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    said = "no reason was given" if error is None else error.message.strip()
    raise StepFailedError(f"{failure.step_key} failed in run {result.run_id}: {said}")
