"""What stored daily bars say of a pair: how old it is and how much it moves."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import Past
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.strategies.base import Floats

DAYS_A_YEAR: Final = 365
"""Days on which this market is open."""


def past_of(
    bars: BarStore, pairs: Sequence[str], *, now: datetime, days: int, volatility_days: int
) -> dict[str, Past]:
    """Return what is known of each pair that has a daily bar.

    Args:
        bars: where they are stored.
        pairs: our names.
        now: bars that close later do not count.
        days: how far back is looked at.
        volatility_days: over how many daily returns volatility is measured.
    """
    stored = bars.read(timeframe("1d"), pairs, closed_by=now, count=days)
    closes = stored.close
    return {
        pair: _past(closes[:, column], volatility_days)
        for column, pair in enumerate(stored.pairs)
        if not np.isnan(closes[:, column]).all()
    }


def _past(closes: Floats, volatility_days: int) -> Past:
    first = int(np.argmin(np.isnan(closes)))
    return Past(
        days=len(closes) - first,
        is_all=first > 0,
        volatility_pct=_volatility(closes[-volatility_days - 1 :], volatility_days),
    )


def _volatility(closes: Floats, wanted: int) -> Decimal | None:
    """Return the yearly volatility in percent; None where a close is missing."""
    if len(closes) <= wanted or np.isnan(closes).any() or closes.min() <= 0:
        return None
    daily = float(np.std(np.diff(np.log(closes)), ddof=1))
    return Decimal(f"{daily * DAYS_A_YEAR**0.5 * 100:.2f}")
