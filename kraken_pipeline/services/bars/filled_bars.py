"""Bars as a strategy sees them that wants no hole where nothing traded (HIS-4).

Stored they stay absent. What is made here repeats the close before it, with no volume and a flag,
as the exchange's own candles of such a time do.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from kraken_pipeline.strategies.base import COLUMNS, Bars, Flags


def filled(
    bars: Bars, silent: Mapping[str, Sequence[Sequence[int]]], *, until: int
) -> tuple[Bars, Flags]:
    """Return bars with those filled in that are proven not to exist, and which those are.

    Where no close is known before, none is made up.

    Args:
        bars: as they are stored.
        silent: pair to stretches (Unix seconds) in which nothing traded, by time.
        until: no bar that opens then or later is filled in.
    """
    columns = {name: np.array(bars.column(name)) for name in COLUMNS}
    close, flags = columns["close"], np.zeros(columns["close"].shape, dtype=np.bool_)
    for pair, stretches in silent.items():
        at = bars.pairs.index(pair)
        for first, last in stretches:
            begin, end = np.searchsorted(bars.opened_at, (first, min(last, until)))
            lacking = begin + np.flatnonzero(np.isnan(close[begin:end, at]))
            before = lacking[:1] - 1
            if before.size and before[0] >= 0 and not np.isnan(close[before[0], at]):
                for name in COLUMNS:
                    columns[name][lacking, at] = 0 if name == "volume" else close[before[0], at]
                flags[lacking, at] = True
    return Bars(frame=bars.frame, pairs=bars.pairs, opened_at=bars.opened_at, **columns), flags
