"""How runs come to start: what trades at once, what fills the past one run after another.

Dagster's own queue would hold every run for a second, and a pool on the step that fetches candles
would let a close wait for a backfill: both steps are the same one. So only runs of the past queue.
"""

from typing import TYPE_CHECKING, Final

import dagster as dg

if TYPE_CHECKING:
    # not among what Dagster exports, and needed for a type only
    from dagster._core.run_coordinator import SubmitRunContext

LANE: Final = "kraken/lane"
"""Run tag: `history` on what fills the past; `dagster.yaml` limits how many of those run."""
HISTORY: Final = "history"
OF_THE_PAST: Final = ("dagster/backfill", "dagster/asset_partition_range_start")
"""Run tags of what a person asks for several months; no schedule, sensor or cycle sets one."""
LONGEST_SECONDS: Final = 24 * 3600
"""Years of trades take hours; the hour that other runs are given would cut them."""


class TradingFirst(dg.QueuedRunCoordinator):
    """Launches a run at once, unless it fills the past: those wait for each other in a queue."""

    def submit_run(self, context: "SubmitRunContext") -> dg.DagsterRun:
        """Launch a run or queue it; one that was submitted before is left as it is."""
        run = context.dagster_run
        if any(tag in run.tags for tag in OF_THE_PAST):
            tags = {LANE: HISTORY, "dagster/max_runtime": str(LONGEST_SECONDS)}
            self._instance.add_run_tags(run.run_id, tags)
            return super().submit_run(context)
        if run.status is dg.DagsterRunStatus.NOT_STARTED:
            self._instance.launch_run(run.run_id, context.workspace)
        return self._instance.get_run_by_id(run.run_id) or run
