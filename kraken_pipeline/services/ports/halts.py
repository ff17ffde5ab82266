"""What stops opening, and what is known of the dead man's switch."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.halts import Halt, HaltKind, Scope
from kraken_pipeline.domain.switch import Switch


class Latching(Protocol):
    """What stops opening."""

    def latch(
        self, kind: HaltKind, *, reason: str, at: datetime, by: str, scope: Scope = ...
    ) -> bool:
        """Latch; False if one of that kind and scope is latched already."""
        ...


class StatusHalts(Protocol):
    """Halts of pairs that the exchange restricts: many at once, when all of it changes."""

    def latched(self) -> tuple[Halt, ...]:
        """Return what stops opening now."""
        ...

    def switch(
        self,
        kind: HaltKind,
        *,
        on: Mapping[Scope, str],
        off: Mapping[Scope, str],
        at: datetime,
        by: str,
    ) -> None:
        """Latch and clear halts of one kind in one transaction, so that none opens in between."""
        ...


class HaltStore(Latching, StatusHalts, Protocol):
    """What is latched."""

    def clear(
        self,
        *,
        reason: str,
        at: datetime,
        by: str,
        kinds: frozenset[HaltKind] = ...,
        scope: Scope | None = ...,
    ) -> int:
        """Clear all, or those of some kinds or of one scope, and return how many there were."""
        ...

    def cleared(self, kind: HaltKind, *, not_by: str) -> Mapping[Scope, datetime]:
        """Return when a halt of a kind was last cleared in each scope by somebody else."""
        ...


class SwitchStore(Protocol):
    """What is known of the dead man's switch, for every process."""

    def switch(self) -> Switch:
        """Return what is known of it."""
        ...

    def change_switch(
        self, how: Callable[[Switch], Switch], *, at: datetime, by: str, why: str = ""
    ) -> Switch:
        """Change what is known, in one transaction, and return it; a reason goes to the journal."""
        ...
