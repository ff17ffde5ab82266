"""What sensors say of a process beside Dagster: a check, told when it is lost or back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import dagster as dg

NO_FIGURES: Final[Mapping[str, Any]] = MappingProxyType({})


def evaluation(
    asset: str, check: str, said: str, *, passed: bool, figures: Mapping[str, Any] = NO_FIGURES
) -> dg.AssetCheckEvaluation:
    """Return what a check of an asset says; it is never more than a warning.

    Args:
        asset: its name.
        check: of that asset.
        said: how it is, in a sentence.
        passed: whether that is well.
        figures: beside it.
    """
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=check,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=said,
        metadata=dict(figures),
    )


def when_changed(
    context: dg.SensorEvaluationContext, now: str, told: dg.AssetCheckEvaluation, *, at_first: str
) -> dg.SensorResult | dg.SkipReason:
    """Tell a check where something is not as it was when the sensor looked the last time.

    Args:
        context: of the sensor, whose cursor remembers how it was.
        now: how it is, in a word.
        told: the check of now.
        at_first: how it is taken to have been before the first look.
    """
    said = dg.SkipReason(told.description)
    if now == (context.cursor or at_first):
        return said
    context.update_cursor(now)
    return dg.SensorResult(asset_events=[told], skip_reason=said)
