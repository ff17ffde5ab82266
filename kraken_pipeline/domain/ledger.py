"""Ledger entries as Kraken writes them, and the balances that they replay to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from kraken_pipeline.domain.money import EXACT, ZERO


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
