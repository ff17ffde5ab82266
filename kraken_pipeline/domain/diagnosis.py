"""What is wrong with a key, in one sentence (SEC-7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.keys import (
    KeyInfo,
    Role,
    dangerous_permissions,
    expires_soon,
    hides_history,
    missing_permissions,
    needless_permissions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a key lacks and what it has too much, for the roles that it serves."""

    roles: tuple[Role, ...]
    faults: tuple[str, ...]
    """Live refuses the key for each."""
    advice: tuple[str, ...]
    """What would be safer."""

    @property
    def sentence(self) -> str:
        """Say all of it."""
        who = f"the key for {' and '.join(self.roles)}"
        if self.faults:
            also = f" (also: {'; '.join(self.advice)})" if self.advice else ""
            return f"{who} is refused for live: {'; '.join(self.faults)}{also}"
        if self.advice:
            return f"{who} works, but {'; '.join(self.advice)}"
        return f"{who} has what it needs and nothing more"


def diagnose(roles: frozenset[Role], info: KeyInfo, now: datetime) -> Diagnosis:
    """Say what is wrong with a key that serves these roles."""
    return Diagnosis(
        roles=tuple(each for each in Role if each in roles),
        faults=tuple(_faults(roles, info, now)),
        advice=tuple(_advice(roles, info)),
    )


def _faults(roles: frozenset[Role], info: KeyInfo, now: datetime) -> Iterator[str]:
    dangerous = dangerous_permissions(info)
    if dangerous:
        yield f"it can take money away ({', '.join(dangerous)}), so take that permission from it"
    for role in Role:
        missing = missing_permissions(role, info) if role in roles else ()
        if missing:
            yield f"as {role} it lacks {', '.join(missing)}"
    if info.valid_until is not None and expires_soon(info, now):
        ended = "it ended" if info.valid_until <= now else "it ends"
        yield f"{ended} at {info.valid_until:%Y-%m-%d %H:%M} UTC"
    if Role.READER in roles and hides_history(info):
        yield "its query window hides history, so the books would be wrong"


def _advice(roles: frozenset[Role], info: KeyInfo) -> Iterator[str]:
    needless = needless_permissions(roles, info)
    if needless:
        yield f"it need not be able to {', '.join(needless)}"
    if not info.ip_allowlist:
        yield "it works from any address, so bind it to yours"
    if len(roles) > 1:
        yield "a key for each role would be safer"
