"""The gate before the first live order: keys, settings, clock and exchange, as they are now.

What is dangerous or cannot work refuses; what is merely unwise is said. Only `preflight` makes a
`Cleared`, and nothing that sends to the real exchange can be built without one.

Source: rules SEC-4, SEC-5, NET-6 and MOD-2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.clock import OffsetEstimate, clock_is_close
from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.keys import (
    KeyInfo,
    Role,
    dangerous_permissions,
    expires_soon,
    hides_history,
    missing_permissions,
    needless_permissions,
)

LASTS: Final = timedelta(hours=24)
"""How long a preflight holds. Source: rule SEC-4."""
ONLINE: Final = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCase:
    """All that counts before live orders, and nothing that is secret."""

    now: datetime
    config_hash: str
    closed_gates: tuple[str, ...]
    """Settings that are not as live needs them, each with the value that it needs."""
    strategies: tuple[str, ...]
    """Those that run."""
    allowlist: frozenset[str]
    """Strategies that may trade live."""
    barred: tuple[str, ...]
    """Strategies that run and open nothing at their stage, each with why."""
    keys: Mapping[Role, KeyInfo]
    """What the exchange says of the key of each role; a role without a key is missing here."""
    key_ids: Mapping[Role, str]
    """Names of the keys, from which they cannot be read back."""
    system_status: str
    clock_offset: OffsetEstimate | None
    """How far the exchange's clock is off ours; None where nobody could tell."""
    max_skew: timedelta
    used_by: str
    """Who else uses one of the keys; empty where nobody does."""

    def roles_of_key(self, role: Role) -> frozenset[Role]:
        """Return every role that the key of this one serves."""
        key_id = self.key_ids[role]
        return frozenset(each for each, other in self.key_ids.items() if other == key_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A proof that a preflight passed. Only `preflight` makes one."""

    key_ids: Mapping[Role, str]
    config_hash: str
    at: datetime
    warnings: tuple[Objection, ...]

    @property
    def until(self) -> datetime:
        """When it ends, and another one is due."""
        return self.at + LASTS

    def covers(self, role: Role, key_id: str, now: datetime) -> bool:
        """Tell whether it was this key that passed for this role, and not too long ago."""
        return self.key_ids.get(role) == key_id and self.at <= now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded:
    """A preflight that did not pass, with every objection."""

    objections: tuple[Objection, ...]
    warnings: tuple[Objection, ...]
    at: datetime


def gates_are_open(case: LiveCase) -> Objection | None:
    """Every setting that live needs is as it needs it."""
    return _unless("GATE_CLOSED", case.closed_gates)


def strategies_are_allowed(case: LiveCase) -> Objection | None:
    """Every strategy that runs may trade live."""
    return _unless(
        "STRATEGY_NOT_ALLOWED",
        [
            f"{name} is not on execution.live_strategy_allowlist"
            for name in case.strategies
            if name not in case.allowlist
        ],
    )


def roles_have_keys(case: LiveCase) -> Objection | None:
    """There is a key for each role."""
    return _unless("KEY_MISSING", [role for role in Role if role not in case.keys])


def keys_cannot_withdraw(case: LiveCase) -> Objection | None:
    """No key could take the money away."""
    able = [
        f"{role} can {', '.join(found)}"
        for role, info in case.keys.items()
        if (found := dangerous_permissions(info))
    ]
    return _unless("KEY_CAN_WITHDRAW", able)


def keys_can_do_their_work(case: LiveCase) -> Objection | None:
    """Each key may do what its role needs."""
    lacking = [
        f"{role} lacks {', '.join(missing)}"
        for role, info in case.keys.items()
        if (missing := missing_permissions(role, info))
    ]
    return _unless("KEY_LACKS_PERMISSION", lacking)


def keys_last(case: LiveCase) -> Objection | None:
    """No key ends within a week: its orders would outlive it."""
    ending = [
        f"{role} ends {info.valid_until:%Y-%m-%d %H:%M}"
        for role, info in case.keys.items()
        if expires_soon(info, case.now)
    ]
    return _unless("KEY_EXPIRES", ending)


def all_history_is_seen(case: LiveCase) -> Objection | None:
    """The reader's key sees all there was and will be, or else the books would be wrong."""
    reader = case.keys.get(Role.READER)
    hidden = reader is not None and hides_history(reader)
    return _unless("KEY_HIDES_HISTORY", [Role.READER] if hidden else [])


def clock_is_right(case: LiveCase) -> Objection | None:
    """Our clock is close to the exchange's, and it is known how close: deadlines depend on it."""
    return clock_is_close(case.clock_offset, now=case.now, max_skew=case.max_skew)


def exchange_is_online(case: LiveCase) -> Objection | None:
    """The exchange takes orders and cancels."""
    return _unless(
        "EXCHANGE_NOT_ONLINE",
        [] if case.system_status == ONLINE else [f"status={case.system_status}"],
    )


def keys_are_ours_alone(case: LiveCase) -> Objection | None:
    """No other instance and no other program uses our keys (SEC-5)."""
    return _unless("KEY_SHARED", [case.used_by] if case.used_by else [])


def roles_have_their_own_keys(case: LiveCase) -> Objection | None:
    """Each role has a key of its own: then panic never waits for what only reads."""
    by_key: dict[str, list[str]] = {}
    for role, key_id in case.key_ids.items():
        by_key.setdefault(key_id, []).append(role)
    shared = [f"one key for {', '.join(each)}" for each in by_key.values() if len(each) > 1]
    return _unless("KEY_FOR_SEVERAL_ROLES", shared)


def keys_are_bound_to_addresses(case: LiveCase) -> Objection | None:
    """A key that was stolen works nowhere else."""
    free = [role for role, info in case.keys.items() if not info.ip_allowlist]
    return _unless("KEY_WORKS_ANYWHERE", free)


def keys_can_do_no_more(case: LiveCase) -> Objection | None:
    """A key may do nothing that its roles have no use for."""
    more = [
        f"{role} can {', '.join(found)}"
        for role, info in case.keys.items()
        if (found := needless_permissions(case.roles_of_key(role), info))
    ]
    return _unless("KEY_CAN_DO_MORE", more)


def strategies_may_open(case: LiveCase) -> Objection | None:
    """Every strategy that runs may open something: else it only leaves what it holds (STG-7)."""
    return _unless("LIFECYCLE", case.barred)


RULES: Final[tuple[Question[LiveCase], ...]] = (
    gates_are_open,
    strategies_are_allowed,
    roles_have_keys,
    keys_cannot_withdraw,
    keys_can_do_their_work,
    keys_last,
    all_history_is_seen,
    clock_is_right,
    exchange_is_online,
    keys_are_ours_alone,
)
ADVICE: Final[tuple[Question[LiveCase], ...]] = (
    roles_have_their_own_keys,
    keys_are_bound_to_addresses,
    keys_can_do_no_more,
    strategies_may_open,
)
"""What is said and refuses nothing."""


def preflight(case: LiveCase) -> Cleared | Grounded:
    """Ask every rule. One objection keeps live orders from being sent."""
    found, advice = objections(RULES, case), objections(ADVICE, case)
    if found:
        return Grounded(objections=found, warnings=advice, at=case.now)
    return Cleared(
        key_ids=dict(case.key_ids), config_hash=case.config_hash, at=case.now, warnings=advice
    )


def _unless(code: str, found: Iterable[str]) -> Objection | None:
    said = "; ".join(found)
    return Objection(code, said) if said else None
