"""What proves that an order whose fate is unknown never existed (OMS-9)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from kraken_pipeline.domain.gates import Objection, Question, objections

CLEAN_READS_NEEDED: Final = 3
"""Reads of open and closed orders that found nothing, after the settle window."""
READ_SPACING: Final = timedelta(seconds=10)
"""How far such reads are apart at least."""
UNHEARD: Final = "the stream was not heard throughout, nor shown anew since"
UNRESOLVED_AFTER: Final = timedelta(minutes=15)
"""After its deadline; what is neither found nor proven absent by then waits for a person."""

LONGEST_LAG: Final = timedelta(minutes=5)
"""What stands against a proof may be a part that is read late; it is believed once it stays."""
DOUBTFUL_LOOKS: Final = 2
"""And once so many looks that had all their reads found something to stand against it."""
EVER_OTHER: Final = timedelta(hours=1)
"""After so long a person must look even where each look finds something else against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A read of open and closed orders that found nothing of an order."""

    at: datetime
    doubts: frozenset[str] = frozenset()
    """What stood against its absence all the same, each with its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was looked at for one order of unknown fate."""

    exchange_now: datetime
    deadline: datetime
    """The engine refuses the request after it."""
    settle: timedelta
    """How long after the deadline a read may still miss the order."""
    reads: tuple[Read, ...]
    """Those after the window that count, the oldest first."""
    stream_explained: bool
    """Whether the private stream would have told of it and did not, where one is listened to."""
    stray_fills: tuple[str, ...]
    """Orders unknown to us, by Kraken's id, that filled on its pair since it was sent and that
    the exchange does not show."""
    stray_hold: str
    """What is held of the asset it would hold beyond the listed open orders; empty if nothing."""
    stray_balances: tuple[str, ...]
    """What the balances of its two assets show that the ledger does not tell of, by bucket."""


def deadline_is_well_past(search: Search) -> Objection | None:
    """The engine can no longer take the request, and reads have had time to catch up."""
    settled_at = search.deadline + search.settle
    if search.exchange_now > settled_at:
        return None
    return Objection("TOO_EARLY", f"now={search.exchange_now}, settled_at={settled_at}")


def reads_found_nothing(search: Search) -> Objection | None:
    """Enough reads after the window found no such order, open or closed."""
    if len(search.reads) >= CLEAN_READS_NEEDED:
        return None
    return Objection("FEW_READS", f"clean={len(search.reads)}, needed={CLEAN_READS_NEEDED}")


def fills_are_explained(search: Search) -> Objection | None:
    """No fill on the pair is without an order."""
    return _strays("STRAY_FILLS", search.stray_fills)


def holds_are_explained(search: Search) -> Objection | None:
    """Nothing is held for an order that we do not know."""
    return _strays("STRAY_HOLD", (search.stray_hold,) if search.stray_hold else ())


def balances_are_explained(search: Search) -> Objection | None:
    """Nothing came or went that no entry of the ledger tells of."""
    return _strays("STRAY_BALANCE", search.stray_balances)


def stream_told_nothing(search: Search) -> Objection | None:
    """Whoever listens to the account would have heard of it."""
    if search.stream_explained:
        return None
    return Objection("STREAM_GAP", UNHEARD)


def _strays(code: str, found: tuple[str, ...]) -> Objection | None:
    return Objection(code, ", ".join(found)) if found else None


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


def doubts(search: Search) -> frozenset[str]:
    """Return each thing by itself that was found and stands against its absence."""
    found = (search.stray_hold, *search.stray_fills, *search.stray_balances)
    unheard = "" if search.stream_explained else UNHEARD
    return frozenset(filter(None, (*found, unheard)))


def is_unresolved(search: Search) -> bool:
    """Tell whether looking has gone on for long enough without a proof, and a person must look.

    While only reads are missing, looking goes on: after an outage they come late, and then settle
    it within half a minute. One look of which a part was late does not count as looking either:
    what stands against the proof must have had time to pass, and it must be the same that stays.
    On a busy account each look may find another part late.

    Source: OMS-9.
    """
    if len(search.reads) < CLEAN_READS_NEEDED + DOUBTFUL_LOOKS - 1 or not missing_proofs(search):
        return False
    enough_since = search.reads[CLEAN_READS_NEEDED - 1].at
    given = max(
        search.deadline + UNRESOLVED_AFTER,
        search.reads[0].at + search.settle,
        enough_since + LONGEST_LAG,
    )
    believed = min(_doubted_since(search) + LONGEST_LAG, enough_since + EVER_OTHER)
    return search.exchange_now >= max(given, believed)


def _doubted_since(search: Search) -> datetime:
    """Return when what has stood against it for longest was found, by every look since then."""
    return min((_found_since(each, search) for each in doubts(search)), default=search.exchange_now)


def _found_since(doubt: str, search: Search) -> datetime:
    finding = takewhile(lambda read: doubt in read.doubts, reversed(search.reads))
    return min((read.at for read in finding), default=search.exchange_now)
