"""Protections judged over what happened, and their locks kept; a person may clear them (RSK-7)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

import numpy as np

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.protections import (
    Ending,
    Evidence,
    Protection,
    Slip,
    Swing,
    locks_due,
    reach,
)
from kraken_pipeline.domain.round_trips import RoundTrip
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close
from kraken_pipeline.services.bars.newest_bars import newest_close
from kraken_pipeline.services.ports.bars import BarReading
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.strategies.base import Bars, Floats

BY: Final = "protections"
"""Who locks."""


class LockStore(Protocol):
    """Where locks are kept."""

    def add(self, some: Sequence[Lock], *, at: datetime, by: str) -> tuple[Lock, ...]:
        """Keep the locks whose cause never locked before, and return them."""
        ...


class LockEvidence(Protocol):
    """What happened, as books and orders tell it."""

    def round_trips(self, since: datetime) -> tuple[RoundTrip, ...]:
        """Return what strategies closed after an instant."""
        ...

    def endings(self, since: datetime) -> tuple[Ending, ...]:
        """Return what became of the orders that were planned after an instant."""
        ...

    def slips(self, since: datetime) -> tuple[Slip, ...]:
        """Return how far from their decisions' prices orders filled after an instant."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """How a spike of volatility is told."""

    frame: Timeframe
    bars: int
    """Before the newest one, of which the usual move is taken."""

    def newest(self, protections: Sequence[Protection]) -> int:
        """Return of how many bars the move can still lock, at least one."""
        spikes = [each.lock for each in protections if each.kind is LockKind.VOLATILITY_SPIKE]
        return max(int(max(spikes, default=timedelta()) / self.frame.length), 1)

    def needed(self, protections: Sequence[Protection]) -> int:
        """Return how many bars are looked at."""
        return self.bars + self.newest(protections) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LockDesk:
    """What judging needs."""

    protections: tuple[Protection, ...]
    calm: Calm | None
    """None where no protection asks for volatility."""
    locks: LockStore
    evidence: LockEvidence
    bars: Callable[[], BarReading]
    """Gives the bars, only where volatility is asked for."""
    equity: Callable[[], Decimal]
    """In base currency, zero where it is not known."""
    clock: Clock


def judge(desk: LockDesk, pairs: Collection[str] = ()) -> tuple[Lock, ...]:
    """Judge every protection and keep what locks; return what is new.

    The same events give the same locks, and none is kept twice: what a person cleared stays
    cleared until something else happens.

    Args:
        desk: what is needed.
        pairs: of which it is asked whether they are calm.
    """
    if not desk.protections:
        return ()
    now = desk.clock()
    seen = _evidence(desk, sorted(pairs), now)
    return desk.locks.add(locks_due(desk.protections, seen, now), at=now, by=BY)


def _evidence(desk: LockDesk, pairs: Sequence[str], now: datetime) -> Evidence:
    since = max(now - reach(desk.protections), EPOCH)
    asked = {each.kind for each in desk.protections}
    by_trades = asked - {
        LockKind.REJECT_STREAK,
        LockKind.SLIPPAGE_GUARD,
        LockKind.VOLATILITY_SPIKE,
    }
    return Evidence(
        round_trips=desk.evidence.round_trips(since) if by_trades else (),
        endings=desk.evidence.endings(since) if LockKind.REJECT_STREAK in asked else (),
        slips=desk.evidence.slips(since) if LockKind.SLIPPAGE_GUARD in asked else (),
        swings=() if desk.calm is None else _swings(desk, desk.calm, pairs, now),
        equity=desk.equity() if LockKind.MAX_DRAWDOWN in asked else ZERO,
    )


def _swings(desk: LockDesk, calm: Calm, pairs: Sequence[str], now: datetime) -> tuple[Swing, ...]:
    """Return how the pairs moved in each bar whose move can still lock them."""
    if not pairs:
        return ()
    closed_at = last_close(calm.frame, now)
    count = calm.needed(desk.protections)
    try:
        bars = desk.bars().read(calm.frame, pairs, closed_by=closed_at, count=count)
    except StorageError as failure:
        # what sells must not wait for it (RSK-6)
        return tuple(
            Swing(pair=each, at=closed_at, times=None, said=str(failure)) for each in pairs
        )
    known = newest_close(bars, closed_at)
    return swings(bars, calm, known, newest=calm.newest(desk.protections))


def swings(bars: Bars, calm: Calm, closed_at: datetime, *, newest: int) -> tuple[Swing, ...]:
    """Return how much pairs moved in their newest bars, against the bars before each.

    A pair without a bar did not move then. But where no pair has one, bars were not fetched, and
    what has no bar before it has no usual: neither can be told.

    Args:
        bars: as many as `calm.bars + newest + 1`.
        calm: what is usual.
        closed_at: close of the newest bar that is over.
        newest: of how many bars.
    """
    closes = _aligned(bars, closed_at, calm.bars + newest + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = np.abs(closes[1:] / closes[:-1] - 1)
    found = []
    for back in range(newest):
        row = len(moves) - 1 - back
        usual, now = moves[row - calm.bars : row].mean(axis=0), moves[row]
        at = closed_at - back * calm.frame.length
        for column, pair in enumerate(bars.pairs):
            found.append(_swing(pair, at, float(now[column]), float(usual[column]), calm))
    return tuple(found)


def _aligned(bars: Bars, closed_at: datetime, count: int) -> Floats:
    """Return closes up to an instant, a row a bar; see `swings` for what is missing."""
    rows = np.full((count, len(bars.pairs)), np.nan)
    first = int(closed_at.timestamp()) - count * bars.frame.seconds
    places = (bars.opened_at - first) // bars.frame.seconds
    inside = (places >= 0) & (places < count)
    rows[places[inside]] = bars.close[inside]
    was_fetched = ~np.isnan(rows).all(axis=1)
    for row in range(1, count):
        if was_fetched[row]:
            rows[row] = np.where(np.isnan(rows[row]), rows[row - 1], rows[row])
    return rows


def _swing(pair: str, at: datetime, now: float, usual: float, calm: Calm) -> Swing:
    said = f"move={now * 100:.3f}%, usual={usual * 100:.3f}%, bar={calm.frame.name}"
    if np.isnan(now) or np.isnan(usual):
        said = f"bars of {calm.frame.name} are missing before {at:%F %H:%M}"
        return Swing(pair=pair, at=at, times=None, said=said)
    if not usual:
        # nothing moved before: anything is a spike, nothing is none
        return Swing(pair=pair, at=at, times=Decimal("Infinity") if now else ZERO, said=said)
    return Swing(pair=pair, at=at, times=Decimal(f"{now / usual:.6f}"), said=said)
