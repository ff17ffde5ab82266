"""Everything that Dagster loads, put together around one pipeline."""

import warnings

import dagster as dg

from kraken_pipeline.defs.audit import audit, chain_is_whole, journal, journal_head, nightly_audit
from kraken_pipeline.defs.closes import bar_close, refresh_and_decide
from kraken_pipeline.defs.completeness import examine_history, history_coverage, nightly_coverage
from kraken_pipeline.defs.decisions import decisions
from kraken_pipeline.defs.guard import dead_man_switch, guard_job
from kraken_pipeline.defs.history import ohlc
from kraken_pipeline.defs.market_stream import market_is_heard, market_stream, prices_are_sound
from kraken_pipeline.defs.panic import panic_flag, panic_job
from kraken_pipeline.defs.portfolio import books
from kraken_pipeline.defs.reconcile import reconcile, reconciliation
from kraken_pipeline.defs.searches import search_evidence, search_folds, search_plan
from kraken_pipeline.defs.soundness import (
    examine_strategies,
    nightly_soundness,
    strategies,
    strategies_are_sound,
)
from kraken_pipeline.defs.stream import heard_live, private_stream, stream_is_heard
from kraken_pipeline.defs.trading import new_decisions, trade
from kraken_pipeline.defs.universe import pair_universe
from kraken_pipeline.defs.warmth import closes_are_warm, warm_worker

# a backfill policy is still marked as beta; the version is pinned
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def build(pipeline: dg.ResourceDefinition, emergency: dg.ResourceDefinition) -> dg.Definitions:
    """Return the definitions with this pipeline, and this way out, in them."""
    return dg.Definitions(
        assets=[
            pair_universe,
            heard_live,
            ohlc,
            history_coverage,
            books,
            decisions,
            strategies,
            journal,
            search_plan,
            search_folds,
            search_evidence,
        ],
        asset_checks=[
            chain_is_whole,
            stream_is_heard,
            market_is_heard,
            prices_are_sound,
            closes_are_warm,
            strategies_are_sound,
        ],
        jobs=[
            refresh_and_decide,
            trade,
            audit,
            examine_history,
            examine_strategies,
            guard_job,
            panic_job,
            reconcile,
        ],
        schedules=[
            bar_close,
            nightly_audit,
            nightly_coverage,
            nightly_soundness,
            dead_man_switch,
            reconciliation,
        ],
        sensors=[
            new_decisions,
            journal_head,
            panic_flag,
            private_stream,
            market_stream,
            warm_worker,
        ],
        resources={"pipeline": pipeline, "emergency": emergency},
        executor=dg.in_process_executor,
    )
