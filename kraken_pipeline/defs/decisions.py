"""The assets of decisions, one a timeframe, all pairs and strategies in one step."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from kraken_pipeline.defs.backtest_words import month_figures, whole_figures
from kraken_pipeline.defs.markdown import table
from kraken_pipeline.defs.partitions import (
    DECIDES_FOR,
    FRAME_OF,
    MONTHS,
    OWNERS,
    decisions_name,
    lateness,
    moment_of,
    month_of,
    ohlc_name,
)
from kraken_pipeline.domain.intents import Decision, Namespace, Outcome
from kraken_pipeline.domain.quarantines import Quarantine
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.research import backfill

SEEN_ON_EVERY_CLOSE = ("1h", "1d")
"""Timeframes that strategies look at beside the one that closed: regime and daily filter."""


def _spec(frame: Timeframe) -> dg.AssetSpec:
    seen = {frame.name, *SEEN_ON_EVERY_CLOSE}
    bars = [ohlc_name(each) for each in TIMEFRAMES.values() if each.name in seen]
    return dg.AssetSpec(
        decisions_name(frame),
        deps=["pair_universe", "portfolio_snapshot", *bars],
        group_name="decisions",
        kinds={"python", "sqlite"},
        owners=OWNERS,
        description=(
            f"What each strategy wants on the close of a {frame.name} bar, and for every other "
            "pair why nothing is wanted. Months that are over are a backtest: one run over all "
            "that are asked for, with the same risk, orders and books, kept under `backtests` in "
            "the data folder. Nothing here can place an order."
        ),
        partitions_def=MONTHS,
    )


@dg.multi_asset(
    name="decisions",
    specs=[_spec(each) for each in TIMEFRAMES.values()],
    can_subset=True,
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def decisions(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.MaterializeResult[None]]:
    """Decide the newest closed bar; months that are over are a backtest, all of them in one.

    Only what the schedule or a cycle starts decides for trading. By hand it is research: it shows
    what the strategies want, and no order can come of it.
    """
    now = pipeline.clock()
    moment = moment_of(context.run.tags, now)
    selected = sorted(context.selected_asset_keys, key=lambda key: FRAME_OF[key].minutes)
    past = [each for each in context.partition_keys if each < month_of(moment)]
    if past:
        _show_backtest(context, pipeline, selected, past)
    for key in selected:
        if month_of(moment) in context.partition_keys:
            figures = _newest(context, pipeline, FRAME_OF[key], moment, now)
            context.add_asset_metadata(figures, asset_key=key, partition_key=month_of(moment))
        yield dg.MaterializeResult(asset_key=key)


def _show_backtest(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    selected: Sequence[dg.AssetKey],
    months: Sequence[str],
) -> None:
    """Run a backtest over months that are over, and show it beside them; the whole on the last."""
    frames = [FRAME_OF[key] for key in selected]
    told, others = backfill(pipeline.loaded, frames, months)
    context.log.info("backtest %s: %s", told.ran.run_id, "; ".join(told.notes))
    for month in months:
        figures = month_figures(told, month)
        if month == months[-1]:
            figures |= whole_figures(told, others)
        for key in selected:
            context.add_asset_metadata(figures, asset_key=key, partition_key=month)


def _newest(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    frame: Timeframe,
    moment: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Decide the close that a run is for, and say what came of it."""
    late = lateness(frame, context.run.tags, now)
    if late:
        context.log.warning("%s: %s", frame.name, late)
    made = pipeline.decide(
        frame,
        run_id=context.run.run_id,
        closed_at=last_close(frame, moment),
        late=late,
        namespace=Namespace(context.run.tags.get(DECIDES_FOR, Namespace.RESEARCH)),
    )
    return _figures(made, late, pipeline.quarantined())


def _figures(
    made: Sequence[Decision], late: str, quarantined: Sequence[Quarantine]
) -> dict[str, Any]:
    outcomes = Counter(each.outcome for each in made)
    reasons = Counter(
        reason.partition(":")[0] for each in made for reason in each.no_signals.values()
    )
    skipped = Counter(
        f"{each.strategy_id}: {each.reason}" for each in made if each.outcome is Outcome.SKIPPED
    )
    return {
        "dagster/partition_row_count": len(made),
        "signals": outcomes[Outcome.SIGNAL],
        "no_signals": outcomes[Outcome.NO_SIGNAL],
        "skipped": outcomes[Outcome.SKIPPED],
        "skipped_because": dict(skipped.most_common(20)),
        "intents": sum(len(each.intents) for each in made),
        "quarantined": "; ".join(map(str, quarantined)) or "none",
        "late": late or "no",
        "closed_at": str(max((each.closed_at for each in made), default=None)),
        "wanted": dg.MetadataValue.md(_wanted(made)),
        "not_wanted": dict(reasons.most_common(20)),
        "config_hash": made[0].config_hash if made else "",
        "inputs_hash": made[0].inputs_hash if made else "",
    }


def _wanted(made: Sequence[Decision]) -> str:
    intents = sorted((one for each in made for one in each.intents), key=lambda i: -i.confidence)
    rows = [
        (one.strategy_id, one.pair, one.wanted, one.confidence, one.reason) for one in intents[:20]
    ]
    return table(["strategy", "pair", "wanted", "confidence", "reason"], rows)
