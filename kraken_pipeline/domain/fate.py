"""What proves that an order whose fate is unknown never existed (OMS-9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections

CLEAN_READS_NEEDED: Final = 3
"""Reads of open and closed orders that found nothing, after the settle window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was looked at for one order of unknown fate."""

    exchange_now: datetime
    deadline: datetime
    """The engine refuses the request after it."""
    settle: timedelta
    """How long after the deadline a read may still miss the order."""
    clean_reads: int
    """Reads of OpenOrders and ClosedOrders by `cl_ord_id` that found nothing, after that."""
    unexplained_fills: int
    """Fills on its pair since it was sent that belong to no order we know."""
    holds_explained: bool
    """Whether the exchange holds no more than our other open orders account for."""


def deadline_is_well_past(search: Search) -> Objection | None:
    """The engine can no longer take the request, and reads have had time to catch up."""
    settled_at = search.deadline + search.settle
    if search.exchange_now > settled_at:
        return None
    return Objection("TOO_EARLY", f"now={search.exchange_now}, settled_at={settled_at}")


def reads_found_nothing(search: Search) -> Objection | None:
    """Enough reads after the window found no such order, open or closed."""
    if search.clean_reads >= CLEAN_READS_NEEDED:
        return None
    return Objection("FEW_READS", f"clean={search.clean_reads}, needed={CLEAN_READS_NEEDED}")


def fills_are_explained(search: Search) -> Objection | None:
    """No fill on the pair is without an order."""
    if search.unexplained_fills == 0:
        return None
    return Objection("STRAY_FILLS", f"count={search.unexplained_fills}")


def holds_are_explained(search: Search) -> Objection | None:
    """Nothing is held for an order that we do not know."""
    return None if search.holds_explained else Objection("STRAY_HOLD", "hold exceeds open orders")


PROOFS: Final[tuple[Question[Search], ...]] = (
    deadline_is_well_past,
    reads_found_nothing,
    fills_are_explained,
    holds_are_explained,
)


def missing_proofs(search: Search) -> tuple[Objection, ...]:
    """Return what still stands against saying that the order never existed."""
    return objections(PROOFS, search)
