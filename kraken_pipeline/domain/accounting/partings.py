"""Where a bucket's entries and the balances that they tell part: what is missing came before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import groupby

from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The first entry whose own balance is not what the kept entries add up to."""

    entry: LedgerEntry
    replayed: Decimal
    """What the kept entries add up to, with this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a bucket's kept entries add up to, beside what they tell themselves."""

    bucket: str
    sum: Decimal
    last: LedgerEntry | None
    """The newest entry; None where nothing is kept of the bucket."""
    parting: Parting | None
    """None where every entry follows from those before it, or they agree again at the end."""

    def __str__(self) -> str:
        """Return where to look, for a person."""
        if self.last is None:
            return "the ledger has no entry of it"
        if self.parting is None:
            return (
                f"each entry follows from those before it; what the ledger lacks came after "
                f"{self.last.entry_id} at {_at(self.last)}, the newest, which says "
                f"{plain(self.last.balance)}"
            )
        first = self.parting.entry
        return (
            f"parts first at {first.entry_id} ({first.type}, {_at(first)}): the entries add up to "
            f"{plain(self.parting.replayed)}, it says {plain(first.balance)}"
        )


def replayed(bucket: str, entries: Iterable[LedgerEntry]) -> Replay:
    """Add up the entries of one bucket, and find where they part from the balances they tell.

    Entries of one instant are taken in the order in which each follows from the one before, as
    Kraken's ids do not tell it. Where sums and balances part and agree again later, as after an
    adjustment, that is past: what counts is the last time that they parted.

    Args:
        bucket: by Kraken's own id.
        entries: all that are kept of it, oldest first.

    Source: PF-15.
    """
    total, last, parting = ZERO, None, None
    with localcontext(EXACT):
        for _, some in groupby(entries, key=lambda each: each.at):
            left = list(some)
            while left:
                last = _next(left, total)
                left.remove(last)
                total += last.net
                if last.balance == total:
                    parting = None
                elif parting is None:
                    parting = Parting(entry=last, replayed=total)
    return Replay(bucket=bucket, sum=total, last=last, parting=parting)


def _next(left: Sequence[LedgerEntry], total: Decimal) -> LedgerEntry:
    return next((each for each in left if total + each.net == each.balance), left[0])


def _at(entry: LedgerEntry) -> str:
    return f"{entry.at:%Y-%m-%d %H:%M:%S}"
