"""The assets of closed bars, one a timeframe, all pairs in one step; and their checks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from kraken_pipeline.defs.partitions import BAR_CLOSE, FRAME_OF, MONTHS, OWNERS, month_of, ohlc_name
from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close, months
from kraken_pipeline.services.history import Refreshed
from kraken_pipeline.wiring.pipeline import Pipeline

CHECKS = {
    "no_gaps": "Between a pair's first and last bar of the month, none is absent.",
    "no_duplicates": "A pair has one bar of an open time.",
    "only_closed_bars": "No bar was still running when it was stored.",
    "fresh": "The newest bar that is over is there.",
}


def _spec(frame: Timeframe) -> dg.AssetSpec:
    return dg.AssetSpec(
        ohlc_name(frame),
        deps=["pair_universe"],
        group_name="history",
        kinds={"kraken", "parquet"},
        owners=OWNERS,
        description=(
            f"Closed {frame.name} bars of every managed pair, by UTC month: open, high, low and "
            "close in quote per base, volume in base, number of trades. Exact decimals."
        ),
        partitions_def=MONTHS,
    )


@dg.multi_asset(
    name="ohlc",
    specs=[_spec(each) for each in TIMEFRAMES.values()],
    check_specs=[
        dg.AssetCheckSpec(name, asset=ohlc_name(frame), description=text)
        for frame in TIMEFRAMES.values()
        for name, text in CHECKS.items()
    ],
    can_subset=True,
    partitions_def=MONTHS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL),
)
def ohlc(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.MaterializeResult[None]]:
    """Fetch what closed since the last time, then say what is stored of the asked months."""
    # the longest first: the shortest bars are the freshest when the decisions come
    selected = sorted(context.selected_asset_keys, key=lambda key: -FRAME_OF[key].minutes)
    for key in selected:
        frame = FRAME_OF[key]
        now = pipeline.clock()
        done = _refreshed(pipeline, frame)
        context.log.info("%s: %s new bars of %s pairs", frame.name, done.added, done.asked)
        _report_other_months(context, key, done)
        whole = BAR_CLOSE not in context.run.tags
        reports = [
            pipeline.month_report(frame, month, now, whole=whole)
            for month in context.partition_keys
        ]
        yield _result(key, frame, done, reports, now)


def _refreshed(pipeline: Pipeline, frame: Timeframe) -> Refreshed:
    """Fetch; what a second try can not mend is not tried again."""
    try:
        return pipeline.refresh_bars(frame)
    except (ConfigurationError, InvalidValueError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def _report_other_months(
    context: dg.AssetExecutionContext, key: dg.AssetKey, done: Refreshed
) -> None:
    """Show every month that bars were added to, not only the one that was asked for."""
    if done.first_opened_at is None:
        return
    last = datetime.fromisoformat(context.partition_keys[-1]).replace(
        tzinfo=done.first_opened_at.tzinfo
    )
    for month in months(done.first_opened_at, last):
        if month not in context.partition_keys:
            context.log_event(dg.AssetMaterialization(key, partition=month))


def _result(
    key: dg.AssetKey,
    frame: Timeframe,
    done: Refreshed,
    reports: list[MonthReport],
    now: datetime,
) -> dg.MaterializeResult[None]:
    missing = {pair: count for each in reports for pair, count in each.missing.items()}
    newest = max((each.newest_close for each in reports if each.newest_close), default=None)
    due = last_close(frame, now)
    # a bar belongs to the month in which it opened: on the first of a month none may be due yet
    is_due = month_of(due - frame.length) in {each.month for each in reports}
    verdicts: dict[str, tuple[bool, dict[str, Any]]] = {
        "no_gaps": (not missing, dict(list(missing.items())[:20])),
        "no_duplicates": (not any(each.duplicates for each in reports), {}),
        "only_closed_bars": (not any(each.unclosed for each in reports), {}),
        "fresh": (not is_due or newest == due, {"newest": str(newest), "due": str(due)}),
    }
    return dg.MaterializeResult(
        asset_key=key,
        metadata={
            "dagster/partition_row_count": sum(each.rows for each in reports),
            "pairs": max((each.pairs for each in reports), default=0),
            "asked": done.asked,
            "added": done.added,
            "failed": len(done.failures),
            "failures": dict(list(done.failures.items())[:20]),
            "newest_close": str(newest),
        },
        check_results=[
            dg.AssetCheckResult(
                asset_key=key,
                check_name=name,
                passed=passed,
                severity=dg.AssetCheckSeverity.WARN,
                metadata=figures,
            )
            for name, (passed, figures) in verdicts.items()
        ],
    )
