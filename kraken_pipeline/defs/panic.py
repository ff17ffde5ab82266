"""The panic job, by hand or by its sensor: the panic program, then the proof in our books."""

import dagster as dg

from kraken_pipeline.defs.trading import CAUSE, MAX_ATTEMPTS, SENDS
from kraken_pipeline.wiring.emergency import Emergency


@dg.op(out=dg.Out(dg.Nothing))
def cancel_everything(
    context: dg.OpExecutionContext, emergency: dg.ResourceParam[Emergency]
) -> None:
    """Run the panic program as a process of its own: latch, cancel all, verify."""
    outcome = emergency.cancel_everything()
    context.log.info(outcome.said)
    context.add_output_metadata({"said": outcome.said, "exit_code": outcome.exit_code})
    if outcome.exit_code:
        raise dg.Failure(
            f"panic ended with exit code {outcome.exit_code}: {outcome.said}", allow_retries=False
        )


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def prove_nothing_is_open(
    context: dg.OpExecutionContext, emergency: dg.ResourceParam[Emergency]
) -> None:
    """Bring our orders up to what the exchange shows; fail if one is still open there."""
    still_open = emergency.still_open()
    context.add_output_metadata({"still_open": len(still_open)})
    if still_open:
        raise dg.Failure(f"still open: {', '.join(still_open)}", allow_retries=False)


@dg.job(name="panic", executor_def=dg.in_process_executor, tags=SENDS)
def panic_job() -> None:
    """Cancel every order of the account, stop opening until a person resumes."""
    prove_nothing_is_open(cancel_everything())


@dg.sensor(
    job=panic_job,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def panic_flag(
    context: dg.SensorEvaluationContext, emergency: dg.ResourceParam[Emergency]
) -> dg.RunRequest | dg.SkipReason:
    """Start `panic` once for each time that the panic file appears or a kill switch latches.

    A run that fails leaves orders open: another one follows. Not without end, for a key that is
    refused again and again gets locked.
    """
    cause = emergency.cause()
    if not cause:
        return dg.SkipReason("no panic file, no kill switch breached")
    runs = context.instance.get_runs(dg.RunsFilter(job_name=panic_job.name, tags={CAUSE: cause}))
    if any(not each.is_finished for each in runs):
        return dg.SkipReason(f"a run for {cause} is under way")
    failed = sum(not each.is_success for each in runs)
    if failed >= MAX_ATTEMPTS:
        return dg.SkipReason(f"{failed} runs failed for {cause}; cancel by hand, NOW")
    return dg.RunRequest(run_key=f"{cause}/{failed + 1}", tags={CAUSE: cause})
