"""A strategy that goes wrong again and again is not asked until a person lets it (STG-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.intents import Decision, Outcome

FAULT: Final = "STRATEGY_FAULT"
"""What is said of a close at which a strategy raised, or took too long, begins so."""
BAD: Final = "BAD_INTENT"
"""What is said of a wish that makes no sense begins so."""
QUARANTINED: Final = "QUARANTINED"
"""What is said of a close at which a strategy was not asked for this begins so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Since when a strategy is not asked, and why."""

    quarantine_id: str
    """Derived from the strategy and its last fault: the same fault begins no second one."""
    strategy_id: str
    since: datetime
    reason: str

    def __str__(self) -> str:
        """Say it in one line, with what ends it."""
        return (
            f"{self.strategy_id} since {self.since:%F %H:%M}: {self.reason}; "
            f"`kraken-pipeline strategy release {self.strategy_id} --reason ...` lets it decide"
        )


def fault_of(decision: Decision) -> str:
    """Return what went wrong in the strategy at a decision; empty where nothing did."""
    if decision.outcome is Outcome.SKIPPED:
        return decision.reason if decision.reason.startswith(FAULT) else ""
    refused = (why for why in decision.no_signals.values() if why.startswith(BAD))
    return next(refused, "")


def due(strategy_id: str, faults: Sequence[str], *, most: int, at: datetime) -> Quarantine | None:
    """Return the quarantine that a strategy has to begin, where it has.

    Args:
        strategy_id: of which strategy.
        faults: of its newest decisions since it was let go last, newest first; empty for each at
            which nothing went wrong.
        most: how many in a row are too many.
        at: the present.
    """
    if len(faults) < most or not all(faults[:most]):
        return None
    return Quarantine(
        quarantine_id="Q" + digest([strategy_id, at])[:16],
        strategy_id=strategy_id,
        since=at,
        reason=f"{most} faults in a row, the last {faults[0]}",
    )
