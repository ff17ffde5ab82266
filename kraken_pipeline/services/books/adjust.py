"""Bring a bucket's ledger to the exchange's balance by hand: drift never heals itself (PF-15)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.accounting.adjustments import Adjustment
from kraken_pipeline.domain.errors import InvalidValueError, RefusedError, UnreachableError
from kraken_pipeline.domain.ledger import Drift
from kraken_pipeline.domain.money import plain
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.snapshots import drifting_of, said_of
from kraken_pipeline.services.books.vaults import VaultDesk, with_vaults
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.exchange import Account, Market
from kraken_pipeline.services.risk.halt import READS_LAG
from kraken_pipeline.services.risk.world import economic_asset


class AdjustmentStore(Protocol):
    """Entries of our own, with who says so and why."""

    def adjust(self, adjustment: Adjustment) -> None:
        """Add the entry to the ledger, unless the ledger adds up to something else by now."""
        ...

    def of(self, bucket: str) -> tuple[Adjustment, ...]:
        """Return what was adjusted of a bucket, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustDesk:
    """What adjusting needs."""

    market: Market
    account: Account
    books: BookStore
    vaults: VaultDesk
    adjustments: AdjustmentStore
    keep_books: Callable[[], Booked]
    """Reads fills, ledger and balances, and values everything."""


def adjustment(
    desk: AdjustDesk, asset: str, amount: Decimal, *, by: str, reason: str
) -> Adjustment:
    """Return the adjustment that the drift of an asset needs; nothing but the books is kept yet.

    Everything is read anew. The amount must be all of a bucket's drift, to the last digit: whoever
    states it knows what he explains.

    Args:
        desk: what it works with.
        asset: a bucket by Kraken's own id, or an asset of which a bucket drifts.
        amount: what the ledger lacks, in the asset; below zero where it has too much.
        by: who says so.
        reason: why the exchange is right, or why that can not be known.

    Raises:
        InvalidValueError: there is no reason, nothing of the asset drifts, or not by that amount.
        RefusedError: the drift was first seen so lately that a row may just be late (F-RD-5).
        UnreachableError: the account moved meanwhile.
        ExchangeError: the exchange did not answer.
    """
    read = desk.keep_books().snapshot
    balances = with_vaults(desk.vaults, desk.account.balances())
    parted = drifting_of(desk.books, balances)
    if said_of(parted) != read.drift:
        raise UnreachableError("the account moved while it was looked at; try again")
    found = _of(desk, asset, parted)
    chosen = [each for each in found if each.at_exchange - each.replayed == amount]
    if len(chosen) != 1:
        raise InvalidValueError(_mismatch(asset, amount, found))
    _require_old(read.at, desk.books.drifting_since())
    [drift] = chosen
    return Adjustment(
        bucket=drift.asset,
        replayed=drift.replayed,
        at_exchange=drift.at_exchange,
        at=max(read.at, desk.books.last_entry_at() or read.at),
        by=by,
        reason=reason,
    )


def adjust(desk: AdjustDesk, made: Adjustment) -> Booked:
    """Add an adjustment to the ledger, and keep the books, which follow it.

    A drift halt stays until a person clears it.

    Raises:
        ConflictError: the ledger adds up to something else by now; nothing is kept.
        ExchangeError: the exchange did not answer; the adjustment is kept.
    """
    desk.adjustments.adjust(made)
    return desk.keep_books()


def _of(desk: AdjustDesk, asset: str, parted: Sequence[Drift]) -> list[Drift]:
    """Return what drifts of a bucket, or of every bucket of an asset."""
    symbols = desk.market.listing().symbols
    buckets = {asset, asset.upper()}
    exact = [each for each in parted if each.asset in buckets]
    assets = {economic_asset(symbols, each) for each in buckets}
    return exact or [each for each in parted if economic_asset(symbols, each.asset) in assets]


def _mismatch(asset: str, amount: Decimal, found: Sequence[Drift]) -> str:
    if not found:
        return f"nothing of {asset} drifts: its ledger adds up to what the exchange has"
    needed = "; ".join(
        f"{each.asset} needs {plain(each.at_exchange - each.replayed)}" for each in found
    )
    return f"{plain(amount)} is not what one bucket of {asset} drifts by: {needed}"


def _require_old(now: datetime, since: datetime | None) -> None:
    if since is None or now - since < READS_LAG:
        wait = READS_LAG if since is None else READS_LAG - (now - since)
        raise RefusedError(
            f"the drift was first seen less than {READS_LAG.total_seconds():.0f} s ago and the "
            f"exchange's rows may just be late; try again in {wait.total_seconds():.0f} s"
        )
