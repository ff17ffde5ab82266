"""Everything that Dagster loads, put together around one pipeline."""

import warnings

import dagster as dg

from kraken_pipeline.defs.decisions import decisions
from kraken_pipeline.defs.guard import dead_man_switch, guard_job
from kraken_pipeline.defs.history import ohlc
from kraken_pipeline.defs.panic import panic_flag, panic_job
from kraken_pipeline.defs.portfolio import portfolio_snapshot
from kraken_pipeline.defs.reconcile import reconcile, reconciliation
from kraken_pipeline.defs.trading import bar_close, new_decisions, refresh_and_decide, trade
from kraken_pipeline.defs.universe import pair_universe

# a backfill policy is still marked as beta; the version is pinned
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build(pipeline: dg.ResourceDefinition, emergency: dg.ResourceDefinition) -> dg.Definitions:
    """Return the definitions with this pipeline, and this way out, in them."""
    return dg.Definitions(
        assets=[pair_universe, ohlc, portfolio_snapshot, decisions],
        jobs=[refresh_and_decide, trade, guard_job, panic_job, reconcile],
        schedules=[bar_close, dead_man_switch, reconciliation],
        sensors=[new_decisions, panic_flag],
        resources={"pipeline": pipeline, "emergency": emergency},
        executor=dg.in_process_executor,
    )
