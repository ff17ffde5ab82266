"""How pairs usually trade, and which move as one, from stored daily bars."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.habits import Habit
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.market.kin import kin_of
from kraken_pipeline.services.ports.bars import BarReading
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
        for pair, found in zip(stored.pairs, _medians(traded), strict=True)
        if found is not None
    }
    kin = kin_of(bars, names, rules=rules, notional=notional, now=now) if compares else {}
    return {
        each: Habit(notional=notional.get(each), leader=kin[each].leader if each in kin else None)
        for each in names
    }


def _medians(traded: Floats) -> list[Decimal | None]:
    """Return the median of what is known of each pair; None where too few days are.

    Pairs with as many days are looked at together: most have all of them.
    """
    in_order = np.sort(traded, axis=0)  # what is not known stands last
    days = (~np.isnan(in_order)).sum(axis=0)
    found: list[Decimal | None] = [None] * len(days)
    for count in np.unique(days[days >= DAYS_NEEDED]).tolist():
        alike = np.flatnonzero(days == count)
        middle = np.median(in_order[:count, alike], axis=0)
        for column, each in zip(alike.tolist(), middle.tolist(), strict=True):
            found[column] = Decimal(f"{each:.2f}")
    return found
