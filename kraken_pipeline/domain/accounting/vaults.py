"""What lies in Earn vaults: Kraken's balances leave it out, Earn/Allocations tells of it. Pure.

Allocations never add to what there is. They fill what the balances lack beside the ledger, up to
what they tell, so that coins which both show are counted once. What goes into a vault has an entry
on one side only; the other side is written into a bucket of our own, `XBT.VAULT`.

Source: U-AST-2, PF-11; docs.kraken.com/api-reference/earn/list-earn-allocations.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Final

from kraken_pipeline.domain.account_reports import Allocation
from kraken_pipeline.domain.accounting.explain import NO_REFID
from kraken_pipeline.domain.accounting.legs import InFlight
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import VAULT, Asset, is_locked

IN_SPOT: Final = "flex"
"""The lock of what earns by itself where it lies: balances tell of it."""
EARN: Final = "earn"
PREFIX: Final = "VLT-"
"""Of our entries' ids; Kraken's begin with `L`."""
_HEX: Final = 16

Amounts = Mapping[str, Decimal]
"""By bucket."""
AssetOf = Callable[[str], Asset]


def vault_of(asset: Asset) -> str:
    """Return our name of the bucket that stands for an asset's vaults."""
    return f"{asset}.{VAULT}"


def is_vault(bucket: str) -> bool:
    """Tell whether a bucket is ours and stands for vaults."""
    return bucket.endswith(f".{VAULT}")


def hidden_in(
    allocations: Iterable[Allocation],
    locks: Mapping[str, str],
    balances: Amounts,
    asset_of: AssetOf,
) -> dict[Asset, Decimal]:
    """Return what is allocated of each asset beyond what its balances show as locked.

    Args:
        allocations: as they are told.
        locks: the strategy to its lock; one that is not named may be any but `flex`.
        balances: read in one instant with them.
        asset_of: says which asset a bucket is of.
    """
    found: defaultdict[Asset, Decimal] = defaultdict(lambda: ZERO)
    with localcontext(EXACT):
        for each in allocations:
            if each.qty and locks.get(each.strategy_id) != IN_SPOT:
                found[asset_of(each.asset)] += each.qty
        for bucket, total in balances.items():
            if is_locked(bucket) and asset_of(bucket) in found:
                found[asset_of(bucket)] -= total
    return {asset: qty for asset, qty in found.items() if qty > 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was learned when the ways to earn were last looked at."""

    at: datetime
    refused: str
    """Why nothing was learned, in the exchange's words; empty where something was."""
    hidden: Mapping[Asset, Decimal]
    """What is allocated and in no balance, by asset; of the look before where this was refused."""


def shared_out(
    asset: Asset, qty: Decimal, balances: Amounts, replayed: Amounts, asset_of: AssetOf
) -> tuple[dict[str, Decimal], Decimal]:
    """Return what of a hidden qty is in locked buckets that the ledger knows, and the vaults' rest.

    Args:
        asset: of which something is hidden.
        qty: how much.
        balances: what Kraken tells.
        replayed: what the kept ledger adds up to.
        asset_of: says which asset a bucket is of.
    """
    found: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for bucket, total in sorted(replayed.items()):
            lacks = total - balances.get(bucket, ZERO)
            is_hidden = lacks > 0 and is_locked(bucket) and not is_vault(bucket)
            if qty and is_hidden and asset_of(bucket) == asset:
                found[bucket] = min(lacks, qty)
                qty -= found[bucket]
    return found, qty


def beside(
    balances: Amounts, replayed: Amounts, hidden: Mapping[Asset, Decimal], asset_of: AssetOf
) -> dict[str, Decimal]:
    """Return what each bucket has beyond its balance.

    Where the ledger knows of no vault, an asset's vaults have no more than its balances lack.
    """
    found: dict[str, Decimal] = {}
    with localcontext(EXACT):
        for asset, qty in hidden.items():
            shares, left = shared_out(asset, qty, balances, replayed, asset_of)
            if vault_of(asset) not in replayed:
                lacking = _sum_of(replayed, asset, asset_of) - _sum_of(balances, asset, asset_of)
                left = min(left, max(lacking - sum(shares.values(), ZERO), ZERO))
            found |= shares
            if left:
                found[vault_of(asset)] = left
    return found


def _sum_of(amounts: Amounts, asset: Asset, asset_of: AssetOf) -> Decimal:
    return sum((qty for bucket, qty in amounts.items() if asset_of(bucket) == asset), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of one asset's vaults."""

    asset: Asset
    qty: Decimal
    """What is in them by Earn/Allocations."""
    kept: Decimal
    """What our entries add up to."""
    is_known: bool
    """Whether there are entries of ours."""
    unbooked_rewards: Decimal
    """What Earn says that the asset earned beyond the rewards that the ledger has of it."""
    legs: Sequence[InFlight]
    """Moves to and from Earn whose other end has not come, the oldest first."""

    @property
    def unexplained(self) -> Decimal:
        """What is there beyond our entries and every move."""
        with localcontext(EXACT):
            return self.qty - self.kept - sum((each.qty for each in self.legs), ZERO)


def completed(told: Told, at: datetime) -> tuple[LedgerEntry, ...]:
    """Return the entries of ours that bring the books to what is in an asset's vaults.

    They are the other ends of moves that Earn tells to be done, and a reward where Earn names one
    as large. What neither explains stays apart, and shows.

    Args:
        told: what is known.
        at: when it was read.
    """
    with localcontext(EXACT):
        for count in range(len(told.legs), -1, -1):
            legs = told.legs[:count]
            rest = told.qty - told.kept - sum((each.qty for each in legs), ZERO)
            is_reward = count == len(told.legs) and ZERO < rest <= told.unbooked_rewards
            if not rest or (is_reward and (legs or told.is_known)):
                return tuple(_entries(told, legs, rest, at))
    return ()


def _entries(
    told: Told, legs: Sequence[InFlight], reward: Decimal, at: datetime
) -> Iterable[LedgerEntry]:
    bucket, balance = vault_of(told.asset), told.kept
    for each in legs:
        entry_id = PREFIX + digest([bucket, each.entry.entry_id])[:_HEX]
        balance += each.qty
        yield LedgerEntry(
            entry_id=entry_id,
            refid=entry_id if each.entry.refid in NO_REFID else each.entry.refid,
            type=each.entry.type,
            subtype=each.entry.subtype,
            asset=bucket,
            amount=each.qty,
            fee=ZERO,
            balance=balance,
            at=at,
        )
    if reward:
        entry_id = PREFIX + digest([bucket, "reward", balance, at])[:_HEX]
        yield LedgerEntry(
            entry_id=entry_id,
            refid=entry_id,
            type=EARN,
            subtype="reward",
            asset=bucket,
            amount=reward,
            fee=ZERO,
            balance=balance + reward,
            at=at,
        )
