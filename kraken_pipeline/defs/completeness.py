"""Whether each timeframe's whole history is there or proven to be absent: one step for all six."""

from collections.abc import Iterator

import dagster as dg

from kraken_pipeline.defs import history_words as words
from kraken_pipeline.defs import plots
from kraken_pipeline.defs.partitions import ohlc_name
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.services.completeness import lacks
from kraken_pipeline.wiring.past_months import kept_of
from kraken_pipeline.wiring.pipeline import Pipeline

CHECK = "complete"


@dg.multi_asset_check(
    name="history_is_complete",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=ohlc_name(frame),
            description=(
                f"From the oldest stored {frame.name} bar on, every pair has every bar, or its "
                "certificate proves that there was none."
            ),
        )
        for frame in TIMEFRAMES.values()
    ],
    can_subset=True,
)
def history_is_complete(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterator[dg.AssetCheckResult]:
    """Judge every bar of every pair by its certificate; no close waits for it."""
    selected = {each.asset_key for each in context.selected_asset_check_keys}
    for frame in TIMEFRAMES.values():
        if dg.AssetKey(ohlc_name(frame)) in selected:
            yield _verdict(pipeline, frame)


def _verdict(pipeline: Pipeline, frame: Timeframe) -> dg.AssetCheckResult:
    now = pipeline.clock()
    of = kept_of(pipeline, frame)
    first = min((each[0][0] for each in of.present.values() if each), default=None)
    due = int((last_close(frame, now) - EPOCH).total_seconds())
    found = () if first is None else lacks(of, (first, due))
    picture = words.coverage_picture(of, now)
    drawn = {} if picture is None else {"coverage": plots.embedded("coverage", picture)}
    return dg.AssetCheckResult(
        asset_key=ohlc_name(frame),
        check_name=CHECK,
        passed=first is not None and not found,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if first is not None else "no bar is stored",
        metadata={
            **words.lacking(found, frame),
            "pairs": len(of.present),
            **{name: dg.MetadataValue.md(text) for name, text in drawn.items()},
        },
    )
