"""Time as Dagster cuts it: UTC months; and what a run may still decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import dagster as dg

from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe

FIRST_MONTH: Final = "2013-10-01"
"""Kraken's first candles are of October 2013."""
MONTHS: Final = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, timezone="UTC", end_offset=1)
BAR_CLOSE: Final = "kraken/bar_close"
"""Run tag: the close that a schedule's run is for, ISO-8601."""
PLOTS: Final = "kraken/plots"
"""Run tag: `no` where time matters more than pictures."""
DECIDES_FOR: Final = "kraken/decides_for"
"""Run tag: `trade` on what the schedule or a cycle starts. What a person materialises has none, is
research, and can place no order."""
CONFIG_HASH: Final = "kraken/config_hash"
"""Run tag: the configuration under which the run was asked for (CFG-4)."""
OWNERS: Final = ["team:kraken-pipeline"]


def ohlc_name(frame: Timeframe) -> str:
    """Name the asset of a timeframe's bars."""
    return f"ohlc_{frame.name}"


def decisions_name(frame: Timeframe) -> str:
    """Name the asset of a timeframe's decisions."""
    return f"decisions_{frame.name}"


FRAME_OF: Final[Mapping[dg.AssetKey, Timeframe]] = {
    dg.AssetKey(name(frame)): frame
    for frame in TIMEFRAMES.values()
    for name in (ohlc_name, decisions_name)
}


def month_of(moment: datetime) -> str:
    """Return the partition that a moment belongs to."""
    return f"{moment:%Y-%m}-01"


def moment_of(tags: Mapping[str, str], now: datetime) -> datetime:
    """Return the close that a run is for; now, for a run by hand.

    A run that comes late answers for its own close, never for the one after it.
    """
    due = tags.get(BAR_CLOSE)
    return now if due is None else datetime.fromisoformat(due)


def lateness(frame: Timeframe, tags: Mapping[str, str], now: datetime) -> str:
    """Say by how much a scheduled run is too late to decide; nothing if it is in time.

    A run by hand has no close that it is late for.
    """
    due = tags.get(BAR_CLOSE)
    if due is None:
        return ""
    late = now - datetime.fromisoformat(due)
    if late <= frame.max_lateness:
        return ""
    return (
        f"LATE: {late.total_seconds():.0f} s after the close, "
        f"at most {frame.max_lateness.total_seconds():.0f} s"
    )
