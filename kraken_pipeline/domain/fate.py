"""What proves that an order whose fate is unknown never existed (OMS-9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections

CLEAN_READS_NEEDED: Final = 3
"""Reads of open and closed orders that found nothing, after the settle window."""
READ_SPACING: Final = timedelta(seconds=10)
"""How far such reads are apart at least."""
UNRESOLVED_AFTER: Final = timedelta(minutes=15)
"""After its deadline; what is neither found nor proven absent by then waits for a person."""

LONGEST_LAG: Final = timedelta(minutes=5)
"""What stands against a proof may be a part that is read late; it is believed once it stays."""
DOUBTFUL_LOOKS: Final = 2
"""And once so many looks that had all their reads found something to stand against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was looked at for one order of unknown fate."""

    exchange_now: datetime
    deadline: datetime
    """The engine refuses the request after it."""
    settle: timedelta
    """How long after the deadline a read may still miss the order."""
    looked_since: datetime
    """When the first of the reads that count was made."""
    clean_reads: int
    """Reads of OpenOrders and ClosedOrders by `cl_ord_id` that found nothing, after that."""
    enough_since: datetime | None
    """When there were enough of them; None while there are not."""
    stream_explained: bool
    """Whether the private stream would have told of it and did not, where one is listened to."""
    unexplained_fills: int
    """Fills on its pair since it was sent that belong to no order we know."""
    holds_explained: bool
    """Whether no more is held of its two assets than the listed open orders account for."""
    balances_explained: bool
    """Whether the ledger tells of all that the balances of its two assets show."""


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


def balances_are_explained(search: Search) -> Objection | None:
    """Nothing came or went that no entry of the ledger tells of."""
    if search.balances_explained:
        return None
    return Objection("STRAY_BALANCE", "balances are not what the ledger adds up to")


def stream_told_nothing(search: Search) -> Objection | None:
    """Whoever listens to the account would have heard of it."""
    if search.stream_explained:
        return None
    return Objection("STREAM_GAP", "the stream was not heard throughout, nor shown anew since")


PROOFS: Final[tuple[Question[Search], ...]] = (
    deadline_is_well_past,
    reads_found_nothing,
    stream_told_nothing,
    fills_are_explained,
    holds_are_explained,
    balances_are_explained,
)


def missing_proofs(search: Search) -> tuple[Objection, ...]:
    """Return what still stands against saying that the order never existed."""
    return objections(PROOFS, search)


def is_unresolved(search: Search) -> bool:
    """Tell whether looking has gone on for long enough without a proof, and a person must look.

    While only reads are missing, looking goes on: after an outage they come late, and then settle
    it within half a minute. One look of which a part was late does not count as looking either:
    what stands against the proof must have had time to pass.

    Source: OMS-9.
    """
    if search.enough_since is None:
        return False
    given = max(
        search.deadline + UNRESOLVED_AFTER,
        search.looked_since + search.settle,
        search.enough_since + LONGEST_LAG,
    )
    doubtful = search.clean_reads - CLEAN_READS_NEEDED + 1
    is_late = search.exchange_now >= given and doubtful >= DOUBTFUL_LOOKS
    return is_late and bool(missing_proofs(search))
