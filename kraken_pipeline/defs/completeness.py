"""Whether each timeframe's whole history is there, or proven to be absent.

An asset of its own: checks of the bars' assets come along with every run that touches those, and
no close may wait for a look at all of history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from kraken_pipeline.defs import history_words as words
from kraken_pipeline.defs import plots
from kraken_pipeline.defs.partitions import CONFIG_HASH, OWNERS, ohlc_name
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.services.bars.completeness import Lack, behind, lacks
from kraken_pipeline.wiring.past_months import kept_of
from kraken_pipeline.wiring.pipeline import Pipeline

ASSET = "history_coverage"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One timeframe's history."""

    frame: Timeframe
    stored: int
    """Bars."""
    lacks: Sequence[Lack]
    """Behind the first bar of their pair."""
    without: Sequence[str]
    """Pairs that have no bar at all."""
    picture: bytes | None
    """None where nothing is stored."""


def complete_name(frame: Timeframe) -> str:
    """Name the check of a timeframe."""
    return f"complete_{frame.name}"


@dg.asset(
    name=ASSET,
    deps=[ohlc_name(each) for each in TIMEFRAMES.values()],
    group_name="history",
    kinds={"parquet"},
    owners=OWNERS,
    check_specs=[
        dg.AssetCheckSpec(
            complete_name(frame),
            asset=ASSET,
            description=(
                f"From its oldest stored {frame.name} bar on, every pair has every bar, or its "
                "certificate proves that there was none."
            ),
        )
        for frame in TIMEFRAMES.values()
    ],
)
def history_coverage(
    pipeline: dg.ResourceParam[Pipeline],
) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it and knows no parameter
    """Stored bars by pair and month, as counts and pictures; each absence with its reason.

    Every bar of every pair is judged by its certificate.
    """
    judged = [_judged(pipeline, frame) for frame in TIMEFRAMES.values()]
    metadata: dict[str, Any] = {}
    for each in judged:
        metadata[f"bars_{each.frame.name}"] = each.stored
        lacking = words.lacking(each.lacks, each.frame)["uncertified_bars"]
        metadata[f"uncertified_bars_{each.frame.name}"] = lacking
        if each.picture is not None:
            shown = plots.embedded(f"{each.frame.name} bars by month", each.picture)
            metadata[f"coverage_{each.frame.name}"] = dg.MetadataValue.md(shown)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": sum(each.stored for each in judged), **metadata},
        check_results=[_verdict(each) for each in judged],
    )


def _judged(pipeline: Pipeline, frame: Timeframe) -> Judged:
    now = pipeline.clock()
    of = kept_of(pipeline, frame)
    first = min((each[0][0] for each in of.present.values() if each), default=None)
    due = int((last_close(frame, now) - EPOCH).total_seconds())
    stretches = [each for present in of.present.values() for each in present]
    return Judged(
        frame=frame,
        stored=sum(until - begin for begin, until in stretches) // frame.seconds,
        lacks=() if first is None else behind(of, lacks(of, (first, due))),
        without=tuple(sorted(pair for pair, each in of.present.items() if not each)),
        picture=words.coverage_picture(of, now),
    )


def _verdict(judged: Judged) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=complete_name(judged.frame),
        passed=bool(judged.stored) and not judged.lacks and not judged.without,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if judged.stored else "no bar is stored",
        metadata={
            **words.lacking(judged.lacks, judged.frame),
            "pairs_without_bars": len(judged.without),
            **({"without_bars": ", ".join(judged.without)} if judged.without else {}),
        },
    )


examine_history = dg.define_asset_job(
    "examine_history",
    selection=dg.AssetSelection.assets(ASSET),
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
    description="Judge all of history by its certificates. It reads only.",
)


@dg.schedule(
    job=examine_history,
    cron_schedule="27 0 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_coverage(
    context: dg.ScheduleEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.RunRequest:
    """Once a day, when no timeframe but the shortest closes."""
    return dg.RunRequest(
        run_key=context.scheduled_execution_time.isoformat(),
        tags={CONFIG_HASH: pipeline.loaded.hash},
    )
