"""What buying everything at first and doing nothing would have come to: what a strategy must beat.

Bought are the pairs that have a price then, for the same amount each; what is listed later is not.
"""

from datetime import date
from typing import Final

import numpy as np

from kraken_pipeline.strategies.base import Bars, Floats

DAY_SECONDS: Final = 86_400


def ends_of_days(bars: Bars) -> tuple[list[date], Floats]:
    """Return the UTC days in which bars ended, and at what each pair stood at the end of each.

    Args:
        bars: of a day or shorter; a day that has just begun ends with its newest bar.
    """
    # a bar that closes at midnight is the last of the day before
    day = (bars.opened_at + bars.frame.seconds - 1) // DAY_SECONDS
    last = np.flatnonzero(np.diff(day, append=day[-1:] + 1))
    days: list[date] = day[last].astype("datetime64[D]").tolist()
    return days, _carried(bars.close)[last]


def held(closes: Floats, fee: float) -> Floats:
    """Return what one unit of equity is worth at each row; none of rows without any price.

    A pair that stops having prices keeps its last one: it is nowhere sold.

    Args:
        closes: rows are times, columns are pairs, in quote per base; NaN where there is no bar.
        fee: of buying, as a share; it is not sold again.
    """
    if not closes.size:
        return np.empty(0)
    filled = _carried(closes)
    there = ~np.isnan(filled[0])
    if not there.any():
        return np.empty(0)
    worth: Floats = (filled[:, there] / filled[0, there]).mean(axis=1) * (1 - fee)
    return worth


def _carried(closes: Floats) -> Floats:
    """Return closes with each hole filled by the one before."""
    rows = np.arange(len(closes))[:, None]
    known = np.maximum.accumulate(np.where(np.isnan(closes), 0, rows), axis=0)
    return np.take_along_axis(closes, known, axis=0)
