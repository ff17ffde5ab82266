"""The assets of closed bars, one a timeframe, all pairs in one step; and their checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from kraken_pipeline.defs import history_words as words
from kraken_pipeline.defs.partitions import (
    DECIDES_FOR,
    FRAME_OF,
    MONTHS,
    OWNERS,
    PLOTS,
    month_of,
    ohlc_name,
)
from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import ConfigurationError, ConflictError, InvalidValueError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close, months
from kraken_pipeline.services.bars.completeness import Kept, Lack, between
from kraken_pipeline.services.bars.history import Refreshed
from kraken_pipeline.services.bars.past_months import Filled
from kraken_pipeline.wiring.past_months import (
    fill_months,
    is_over,
    kept_of,
    lacks_by_month,
    mend_tails,
    speeds_of,
)
from kraken_pipeline.wiring.pipeline import Pipeline

CHECKS = {
    "no_gaps": "Between a pair's first and last bar none is absent, unless nothing traded in it.",
    "sound": "A pair has one bar of an open time, and none that was still running when stored.",
    "fresh": "The newest bar that is over is there.",
}

GRACE = timedelta(minutes=2)
"""For Dagster's daemon to start a run and to look at freshness."""


class Past(dg.Config):
    """How far a run may go that a person asks for; months that are over are read from trades."""

    max_calls: int = Field(
        600,
        ge=0,
        description="Calls for trades in a run, one a second, and for holes among the newest bars; "
        "0 makes none.",
    )
    pairs: list[str] = Field([], description="Read trades of these pairs only; empty reads all.")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One timeframe after a run, as far as it is shown."""

    key: dg.AssetKey
    done: Refreshed
    reports: Mapping[str, MonthReport]
    lacks: Mapping[str, tuple[Lack, ...]]
    holes: tuple[Lack, ...]
    """Those of the lacks that lie between a pair's bars."""

    @property
    def frame(self) -> Timeframe:
        """Whose bars these are."""
        return FRAME_OF[self.key]


def _spec(frame: Timeframe) -> dg.AssetSpec:
    return dg.AssetSpec(
        ohlc_name(frame),
        deps=["pair_universe"],
        group_name="history",
        kinds={"kraken", "parquet"},
        owners=OWNERS,
        description=(
            f"Closed {frame.name} bars of every managed pair, by UTC month: open, high, low and "
            "close in quote per base, volume in base, number of trades. Exact decimals. Months "
            "that are over are filled from public trades, as far as the calls of a run reach."
        ),
        partitions_def=MONTHS,
        freshness_policy=_freshness(frame),
    )


def _freshness(frame: Timeframe) -> dg.FreshnessPolicy:
    """Tell it also where no run comes any more that could check it: every close makes one."""
    return dg.FreshnessPolicy.time_window(
        warn_window=frame.length + frame.max_lateness + GRACE,
        fail_window=2 * (frame.length + frame.max_lateness) + GRACE,
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
    context: dg.AssetExecutionContext, config: Past, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Fetch what closed since the last time, then say what is stored of the asked months.

    For a person also what months that are over lack is fetched, as far as sources have it.
    """
    # the longest first: the shortest bars are the freshest when the decisions come
    selected = sorted(context.selected_asset_keys, key=lambda key: -FRAME_OF[key].minutes)
    if DECIDES_FOR in context.run.tags:
        for key in selected:
            yield _of_a_close(context, key, pipeline)
        return
    fetched = {key: _fetched(context, key, pipeline) for key in selected}
    frames = [FRAME_OF[key] for key in selected]
    _mend(context, config, pipeline, frames)
    made = _fill(context, config, pipeline, frames)
    bare: dict[str, list[str]] = {}
    for key, done in fetched.items():
        of = kept_of(pipeline, FRAME_OF[key])
        told = _told(context, key, done, of, pipeline)
        missing = [each for each in context.partition_keys if _is_bare(told, each, pipeline)]
        yield from _by_hand(context, told, of, made, pipeline, missing)
        if missing:
            bare[told.frame.name] = missing
    if bare:
        raise _nothing_of(bare, made)


def _of_a_close(
    context: dg.AssetExecutionContext, key: dg.AssetKey, pipeline: Pipeline
) -> dg.MaterializeResult[None]:
    """Bring a timeframe up to date, and look only at what is new: a decision waits for it."""
    frame, month = FRAME_OF[key], context.partition_keys[-1]
    done, now = _fetched(context, key, pipeline), pipeline.clock()
    report = pipeline.month_report(frame, month, now, whole=False)
    holes: tuple[Lack, ...] = ()
    if report.missing:
        of = kept_of(pipeline, frame)
        found = lacks_by_month(of, [month], now)[month]
        holes = tuple(each for each in between(of, found) if each.pair in report.missing)
    told = Told(key=key, done=done, reports={month: report}, lacks={}, holes=holes)
    return dg.MaterializeResult(
        asset_key=key,
        metadata=words.figures(frame, done, report, now),
        check_results=list(_checks(told, now)),
    )


def _fetched(context: dg.AssetExecutionContext, key: dg.AssetKey, pipeline: Pipeline) -> Refreshed:
    """Fetch what is new; what a second try can not mend is not tried again."""
    frame = FRAME_OF[key]
    try:
        done = pipeline.refresh_bars(frame)
    except (ConfigurationError, InvalidValueError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if done.asked:
        context.log.info("%s: %s new bars of %s pairs", frame.name, done.added, done.asked)
    _report_other_months(context, key, done)
    return done


def _report_other_months(
    context: dg.AssetExecutionContext, key: dg.AssetKey, done: Refreshed
) -> None:
    """Show every month that bars were added to, not only the one that was asked for."""
    if done.first_opened_at is None:
        return
    last = datetime.fromisoformat(context.partition_keys[-1]).replace(tzinfo=UTC)
    for month in months(done.first_opened_at, last):
        if month not in context.partition_keys:
            context.log_event(dg.AssetMaterialization(key, partition=month))


def _mend(
    context: dg.AssetExecutionContext,
    config: Past,
    pipeline: Pipeline,
    frames: Sequence[Timeframe],
) -> None:
    """Fetch holes among the newest bars, which cost a call and no trades."""
    only = frozenset(config.pairs)
    try:
        done = mend_tails(
            pipeline, frames, now=pipeline.clock(), max_calls=config.max_calls, only=only
        )
    except ConflictError as busy:
        context.log.warning("holes among the newest bars stay for now: %s", busy)
        return
    if done.calls:
        added = ", ".join(f"{count} of {name}" for name, count in done.added.items() if count)
        context.log.info("%s calls filled holes: %s", done.calls, added or "nothing was told")
    for pair, why in done.failures.items():
        context.log.warning("%s: %s", pair, why)


def _fill(
    context: dg.AssetExecutionContext,
    config: Past,
    pipeline: Pipeline,
    frames: Sequence[Timeframe],
) -> Filled:
    """Read the trades of what no source was asked for yet, in the months that are over."""
    now = pipeline.clock()
    over = [each for each in context.partition_keys if is_over(each, now)]
    lacking: dict[str, set[str]] = {month: set() for month in over}
    for frame in frames if over and config.max_calls else ():
        for month, found in lacks_by_month(kept_of(pipeline, frame), over, now).items():
            lacking[month] |= {each.pair for each in found if each.is_reachable}
    if not any(lacking.values()):
        return Filled()
    made = fill_months(
        pipeline,
        {month: frozenset(pairs) for month, pairs in lacking.items()},
        now=now,
        max_calls=config.max_calls,
        only=frozenset(config.pairs),
    )
    context.log.info("%s calls told %s trades: %s", made.calls, made.trades, words.filled(made))
    return made


def _told(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    done: Refreshed,
    of: Kept,
    pipeline: Pipeline,
) -> Told:
    now = pipeline.clock()
    lacks = lacks_by_month(of, context.partition_keys, now)
    return Told(
        key=key,
        done=done,
        reports={
            month: pipeline.month_report(of.frame, month, now, whole=True)
            for month in context.partition_keys
        },
        lacks=lacks,
        holes=between(of, [each for found in lacks.values() for each in found]),
    )


def _is_bare(told: Told, month: str, pipeline: Pipeline) -> bool:
    """Tell whether nothing is stored of a month that is over, and nobody knows why."""
    is_known = bool(told.reports[month].rows) or not told.lacks[month]
    return not is_known and is_over(month, pipeline.clock())


def _by_hand(
    context: dg.AssetExecutionContext,
    told: Told,
    of: Kept,
    made: Filled,
    pipeline: Pipeline,
    bare: Sequence[str],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Show each month with its own figures; one of which there is nothing is not shown as done."""
    now = pipeline.clock()
    metadata: dict[str, dict[str, Any]] = {
        month: words.figures(told.frame, told.done, report, now)
        | words.lacking(told.lacks[month], told.frame)
        for month, report in told.reports.items()
        if month not in bare
    }
    if metadata:
        newest = max(metadata)
        metadata[newest] |= words.filled(made) | words.speeds(speeds_of(pipeline))
        if PLOTS not in context.run.tags:
            metadata[newest] |= words.pictures(pipeline, of, newest, now)
    checks = list(_checks(told, now))
    if bare:
        for month, figures in metadata.items():
            context.log_event(dg.AssetMaterialization(told.key, partition=month, metadata=figures))
        yield from checks
        return
    for month, figures in metadata.items():
        context.add_asset_metadata(figures, asset_key=told.key, partition_key=month)
    yield dg.MaterializeResult(asset_key=told.key, check_results=checks)


def _nothing_of(bare: Mapping[str, Sequence[str]], made: Filled) -> dg.Failure:
    """Say of which months nothing could be had; what could be is kept and shown."""
    said = "; ".join(
        f"{name}: {len(found)} months, {found[0][:7]} to {found[-1][:7]}"
        for name, found in bare.items()
    )
    return dg.Failure(
        f"nothing is stored of {said}. The exchange's candles do not reach back so far: import its "
        "OHLCVT archive with `kraken-pipeline history import`, read trades with `kraken-pipeline "
        "history fetch`, or launch it again with a higher max_calls",
        metadata=words.filled(made),
        allow_retries=False,
    )


def _checks(told: Told, now: datetime) -> Iterator[dg.AssetCheckResult]:
    reports = told.reports.values()
    newest = max((each.newest_close for each in reports if each.newest_close), default=None)
    due = last_close(told.frame, now)
    # a bar belongs to the month in which it opened: on the first of a month none may be due yet
    is_due = month_of(due - told.frame.length) in told.reports
    repeated, unclosed = (
        sum(getattr(each, name) for each in reports) for name in ("duplicates", "unclosed")
    )
    verdicts: dict[str, tuple[bool, dict[str, Any]]] = {
        "no_gaps": (not told.holes, words.lacking(told.holes, told.frame)),
        "sound": (not repeated + unclosed, {"repeated": repeated, "unclosed": unclosed}),
        "fresh": (not is_due or newest == due, {"newest": str(newest), "due": str(due)}),
    }
    for name, (passed, figures) in verdicts.items():
        yield dg.AssetCheckResult(
            asset_key=told.key,
            check_name=name,
            passed=passed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=figures,
        )
