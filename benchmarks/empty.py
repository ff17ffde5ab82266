"""The limit of any cycle: an empty job, run by Dagster in process on a persistent instance."""

import dagster as dg


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job(executor_def=dg.in_process_executor)
def empty() -> None:
    """One op that does nothing."""
    nothing()


if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        done = empty.execute_in_process(
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )
    if not done.success:
        raise SystemExit("the empty job failed")
