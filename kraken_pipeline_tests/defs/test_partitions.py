from datetime import UTC, datetime, timedelta

import pytest

from kraken_pipeline.defs.partitions import (
    BAR_CLOSE,
    FRAME_OF,
    MONTHS,
    lateness,
    moment_of,
    month_of,
)
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe

DUE = datetime(2024, 3, 1, tzinfo=UTC)
FOR_DUE = {BAR_CLOSE: DUE.isoformat()}


def test_every_timeframe_has_bars_and_decisions() -> None:
    names = {key.to_user_string() for key in FRAME_OF}

    assert names == {f"{kind}_{name}" for kind in ("ohlc", "decisions") for name in TIMEFRAMES}


def test_the_month_that_runs_is_a_partition() -> None:
    assert month_of(DUE) in MONTHS.get_partition_keys(current_time=DUE)
    assert MONTHS.get_partition_keys(current_time=DUE)[0] == "2013-10-01"


@pytest.mark.parametrize("frame", TIMEFRAMES.values(), ids=str)
def test_a_run_is_late_one_second_after_its_bound(frame: Timeframe) -> None:
    assert lateness(frame, FOR_DUE, DUE + frame.max_lateness) == ""
    late = lateness(frame, FOR_DUE, DUE + frame.max_lateness + timedelta(seconds=1))
    assert late.startswith("LATE: ")
    assert f"at most {frame.max_lateness.total_seconds():.0f} s" in late


def test_a_run_by_hand_is_for_now_and_never_late() -> None:
    now = DUE + timedelta(days=3)

    assert moment_of({}, now) == now
    assert lateness(TIMEFRAMES["1m"], {}, now) == ""


def test_a_run_of_the_schedule_is_for_its_close_however_late() -> None:
    assert moment_of(FOR_DUE, DUE + timedelta(days=3)) == DUE
