"""Whether closes are decided by the warm worker: said where it changes, and as a check."""

import dagster as dg

from kraken_pipeline.defs.stream import ASSET
from kraken_pipeline.defs.watching import evaluation, when_changed
from kraken_pipeline.defs.workers import bury_dead
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.warm_sign import FALLBACK, WarmSign, warm_sign

CHECK = "closes_are_warm"
COLD = f"no warm worker was started: {FALLBACK}; `kraken-pipeline stream` starts one"


@dg.asset_check(asset=ASSET, name=CHECK)
def closes_are_warm(pipeline: dg.ResourceParam[Pipeline]) -> dg.AssetCheckResult:
    """The warm worker, where one was started, is there and decides closes."""
    sign = _sign(pipeline)
    return dg.AssetCheckResult(
        passed=_is_well(sign), severity=dg.AssetCheckSeverity.WARN, description=_said(sign)
    )


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def warm_worker(
    context: dg.SensorEvaluationContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.SensorResult | dg.SkipReason:
    """Watch the warm worker; a check tells when it is lost and when it is back.

    It starts nothing: `kraken-pipeline stream` keeps one running. Meanwhile closes go by the
    schedule, as they do where there never was one. Runs that a dead one left are marked as failed.
    """
    bury_dead(context.instance, pipeline)
    sign = _sign(pipeline)
    now = "cold" if sign is None else "warm" if _is_well(sign) else "lost"
    told = evaluation(ASSET, CHECK, _said(sign), passed=_is_well(sign))
    return when_changed(context, now, told, at_first="cold")


def _sign(pipeline: Pipeline) -> WarmSign | None:
    return warm_sign(pipeline.loaded.data_dir, system_now())


def _is_well(sign: WarmSign | None) -> bool:
    """Who never started a worker misses none."""
    return sign is None or (sign.is_alive and not sign.hindrance)


def _said(sign: WarmSign | None) -> str:
    return COLD if sign is None else f"the warm worker is {sign.said}"
