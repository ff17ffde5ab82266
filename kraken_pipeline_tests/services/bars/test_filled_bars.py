"""Bars in which nothing traded, filled in for who wants them so."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.bars.filled_bars import filled
from kraken_pipeline.strategies.base import COLUMNS, Bars

FIRST = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
ROWS = 12
UNTIL = FIRST + ROWS * 3600


def bars(absent: set[int]) -> Bars:
    """Return the hours of two pairs, of which the second lacks some."""
    opened = FIRST + 3600 * np.arange(ROWS, dtype=np.int64)
    close = np.column_stack([np.arange(ROWS) + 100.0] * 2)
    close[sorted(absent), 1] = np.nan
    columns = {name: close + at for at, name in enumerate(COLUMNS)}
    return Bars(frame=timeframe("1h"), pairs=("A", "B"), opened_at=opened, **columns)


def silent(*rows: int) -> dict[str, list[list[int]]]:
    return {"B": [[FIRST + 3600 * row, FIRST + 3600 * (row + 1)] for row in rows]}


def test_a_silent_bar_repeats_the_close_before_it() -> None:
    found, flags = filled(bars({3, 4}), {"B": [[FIRST + 3 * 3600, FIRST + 5 * 3600]]}, until=UNTIL)

    close = bars(set()).close[2, 1]
    for name in ("open", "high", "low", "close"):
        assert found.column(name)[3:5, 1].tolist() == [close, close]
    assert found.volume[3:5, 1].tolist() == [0, 0]
    assert np.argwhere(flags).tolist() == [[3, 1], [4, 1]]


def test_before_the_first_bar_and_from_an_instant_on_nothing_is_made_up() -> None:
    told = bars({0, 1, 11})

    found, flags = filled(told, silent(0, 1, 11), until=UNTIL - 3600)

    assert found.digest() == told.digest()
    assert not flags.any()


@given(absent=st.sets(st.integers(0, ROWS - 1)), proven=st.sets(st.integers(0, ROWS - 1)))
def test_no_bar_that_is_there_is_touched_and_no_hole_without_proof_is_filled(
    absent: set[int], proven: set[int]
) -> None:
    told = bars(absent)

    found, flags = filled(told, silent(*sorted(proven)), until=UNTIL)

    there = ~np.isnan(told.close)
    assert (found.close[there] == told.close[there]).all()
    assert not (flags & there).any()
    assert set(np.flatnonzero(flags[:, 1])) <= absent & proven
    assert (np.isnan(found.close) == (~there & ~flags)).all()
