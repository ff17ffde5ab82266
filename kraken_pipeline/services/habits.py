"""How pairs usually trade, and which move as one, from stored daily bars."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.kin import kin_of
from kraken_pipeline.services.ports import BarReading
from kraken_pipeline.strategies.base import Floats

DAYS: Final = 30
"""Over how many days a median is taken."""
DAYS_NEEDED: Final = 7
"""Stored days without which there is no telling what is usual."""


def habits_of(
    bars: BarReading,
    pairs: Collection[str],
    now: datetime,
    *,
    rules: UniverseRules,
    compares: bool,
) -> dict[str, Habit]:
    """Return what is usual of each pair.

    Args:
        bars: where daily bars are stored.
        pairs: our names.
        now: bars that close later do not count.
        rules: over how many days, and from which correlation on, pairs move as one.
        compares: whether it matters what moves as one; it takes a second look at the bars.
    """
    names = sorted(pairs)
    stored = bars.read(timeframe("1d"), names, closed_by=now, count=DAYS)
    traded = stored.close * stored.volume
    notional = {
        pair: found
        for column, pair in enumerate(stored.pairs)
        if (found := _median(traded[:, column])) is not None
    }
    kin = kin_of(bars, names, rules=rules, notional=notional, now=now) if compares else {}
    return {
        each: Habit(notional=notional.get(each), leader=kin[each].leader if each in kin else None)
        for each in names
    }


def _median(traded: Floats) -> Decimal | None:
    """Return the median of what is known; None where too few days are."""
    known = traded[~np.isnan(traded)]
    return Decimal(f"{float(np.median(known)):.2f}") if len(known) >= DAYS_NEEDED else None
