"""Looks through the eyes of a sensor that watches a process beside Dagster."""

import dagster as dg

from kraken_pipeline_tests.defs.runs import Runs


def look(
    sensor: dg.SensorDefinition, runs: Runs, cursor: str | None
) -> tuple[list[bool], str, str | None]:
    """Return what the sensor tells as checks, its words, and what it remembers."""
    context = dg.build_sensor_context(
        instance=runs.instance, cursor=cursor, resources={"pipeline": runs.pipeline}
    )
    result = sensor(context)
    if isinstance(result, dg.SkipReason):
        return [], str(result.skip_message), context.cursor
    assert isinstance(result, dg.SensorResult)
    checks = [each for each in result.asset_events if isinstance(each, dg.AssetCheckEvaluation)]
    assert result.skip_reason is not None
    said = str(result.skip_reason.skip_message)
    return [each.passed for each in checks], said, context.cursor
