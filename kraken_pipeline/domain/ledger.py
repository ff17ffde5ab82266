"""Ledger entries as Kraken writes them, and the balances that they replay to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from kraken_pipeline.domain.money import EXACT, ZERO

EVER_OTHER: Final = timedelta(minutes=30)
"""For so long a bucket may differ by another amount at each look before it counts as drift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One movement of one asset. `balance = previous balance + amount - fee`."""

    entry_id: str
    refid: str
    type: str
    subtype: str
    asset: str
    """The bucket, by Kraken's own id: `XXBT`, `XBT.F`."""
    amount: Decimal
    """In the asset; below zero where it left."""
    fee: Decimal
    """In the same asset; below zero where a withdrawal that failed came back with its fee."""
    balance: Decimal
    """Of the bucket, after this entry."""
    at: datetime

    @property
    def net(self) -> Decimal:
        """What the bucket changed by."""
        return self.amount - self.fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A bucket where the replayed ledger and the exchange's balance part."""

    asset: str
    replayed: Decimal
    at_exchange: Decimal

    @property
    def more(self) -> Decimal:
        """How much more the exchange has."""
        with localcontext(EXACT):
            return self.at_exchange - self.replayed


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLook:
    """What drifted when books and balances were compared."""

    at: datetime
    buckets: frozenset[str]
    more: Mapping[str, Decimal]
    """How much more the exchange had of each; an older version kept none."""


def drift_seen_since(looks: Iterable[DriftLook]) -> datetime | None:
    """Return when a difference was first seen that is there now; None where nothing drifts.

    The bucket must have drifted at each look since then. Two passing lags of two buckets are no
    drift that stays, nor are two of one bucket: what is lost differs by the same amount again. A
    bucket that was not in order for `EVER_OTHER` drifts, whatever the amounts.

    Args:
        looks: the newest first.
    """
    told = iter(looks)
    newest = next(told, None)
    if newest is None or not newest.buckets:
        return None
    since, standing = newest.at, newest.buckets
    for look in told:
        standing &= look.buckets
        if not standing:
            break
        if newest.at - look.at >= EVER_OTHER or _shows_the_same(look, newest, standing):
            since = look.at
    return since


def _shows_the_same(look: DriftLook, newest: DriftLook, buckets: frozenset[str]) -> bool:
    known = buckets & look.more.keys()
    return any(look.more[each] == newest.more.get(each) for each in known)


def replay(entries: Iterable[LedgerEntry]) -> dict[str, Decimal]:
    """Return the balance of each bucket that the entries add up to, exactly (INV-4)."""
    balances: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for entry in entries:
            balances[entry.asset] += entry.net
    return dict(balances)


def drifts(
    replayed: Mapping[str, Decimal], at_exchange: Mapping[str, Decimal]
) -> tuple[Drift, ...]:
    """Return every bucket in which the two differ, even in the last place (PF-14)."""
    return tuple(
        Drift(
            asset=asset,
            replayed=replayed.get(asset, ZERO),
            at_exchange=at_exchange.get(asset, ZERO),
        )
        for asset in sorted(replayed.keys() | at_exchange.keys())
        if replayed.get(asset, ZERO) != at_exchange.get(asset, ZERO)
    )
