from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kraken_pipeline.services.bars.newest_bars import newest_close
from kraken_pipeline_tests.services.backtest.runs import BEGUN, flat

HOUR = timedelta(hours=1)
CLOSED = BEGUN + 3 * HOUR
BARS = flat(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("late", "found"), [(0, CLOSED), (1, CLOSED - HOUR), (2, CLOSED)], ids=["new", "late", "old"]
)
def test_the_bar_before_the_last_will_do_and_no_older_one(late: int, found: datetime) -> None:
    bars = replace(BARS, opened_at=BARS.opened_at - late * 3600)

    assert newest_close(bars, CLOSED) == found


def test_without_any_bar_it_is_the_last_close() -> None:
    empty = replace(BARS, opened_at=np.array([], dtype=np.int64))

    assert newest_close(empty, datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 1, tzinfo=UTC)
