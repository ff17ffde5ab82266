"""Ledger entries, and from which of an asset's buckets a trade is paid; pure.

Funds that earn by themselves, in `.F`, are traded with under the asset's own name. A trade that
needs both has an entry for each under one refid. Which is taken first is not documented; here it
is the asset itself.

Source: Get Account Balance in Kraken's documentation, on symbol extensions; exported ledgers of
sales that were paid from two wallets (BittyTax pull request 499).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.engine import NOTHING
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Asset

EARNING: Final = ".F"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ledger entry: the balance after it is the one before, plus amount, less fee."""

    id: str
    at: datetime
    refid: str
    type: str
    subtype: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    aclass: str = "currency"


def earning_bucket(asset: Asset) -> str:
    """Return the id of the bucket in which an asset earns by itself and can still be spent."""
    return asset.altname + EARNING


def spendable(balances: Mapping[str, Decimal], asset: Asset) -> Decimal:
    """Return what an account can pay of an asset, before what its orders keep."""
    return balances.get(asset.id, NOTHING) + balances.get(earning_bucket(asset), NOTHING)


def paid(side: Entry, asset: Asset, balances: Mapping[str, Decimal]) -> tuple[Entry, ...]:
    """Return the entries of one side of a trade: two where the asset itself has too little.

    The fee is not split: the asset itself pays it, unless it has less than that.

    Args:
        side: as one entry of the asset itself.
        asset: of that entry.
        balances: before it.
    """
    has = max(balances.get(asset.id, NOTHING), NOTHING)
    lacks = side.fee - side.amount - has
    if lacks <= NOTHING or not balances.get(earning_bucket(asset)):
        return (side,)
    fee = NOTHING if has >= side.fee else side.fee
    rest = replace(
        side,
        id=rest_id(side.id),
        asset=earning_bucket(asset),
        amount=fee - lacks,
        fee=fee,
    )
    first = replace(side, amount=side.amount - rest.amount, fee=side.fee - fee)
    return (first, rest) if first.amount or first.fee else (rest,)


def rest_id(entry_id: str) -> str:
    """Return the id of the entry of what another bucket pays of a side."""
    return identifier("L", entry_id, EARNING)
