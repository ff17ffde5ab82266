"""API keys: the roles they serve, what each must be allowed to do, and what none may be.

Source: rules SEC-3 and SEC-4; Kraken's GetApiKeyInfo names a key's permissions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a key is used for. One key may serve all."""

    READER = "reader"
    """Reads balances, orders, trades and ledger."""
    TRADER = "trader"
    """Sends, amends and cancels orders."""
    GUARD = "guard"
    """Cancels, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What the exchange says of a key, which is not in it. What was not said is None: unknown."""

    name: str | None
    nonce: int
    """The highest that the exchange took from this key."""
    nonce_window: int | None
    """How far below it a nonce may still lie, in its unit."""
    permissions: frozenset[str]
    """In Kraken's words: `query-funds`, `modify-trades`, `withdraw-funds`."""
    ip_allowlist: tuple[str, ...] | None
    """Addresses that may use the key; empty where all may."""
    valid_until: datetime | None
    """None where it does not end."""
    query_from: datetime | None
    """Nothing before is shown; None where all is."""
    query_to: datetime | None
    """Nothing after is shown; None where all is."""


NEEDS: Final[Mapping[Role, tuple[frozenset[str], ...]]] = MappingProxyType(
    {
        Role.READER: (
            frozenset({"query-funds"}),
            frozenset({"query-open-trades"}),
            frozenset({"query-closed-trades"}),
            frozenset({"query-ledger"}),
        ),
        Role.TRADER: (
            frozenset({"modify-trades"}),
            frozenset({"query-open-trades"}),
            frozenset({"query-closed-trades"}),
            frozenset({"create-ws-token"}),
        ),
        Role.GUARD: (frozenset({"close-trades", "modify-trades"}),),
    }
)
"""Of each set a key of that role needs one."""
USEFUL: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        Role.READER: frozenset().union(*NEEDS[Role.READER], {"create-ws-token"}),
        Role.TRADER: frozenset().union(*NEEDS[Role.TRADER], {"close-trades", "query-funds"}),
        Role.GUARD: frozenset({"close-trades", "query-open-trades"}),
    }
)
"""All that a role has a use for. A guard that can look sees what is left; one that can buy is one
key too many that can."""
DANGEROUS: Final = frozenset({"withdraw-funds", "add-withdraw-address", "update-withdraw-address"})
"""With these, whoever gets hold of the key can take the money away."""
EXPIRES_SOON: Final = timedelta(days=7)


def missing_permissions(role: Role, info: KeyInfo) -> tuple[str, ...]:
    """Return what a key lacks for a role; where one of several would do, with `or` between them."""
    return tuple(
        " or ".join(sorted(choice)) for choice in NEEDS[role] if choice.isdisjoint(info.permissions)
    )


def dangerous_permissions(info: KeyInfo) -> tuple[str, ...]:
    """Return the permissions that no key of ours may have."""
    return tuple(sorted(info.permissions & DANGEROUS))


def needless_permissions(roles: frozenset[Role], info: KeyInfo) -> tuple[str, ...]:
    """Return what a key may do that is of no use to its roles; what is dangerous is not named."""
    useful: frozenset[str] = frozenset().union(*(USEFUL[role] for role in roles))
    return tuple(sorted(info.permissions - useful - DANGEROUS))


def expires_soon(info: KeyInfo, now: datetime) -> bool:
    """Tell whether a key ends within a week, or has ended."""
    return info.valid_until is not None and info.valid_until - now < EXPIRES_SOON


def hides_history(info: KeyInfo) -> bool:
    """Tell whether a key cannot see all there was and will be."""
    return info.query_from is not None or info.query_to is not None
