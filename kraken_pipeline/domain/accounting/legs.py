"""The two ends of a move between buckets, under one refid or under two (PF-3, PF-11)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.accounting.causes import Cause, Explained, Lack
from kraken_pipeline.domain.accounting.kinds import rule_of
from kraken_pipeline.domain.accounting.lookup import Lookup
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.symbols import Asset

OVERDUE: Final = timedelta(hours=24)
"""After so long the other end of a move should have come. Source: PF-11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """What left one bucket and is in no other yet, or the other way round."""

    entry: LedgerEntry
    """The end that is known."""

    @property
    def qty(self) -> Decimal:
        """What the account still has of the asset beside its balances; below zero if ahead."""
        return -self.entry.amount

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether a person should ask where it is."""
        return now - self.entry.at >= OVERDUE


def explained_legs(
    events: Mapping[str, Sequence[LedgerEntry]], lookup: Lookup
) -> Iterable[Explained]:
    """Yield the cause of each end of the moves.

    Ends of one refid that add up to nothing are a move. The others find each other by asset and
    qty, the first that left with the first that came, and until then they are in flight.

    Args:
        events: the ends, by refid.
        lookup: says which asset a bucket is of.
    """
    alone: defaultdict[tuple[Asset, Decimal], list[tuple[str, LedgerEntry]]]
    alone = defaultdict(list)
    for event_id, legs in events.items():
        assets = {lookup.asset_of(each.asset) for each in legs}
        if None in assets:
            yield from (_unlisted(each, event_id, lookup) for each in legs)
        elif len(legs) > 1 and len(assets) == 1 and not sum((each.amount for each in legs), ZERO):
            yield from (_moved(each, event_id) for each in legs)
        else:
            for each in legs:
                place = lookup.asset_of(each.asset) or Asset(each.asset), abs(each.amount)
                alone[place].append((event_id, each))
    for ends in alone.values():
        yield from _paired(ends)


def _paired(ends: Sequence[tuple[str, LedgerEntry]]) -> Iterable[Explained]:
    in_order = sorted(ends, key=lambda each: (each[1].at, each[1].entry_id))
    left = [each for each in in_order if each[1].amount < 0]
    came = [each for each in in_order if each[1].amount >= 0]
    for (event_id, out), (_, back) in zip(left, came, strict=False):
        yield _moved(out, event_id)
        yield _moved(back, event_id)
    pairs = min(len(left), len(came))
    for event_id, entry in (*left[pairs:], *came[pairs:]):
        yield Explained(
            entry=entry,
            cause=Cause.INTERNAL,
            event_id=event_id,
            why=f"{rule_of(entry).said}: {_way(entry)}; its other end has not come",
            lacks=Lack.LEG,
        )


def _moved(entry: LedgerEntry, event_id: str) -> Explained:
    why = f"{rule_of(entry).said}: {_way(entry)}"
    return Explained(entry=entry, cause=Cause.INTERNAL, event_id=event_id, why=why)


def _way(entry: LedgerEntry) -> str:
    how = "left" if entry.amount < 0 else "came into"
    return f"{plain(abs(entry.amount))} {how} {entry.asset}"


def _unlisted(entry: LedgerEntry, event_id: str, lookup: Lookup) -> Explained:
    where = "" if lookup.asset_of(entry.asset) is None else "the other end of "
    why = f"{where}{rule_of(entry).said}: {_way(entry)}: a bucket there is of no listed asset"
    return Explained(entry=entry, cause=Cause.UNKNOWN, event_id=event_id, why=why)
