"""Whether the account's stream is heard: said where it changes, and as a check at any time."""

import dagster as dg

from kraken_pipeline.defs.partitions import OWNERS
from kraken_pipeline.defs.watching import evaluation, when_changed
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.stream_sign import StreamSign, stream_sign

ASSET = "stream"
CHECK = "stream_is_heard"
POLLED = "no listener was started: orders are polled; `kraken-pipeline stream` starts one"

heard_live = dg.AssetSpec(
    ASSET,
    group_name="market",
    kinds={"kraken"},
    owners=OWNERS,
    description=(
        "What `kraken-pipeline stream` hears of market and account, in a process of its own: "
        "quotes, candles, fills. Nothing here makes it; its checks say how it is."
    ),
)
"""It is apart from what runs make, so that no step of a close ever waits for one of its checks."""


@dg.asset_check(asset=ASSET, name=CHECK)
def stream_is_heard(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    """The listener of the private stream, where one was started, is there and is told."""
    sign = _sign(pipeline)
    return dg.AssetCheckResult(
        passed=_is_well(sign),
        severity=dg.AssetCheckSeverity.WARN,
        description=_said(sign),
        metadata=_figures(sign),
    )


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def private_stream(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Watch the listener of the private stream; a check tells when it is lost and when it is back.

    It starts nothing: `kraken-pipeline stream` is a process of its own.
    """
    sign = _sign(pipeline)
    now = "polled" if sign is None else "heard" if _is_well(sign) else "lost"
    told = evaluation(ASSET, CHECK, _said(sign), passed=_is_well(sign), figures=_figures(sign))
    return when_changed(context, now, told, at_first="polled")


def _sign(pipeline: Pipeline) -> StreamSign | None:
    return stream_sign(pipeline.loaded.data_dir, system_now())


def _is_well(sign: StreamSign | None) -> bool:
    """Who never started a listener misses none."""
    return sign is None or (sign.is_alive and sign.is_told)


def _said(sign: StreamSign | None) -> str:
    return POLLED if sign is None else f"the private stream is {sign.said}"


def _figures(sign: StreamSign | None) -> dict[str, int]:
    if sign is None:
        return {}
    age = {} if sign.age is None else {"age_seconds": int(sign.age.total_seconds())}
    return {"gaps": sign.gaps, **age}
