"""The risk gate: every rule is asked of a case, and one objection denies it."""

from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.risk.caps import CAP_RULES
from kraken_pipeline.domain.risk.case import Case, Exposure, Limits
from kraken_pipeline.domain.risk.protections import PROTECTION_RULES
from kraken_pipeline.domain.risk.state import STATE_RULES

RULES: Final[tuple[Question[Case], ...]] = STATE_RULES + PROTECTION_RULES + CAP_RULES


@dataclass(frozen=True, slots=True)
class Approved:
    """A case that no rule objects to. Only `review` makes one, and only it can be sent."""

    case: Case
    clamped_by: tuple[str, ...]
    """Codes of the caps that made it smaller than wanted."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A case with every objection to it."""

    case: Case
    objections: tuple[Objection, ...]


def review(case: Case, *, clamped_by: tuple[str, ...] = ()) -> Approved | Denied:
    """Ask every rule. One objection is enough to deny."""
    found = objections(RULES, case)
    return Denied(case, found) if found else Approved(case, clamped_by)


__all__ = [
    "RULES",
    "Approved",
    "Case",
    "Denied",
    "Exposure",
    "Limits",
    "review",
]
