"""One cycle through Dagster's own engine, in this process, recorded in a persistent instance."""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import dagster as dg

from kraken_pipeline.defs.build import build
from kraken_pipeline.defs.closes import refresh_and_decide
from kraken_pipeline.defs.partitions import (
    CONFIG_HASH,
    DECIDES_FOR,
    PLOTS,
    decisions_name,
    month_of,
    ohlc_name,
)
from kraken_pipeline.defs.resources import emergency_resource
from kraken_pipeline.defs.trading import trade
from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ImpossibleFactError,
    InvalidValueError,
    LeaseLostError,
    PipelineError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.wiring.pipeline import Pipeline

QUIET: Final[dict[str, Any]] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster keeps every event; the console belongs to the cycle's own progress."""


TOLD_APART: Final = (
    ConfigurationError,
    InvalidValueError,
    LeaseLostError,
    ImpossibleFactError,
    UnreachableError,
    AuthError,
    UnexpectedReplyError,
)
"""What a caller may do something about stays what it is; the rest is a failed step."""


class StepFailedError(PipelineError):
    """A step of a cycle failed. The message is the innermost one."""


def run_cycle(pipeline: Pipeline, now: datetime) -> tuple[str, ...]:
    """Refresh, decide, then trade if anything waits for that; return the runs' ids.

    Args:
        pipeline: which is used, and knows what is behind and what is not decided.
        now: whose month is refreshed.

    Raises:
        PipelineError: a step failed; the run is kept and shown in the UI. Of the step's own kind
            where a caller can act on that, else a `StepFailedError`.
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
    definitions = build(dg.ResourceDefinition.hardcoded_resource(pipeline), emergency_resource)
    with _as_ctrl_c(), dg.DagsterInstance.get() as instance:
        refreshed = definitions.resolve_job_def(refresh_and_decide.name).execute_in_process(
            instance=instance,
            partition_key=month_of(now),
            asset_selection=selection,
            run_config=QUIET,
            tags={DECIDES_FOR: Namespace.TRADE.value, PLOTS: "no", **stamp},
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


@contextlib.contextmanager
def _as_ctrl_c() -> Iterator[None]:
    """Give Dagster's word for a SIGINT back as Python's, which everybody else knows."""
    try:
        yield
    except dg.DagsterExecutionInterruptedError as stopped:
        raise KeyboardInterrupt from stopped


def _require_success(result: dg.ExecuteInProcessResult) -> None:
    """Raise what went wrong as one sentence; Dagster keeps the whole story with the run."""
    failures = [each for each in result.all_events if each.is_step_failure]
    if result.success:
        return
    if not failures:
        # where an op is interrupted nothing has failed: Dagster keeps the run and says no more
        raise KeyboardInterrupt
    failure = failures[0]
    kinds = {each.__name__: each for each in TOLD_APART}
    told = list(_causes(failure))
    if any(name == dg.DagsterExecutionInterruptedError.__name__ for name, _ in told):
        raise KeyboardInterrupt
    name, said = next((each for each in told if each[0] in kinds), told[-1])
    kind = kinds.get(name, StepFailedError)
    raise kind(f"{failure.step_key} failed in run {result.run_id}: {said}")


def _causes(failure: dg.DagsterEvent) -> Iterator[tuple[str, str]]:
    """Yield class and message of what went wrong, the outermost first."""
    error = failure.step_failure_data.error
    if error is None:
        yield "", "no reason was given"
    while error is not None:
        name = str(error.cls_name)
        yield name, error.message.strip().removeprefix(f"kraken_pipeline.domain.errors.{name}: ")
        error = error.cause
