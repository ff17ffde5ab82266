"""What a check of the configuration finds, and how checks are asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from kraken_pipeline.settings.documents import KeyPath
from kraken_pipeline.settings.sections import Settings

MANUAL: Final = "manual"
"""In `risk.max_per_strategy_pct`: what the operator holds by hand."""
ALIKE: Final = 0.6
"""From where on, of 1, a name may be meant for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Settings that do not go together."""

    paths: tuple[KeyPath, ...]
    """The settings, the one to blame first."""
    says: str


Written: TypeAlias = frozenset[KeyPath]
"""Every key that a file or a variable sets; the rest is default."""
Check: TypeAlias = Callable[[Settings, Written], Iterator[Finding]]


def find(says: str, *dotted: str) -> Finding:
    """Return a finding about settings, each as `section.key`, the one to blame first."""
    return Finding(paths=tuple(tuple(each.split(".")) for each in dotted), says=says)


def findings(
    checks: tuple[Check, ...], settings: Settings, written: Written
) -> tuple[Finding, ...]:
    """Ask every check and return all that they find."""
    return tuple(found for check in checks for found in check(settings, written))
