"""Protections: what must have happened, within which time, for buying to pause, and for how long.

Each is judged at every event that could have been the last straw, with the time before that event
as its window. So the same events give the same locks whenever somebody looks: at once, hours
later, after a restart, or in a backtest. A protection only ever locks; it never allows anything.

Source: RSK-7; cooldown, stop-loss guard, max drawdown and low profit pairs are as freqtrade's
documentation describes its protections of these names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.locks import Lock, LockKind
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.round_trips import RoundTrip


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """One entry of `risk.protections`."""

    kind: LockKind
    by_pair: bool
    """Whether each pair is judged and locked by itself; else all of them together."""
    window: timedelta
    """Before the event that is judged."""
    lock: timedelta
    count: int
    """So many events at least, above zero; of a streak, so many in a row."""
    threshold: Decimal
    """A share of the cost (stop-loss guard, low profit pair) or of equity (max drawdown), basis
    points (slippage guard), or times the usual (volatility spike); else of no meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An order that reached the exchange, or was refused, and what became of it."""

    local_id: str
    pair: str
    at: datetime
    is_rejected: bool
    """Refused, or canceled by the exchange without a fill (F-SUB-8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """How much worse than at the price of its decision an order filled."""

    local_id: str
    pair: str
    at: datetime
    bps: Decimal
    """Below zero where it was better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """How much a pair moved in a bar."""

    pair: str
    at: datetime
    """The bar's close."""
    times: Decimal | None
    """Of what is usual; None where that cannot be told, which is as bad as too much."""
    said: str
    """The figures behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What happened, as far back as the longest window and lock together reach."""

    round_trips: Sequence[RoundTrip] = ()
    endings: Sequence[Ending] = ()
    slips: Sequence[Slip] = ()
    swings: Sequence[Swing] = ()
    equity: Decimal = ZERO
    """In base currency; zero where it is not known: then any loss is too much."""


Event = RoundTrip | Ending | Slip | Swing
# the events of a window, the oldest first, with the equity: why it locks, or nothing. `Any`: each
# judge knows of what kind the events of its protection are
_Judge = Callable[[Protection, Sequence[Any], Decimal], str]


def _cooldown(told: Protection, trips: Sequence[RoundTrip], equity: Decimal) -> str:
    return f"a position was closed at {trips[-1].at:%F %H:%M}"


def _stop_losses(told: Protection, trips: Sequence[RoundTrip], equity: Decimal) -> str:
    found = [each for each in trips if each.is_stopped and each.share < told.threshold]
    # only one more of them is a last straw
    if len(found) < told.count or trips[-1] is not found[-1]:
        return ""
    return f"stopped={len(found)}, max={told.count - 1}"


def _drawdown(told: Protection, trips: Sequence[RoundTrip], equity: Decimal) -> str:
    if len(trips) < told.count:
        return ""
    won = peak = fall = ZERO
    for each in trips:
        won += each.profit
        peak = max(peak, won)
        fall = max(fall, peak - won)
    most = equity * told.threshold
    return f"drawdown={fall:.2f}, max={most:.2f}, trades={len(trips)}" if fall > most else ""


def _low_profit(told: Protection, trips: Sequence[RoundTrip], equity: Decimal) -> str:
    share = sum((each.share for each in trips), ZERO)
    if len(trips) < told.count or share >= told.threshold:
        return ""
    return f"profit={share * 100:.2f}%, min={told.threshold * 100:.2f}%, trades={len(trips)}"


def _losses(told: Protection, trips: Sequence[RoundTrip], equity: Decimal) -> str:
    last = trips[-told.count :]
    if len(last) < told.count or any(each.profit >= 0 for each in last):
        return ""
    return f"losses_in_a_row={len(last)}"


def _rejects(told: Protection, endings: Sequence[Ending], equity: Decimal) -> str:
    last = endings[-told.count :]
    if len(last) < told.count or not all(each.is_rejected for each in last):
        return ""
    return f"rejects_in_a_row={len(last)}"


def _slippage(told: Protection, slips: Sequence[Slip], equity: Decimal) -> str:
    mean = sum((each.bps for each in slips), ZERO) / len(slips)
    if len(slips) < told.count or mean <= told.threshold:
        return ""
    return f"slippage={mean:.1f} bps, max={told.threshold}, orders={len(slips)}"


def _volatility(told: Protection, swings: Sequence[Swing], equity: Decimal) -> str:
    newest = swings[-1]
    is_calm = newest.times is not None and newest.times <= told.threshold
    return "" if is_calm else f"{newest.said}, max={told.threshold} times the usual"


_JUDGES: Final[Mapping[LockKind, tuple[str, _Judge]]] = MappingProxyType(
    {
        LockKind.COOLDOWN: ("round_trips", _cooldown),
        LockKind.STOP_LOSS_GUARD: ("round_trips", _stop_losses),
        LockKind.MAX_DRAWDOWN: ("round_trips", _drawdown),
        LockKind.LOW_PROFIT_PAIR: ("round_trips", _low_profit),
        LockKind.LOSS_STREAK: ("round_trips", _losses),
        LockKind.REJECT_STREAK: ("endings", _rejects),
        LockKind.SLIPPAGE_GUARD: ("slips", _slippage),
        LockKind.VOLATILITY_SPIKE: ("swings", _volatility),
    }
)
"""Which events a protection looks at, and how it judges them."""


def reach(protections: Sequence[Protection]) -> timedelta:
    """Return how far back events can matter now; nothing where nothing protects."""
    return max((each.window + each.lock for each in protections), default=timedelta())


def locks_due(protections: Sequence[Protection], seen: Evidence, now: datetime) -> tuple[Lock, ...]:
    """Return the locks that hold at `now`: of each protection and pair the one that ends last.

    Args:
        protections: what protects.
        seen: what happened; an exchange's clock may put it a little after `now`.
        now: the present.
    """
    return tuple(
        lock
        for protection in protections
        for pair, events in _grouped(protection, seen)
        if (lock := _newest(protection, pair, events, seen.equity, now)) is not None
    )


def _grouped(protection: Protection, seen: Evidence) -> Iterator[tuple[str, list[Event]]]:
    """Yield pairs, or nothing for all, with their events, the oldest first."""
    found: defaultdict[str, list[Event]] = defaultdict(list)
    events: Sequence[Event] = getattr(seen, _JUDGES[protection.kind][0])
    for each in sorted(events, key=lambda each: (each.at, each.pair, _name_of(each))):
        found[each.pair if protection.by_pair else ""].append(each)
    yield from sorted(found.items())


def _newest(
    protection: Protection, pair: str, events: list[Event], equity: Decimal, now: datetime
) -> Lock | None:
    """Return the lock of the newest event that locks still."""
    judge = _JUDGES[protection.kind][1]
    for last in range(len(events) - 1, -1, -1):
        straw = events[last]
        if straw.at + protection.lock <= now:
            return None
        first = straw.at - protection.window
        window = [each for each in events[: last + 1] if each.at > first]
        reason = judge(protection, window, equity) if window else ""
        if reason:
            return _lock(protection, pair, straw, reason)
    return None


def _lock(protection: Protection, pair: str, straw: Event, reason: str) -> Lock:
    identity = digest(
        [
            protection.kind.value,
            protection.by_pair,
            int(protection.window.total_seconds()),
            int(protection.lock.total_seconds()),
            protection.count,
            protection.threshold,
            pair,
            straw.at,
            _name_of(straw),
        ]
    )
    return Lock(
        lock_id="K" + identity[:16],
        kind=protection.kind,
        pair=pair,
        since=straw.at,
        until=straw.at + protection.lock,
        reason=reason,
    )


def _name_of(event: Event) -> str:
    if isinstance(event, RoundTrip):
        return event.trade_id
    return "" if isinstance(event, Swing) else event.local_id
