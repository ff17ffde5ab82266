"""Which pairs move as one, from stored daily bars: together they are one bet (UNI-2)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import Kin, UniverseRules
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.strategies.base import Floats

PLACES: Final = 4
"""Decimals of a correlation. What is kept and what is compared is the rounded one."""


def kin_of(
    bars: BarReading,
    pairs: Sequence[str],
    *,
    rules: UniverseRules,
    notional: Mapping[str, Decimal],
    now: datetime,
) -> dict[str, Kin]:
    """Return where each pair stands among those that move with it.

    From the one that trades most to the one that trades least, each pair joins the first leader
    with which it is correlated enough, or leads a cluster of its own. So the outcome is the same
    whatever the order of the pairs.

    Args:
        bars: where daily bars are stored.
        pairs: our names; one without a close for each day is left out.
        rules: over how many days, and from which correlation on.
        notional: what each trades in 24 h, in one currency, by our name.
        now: bars that close later do not count.
    """
    names = sorted(set(pairs), key=lambda each: (-notional.get(each, ZERO), each))
    if not names:
        return {}
    stored = bars.read(timeframe("1d"), names, closed_by=now, count=rules.cluster_days + 1)
    moves = _moves(stored.close, rules.cluster_days)
    column = {pair: at for at, pair in enumerate(stored.pairs)}
    known = [
        pair for pair in names if pair in column and not np.isnan(moves[:, column[pair]]).any()
    ]
    found: dict[str, Kin] = {}
    sizes: Counter[str] = Counter()
    for pair in known:
        leader, correlation = _leader(pair, list(sizes), moves, column, rules.cluster_correlation)
        sizes[leader] += 1
        found[pair] = Kin(leader=leader, rank=sizes[leader], correlation=correlation)
    return found


def _moves(closes: Floats, days: int) -> Floats:
    """Return daily log returns, each pair's of mean 0 and length 1; not-a-number where unknown.

    A price that never moved is alike to none: its returns stay 0.
    """
    if len(closes) <= days:
        return np.full((1, closes.shape[1]), np.nan)
    returns = np.diff(np.log(np.where(closes > 0, closes, np.nan)), axis=0)
    centred = returns - returns.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(length == 0, 1, length))


def _leader(
    pair: str,
    leaders: Sequence[str],
    moves: Floats,
    column: Mapping[str, int],
    least: Decimal,
) -> tuple[str, Decimal]:
    own = moves[:, column[pair]]
    for leader in leaders:
        correlation = Decimal(f"{float(own @ moves[:, column[leader]]):.{PLACES}f}")
        if correlation >= least:
            return leader, correlation
    return pair, Decimal(1)
