"""Latch what stops opening, and clear it with a reason."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, RefusedError
from kraken_pipeline.domain.halts import COOL_OFF, EVERYTHING, HaltKind, Scope
from kraken_pipeline.domain.money import PERCENT
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.services.ports.exchange import Clock
from kraken_pipeline.services.ports.halts import HaltStore

READS_LAG: Final = timedelta(seconds=120)
"""How far the exchange's ledger and its balances may be apart. Source: F-RD-5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitches:
    """What latches by itself, from the configuration."""

    max_drawdown_pct: Decimal
    """Fall of the unit price from its highest of 24 h, in percent."""
    max_daily_loss_pct: Decimal
    """Fall of the unit price since the UTC day began, in percent."""
    cool_off: timedelta
    """How long after a drawdown or a loss latched nobody may clear it (RSK-8)."""
    on_drift: bool
    """Whether a difference between books and balances latches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltDesk:
    """What latching and clearing need."""

    halts: HaltStore
    switches: KillSwitches
    has_panic_file: Callable[[], bool]
    clear_panic_file: Callable[[], None]
    clock: Clock
    """A person's: it must not wait for an exchange that does not answer."""
    market_clock: Clock
    """The one by which a breach was seen."""


def latch_breaches(
    desk: HaltDesk, snapshot: Snapshot, *, drifting_since: datetime | None, has_grave_drift: bool
) -> tuple[HaltKind, ...]:
    """Latch every kill switch that the snapshot breaches, and return those that are new.

    Args:
        desk: where it latches.
        snapshot: the newest.
        drifting_since: when the drift was first seen that it shows; None where it shows none.
        has_grave_drift: whether it differs by more than what only warns (PF-14).
    """
    breached = breaches(desk.switches, snapshot, drifting_since=drifting_since)
    if not has_grave_drift:
        breached.pop(HaltKind.DRIFT, None)
    return tuple(
        kind
        for kind, reason in breached.items()
        if desk.halts.latch(kind, reason=reason, at=snapshot.at, by="portfolio")
    )


def breaches(
    switches: KillSwitches, snapshot: Snapshot, *, drifting_since: datetime | None = None
) -> dict[HaltKind, str]:
    """Return the kill switches that a snapshot breaches, each with the figures.

    Args:
        switches: as configured.
        snapshot: the newest.
        drifting_since: when the drift was first seen that it shows; None where it shows none.
    """
    found = {
        HaltKind.DRAWDOWN: _drawdown_breach(switches, snapshot, drifting_since),
        HaltKind.LOSS: _loss_breach(switches, snapshot, drifting_since),
        HaltKind.DRIFT: _drift_breach(switches, snapshot, drifting_since),
    }
    return {kind: reason for kind, reason in found.items() if reason}


def halt(desk: HaltDesk, *, reason: str, by: str, scope: Scope = EVERYTHING) -> bool:
    """Stop opening in a scope until `resume`; False if that was latched already.

    Raises:
        InvalidValueError: no reason was given.
    """
    return desk.halts.latch(
        HaltKind.OPERATOR, reason=_given(reason), at=desk.clock(), by=by, scope=scope
    )


def stop(desk: HaltDesk, kind: HaltKind, *, reason: str, by: str) -> bool:
    """Stop opening for a reason that came up by itself; False if that was latched already."""
    return desk.halts.latch(kind, reason=reason, at=desk.clock(), by=by)


def resume(desk: HaltDesk, *, reason: str, by: str, scope: Scope | None = None) -> tuple[int, bool]:
    """Clear every halt and the panic file; return how many halts, and whether the file was there.

    Args:
        desk: what clearing needs.
        reason: kept in the journal.
        by: who says so.
        scope: clear only the halts of this scope, and leave the panic file.

    Raises:
        InvalidValueError: no reason was given.
        RefusedError: a drawdown or a loss latched too short a while ago; nothing was cleared.
    """
    why, at = _given(reason), desk.clock()
    _require_cool(desk, scope)
    if scope is not None:
        return desk.halts.clear(reason=why, at=at, by=by, scope=scope), False
    had_file = desk.has_panic_file()
    # the file alone leaves no row that the reason could be kept with, and what keeps no reason
    # may clear nothing: the file goes last
    for_the_file = had_file and desk.halts.latch(
        HaltKind.OPERATOR, reason="the panic file", at=at, by=by
    )
    cleared = desk.halts.clear(reason=why, at=at, by=by)
    if had_file:
        desk.clear_panic_file()
    return cleared - for_the_file, had_file


def _require_cool(desk: HaltDesk, scope: Scope | None) -> None:
    hot = [
        each.latched_at + desk.switches.cool_off
        for each in desk.halts.latched()
        if each.kind in COOL_OFF and scope in {None, each.scope}
    ]
    if hot and desk.market_clock() < max(hot):
        raise RefusedError(
            f"the kill switch may be cleared from {max(hot):%Y-%m-%d %H:%M:%S} UTC on, "
            f"risk.kill_cool_off_minutes after it latched: look at what lost until then"
        )


def _given(reason: str) -> str:
    if not reason.strip():
        raise InvalidValueError("a reason is needed; it is kept in the journal")
    return reason.strip()


def _drawdown_breach(switches: KillSwitches, snapshot: Snapshot, since: datetime | None) -> str:
    most = switches.max_drawdown_pct * PERCENT
    if snapshot.drawdown <= most or snapshot.frozen or _may_lag(snapshot, since):
        # what has no price is no loss, nor is what a late read does not show yet: nothing may be
        # killed on a number that is not known
        return ""
    return f"drawdown={snapshot.drawdown:.4f}, max={most:.4f}"


def _loss_breach(switches: KillSwitches, snapshot: Snapshot, since: datetime | None) -> str:
    most = switches.max_daily_loss_pct * PERCENT
    if snapshot.drawdown_of_day <= most or snapshot.frozen or _may_lag(snapshot, since):
        return ""
    return f"loss_of_day={snapshot.drawdown_of_day:.4f}, max={most:.4f}"


def _drift_breach(switches: KillSwitches, snapshot: Snapshot, since: datetime | None) -> str:
    if not switches.on_drift or not snapshot.drift or _may_lag(snapshot, since):
        return ""
    return "; ".join(f"{asset}: {how}" for asset, how in sorted(snapshot.drift.items()))


def _may_lag(snapshot: Snapshot, since: datetime | None) -> bool:
    """Tell whether ledger and balances differ for so short a time that one may just be late.

    What lags catches up, what is lost stays lost.
    """
    return bool(snapshot.drift) and (since is None or snapshot.at - since < READS_LAG)
