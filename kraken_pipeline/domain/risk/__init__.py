"""The risk gate: every rule is asked of a case, and one objection denies it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections
from kraken_pipeline.domain.risk.caps import CAP_RULES, Bound, Measure, bounds, measures
from kraken_pipeline.domain.risk.case import Case, Exposure, Limits
from kraken_pipeline.domain.risk.protections import PROTECTION_RULES
from kraken_pipeline.domain.risk.state import REDUCTION_RULES, STATE_RULES

OPENING_RULES: Final[tuple[Question[Case], ...]] = STATE_RULES + PROTECTION_RULES
"""What is asked of a buy beside the caps."""
RULES: Final[tuple[Question[Case], ...]] = OPENING_RULES + CAP_RULES


@dataclass(frozen=True, slots=True)
class Approved:
    """A case that no rule objects to. Only `review` makes one, and only it can be sent."""

    case: Case
    clamped_by: tuple[str, ...]
    """Codes of the caps that made it smaller than wanted."""
    measures: tuple[Measure, ...]
    """How it stands to every cap; none for what reduces."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A case with every objection to it."""

    case: Case
    objections: tuple[Objection, ...]
    measures: tuple[Measure, ...]


def review(
    case: Case, *, clamped_by: tuple[str, ...] = (), bound_by: Sequence[Bound] | None = None
) -> Approved | Denied:
    """Ask every rule that bears on it. One objection is enough to deny.

    Args:
        case: that is asked about.
        clamped_by: codes of the caps that made it smaller than wanted.
        bound_by: its `bounds`, where they were worked out to size it.
    """
    if not case.opens:
        found = objections(REDUCTION_RULES, case)
        return Denied(case, found, ()) if found else Approved(case, clamped_by, ())
    measured = measures(case, bounds(case) if bound_by is None else bound_by)
    over = [each.objection for each in measured if each.after > each.most]
    found = objections(OPENING_RULES, case) + tuple([each for each in over if each is not None])
    if found:
        return Denied(case, found, measured)
    return Approved(case, clamped_by, measured)


__all__ = [
    "RULES",
    "Approved",
    "Case",
    "Denied",
    "Exposure",
    "Limits",
    "Measure",
    "review",
]
