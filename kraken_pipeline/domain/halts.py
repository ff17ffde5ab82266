"""Halts: what stops opening until it is cleared, mostly by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Self

from kraken_pipeline.domain.errors import InvalidValueError


class HaltKind(StrEnum):
    """Why opening stopped. The value is the denial's code."""

    OPERATOR = "KILL_MANUAL"
    PANIC = "KILL_PANIC"
    """Somebody called panic, here or on another machine that keeps the same books (PAN-2)."""
    DRAWDOWN = "KILL_DRAWDOWN"
    LOSS = "KILL_LOSS"
    """The account lost more in a UTC day than it may."""
    DRIFT = "KILL_DRIFT"
    UNEXPLAINED = "UNEXPLAINED"
    """The ledger has entries of an asset that nobody can explain (PF-2). It clears by itself once
    what completes them has come."""
    CONTRADICTION = "HALTED"
    """Books and exchange disagreed about an order."""
    OVERFILL = "OVERFILL"
    """More was traded than was ordered (INV-3)."""
    UNKNOWN = "UNKNOWN_ORDER"
    """An order was neither found nor proven absent in time (OMS-9)."""
    AUTH = "AUTH"
    """The exchange refused a key. It is not asked again on its own: that locks the account."""
    GUARD = "GUARD_LOST"
    """The dead man's switch cannot be set. It clears by itself once it is set again (DMS-2)."""
    STORAGE = "STORAGE"
    """The books cannot be written, or are older than what was published of them (AUD-1, AUD-3)."""
    UNPROTECTED = "UNPROTECTED"
    """A holding is without the stop that it should have at the exchange (OMS-14)."""
    RESTRICTED = "PAIR_RESTRICTED"
    """The exchange restricted a pair. It clears by itself once that is over (UNI-7, UNI-8)."""
    DATA = "DATA"
    """What the exchange tells comes faster than it can be written (STR-6, F-EVT-11)."""


ACTIONS: Final[Mapping[HaltKind, str]] = MappingProxyType(
    {
        HaltKind.OPERATOR: "whoever halted says when it is over: `resume`",
        HaltKind.PANIC: "see what panic left; then `resume` on the machine whose file it names",
        HaltKind.DRAWDOWN: "look at the positions; `flatten` ends them, `resume` goes on "
        "after the cool-off",
        HaltKind.LOSS: "look at what lost; `flatten` ends it, `resume` goes on after the cool-off",
        HaltKind.DRIFT: "`explain drift` shows what differs; `reconcile adjust` what stays, then "
        "`resume`",
        HaltKind.UNEXPLAINED: "`explain asset` shows the rows; find out what they are, then "
        "`resume --asset`",
        HaltKind.CONTRADICTION: "`explain order` names both sides; settle it, then `resume`",
        HaltKind.OVERFILL: "`explain order` names the trades; see whose they are, then `resume`",
        HaltKind.UNKNOWN: "`orders resolve` shows what speaks for it and against; then `resume`",
        HaltKind.AUTH: "`keys doctor` says what the key lacks; give another, then `resume`",
        HaltKind.GUARD: "none once the exchange answers: it clears when the switch is set",
        HaltKind.RESTRICTED: "none: it clears once the exchange takes orders; sell as it says",
        HaltKind.STORAGE: "mend the disk or bring back the database; `audit verify`, then `resume`",
        HaltKind.DATA: "see why the books are slow; `reconcile --full`, then `resume`",
        HaltKind.UNPROTECTED: "`explain pair` says why none stands; place or sell, then `resume`",
    }
)
"""What a person is to do about a halt of a kind."""


KILLS: Final = frozenset({HaltKind.DRAWDOWN, HaltKind.LOSS, HaltKind.DRIFT})
"""Kill switches: what opens is canceled, nothing is sold by itself (RSK-9)."""
COOL_OFF: Final = frozenset({HaltKind.DRAWDOWN, HaltKind.LOSS})
"""What may be cleared only some time after it latched (RSK-8)."""


class ScopeKind(StrEnum):
    """What sort of thing a halt may be bound to."""

    ALL = ""
    ASSET = "asset"
    PAIR = "pair"
    STRATEGY = "strategy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a halt stops: everything, or what has to do with one asset, pair or strategy."""

    kind: ScopeKind = ScopeKind.ALL
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a scope without its name, and a name without a scope.

        Raises:
            InvalidValueError: one of the two is missing.
        """
        if bool(self.name) is (self.kind is ScopeKind.ALL):
            raise InvalidValueError(f"a halt of {self.kind.value or 'all'} named {self.name!r}")

    def __str__(self) -> str:
        """Return it as it stands in the books: `pair:XBTUSD`, or nothing for everything."""
        return f"{self.kind}:{self.name}" if self.name else ""

    @classmethod
    def of(cls, text: str) -> Self:
        """Read what `str` wrote.

        Raises:
            InvalidValueError: it names no scope.
        """
        kind, _, name = text.partition(":")
        if kind not in set(ScopeKind):
            raise InvalidValueError(
                f"the scope {text!r} is none of asset:NAME, pair:NAME, strategy:NAME or nothing"
            )
        return cls(kind=ScopeKind(kind), name=name)

    def covers(self, *, pair: str, asset: str | None, strategy: str) -> bool:
        """Tell whether an order is under it. One whose base asset is not told is, to be safe."""
        if self.kind is ScopeKind.ASSET:
            return asset in {None, self.name}
        named = {ScopeKind.ALL: "", ScopeKind.PAIR: pair, ScopeKind.STRATEGY: strategy}
        return named[self.kind] == self.name


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A latched halt. It survives restarts and is cleared by a person, with a reason."""

    halt_id: int
    kind: HaltKind
    scope: Scope
    reason: str
    action: str
    """What a person is to do about it."""
    latched_at: datetime
    latched_by: str

    def __str__(self) -> str:
        """Return it in one line: its code, its scope where it has one, and why."""
        return f"{self.kind.value}{f' {self.scope}' if self.scope.name else ''}: {self.reason}"
