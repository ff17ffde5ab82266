"""By which ways funds come in and go out, what it costs, and how long it takes.

The names of methods and networks, and the smallest withdrawals, are those of recorded answers where
there is one; an asset without one has a network of its own name and the pair's smallest order as
its smallest withdrawal.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator.bookings import TransferNoted
from kraken_pipeline.simulator.catalog import FIAT
from kraken_pipeline.simulator.listing import Asset, Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way in and out for an asset."""

    name: str
    network: str | None
    minimum: Decimal
    """The smallest deposit or withdrawal."""
    fee: Decimal
    """Of a withdrawal; deposits are free."""
    has_addresses: bool = True


def _method(
    name: str, network: str | None, minimum: str, fee: str, *, has_addresses: bool = True
) -> Method:
    return Method(
        name=name,
        network=network,
        minimum=Decimal(minimum),
        fee=Decimal(fee),
        has_addresses=has_addresses,
    )


KNOWN: Final[Mapping[str, tuple[Method, ...]]] = {
    "USD": (
        _method("MVB Bank (Wire)", None, "20.00", "4.00", has_addresses=False),
        _method("ACH (Plaid Transfer, via Plaid)", None, "1.00", "0.00", has_addresses=False),
    ),
    "EUR": (_method("SEPA (Instant)", None, "1.00", "0.90", has_addresses=False),),
    "XBT": (
        _method("Bitcoin", "Bitcoin", "0.0004", "0.00002"),
        _method("Bitcoin Lightning", "Lightning", "0.00001", "0.000001", has_addresses=False),
    ),
    "ETH": (
        _method("Ether (Hex)", "Ethereum", "0.0050", "0.0005"),
        _method("Arbitrum One", "Arbitrum One", "0.0005", "0.0001"),
    ),
    "XRP": (_method("Ripple XRP", "Ripple", "25", "0.02"),),
    "SOL": (_method("Solana", "Solana", "0.02", "0.005"),),
    "USDT": (
        _method("Tether USD (ERC20)", "Ethereum", "10.00", "4.00"),
        _method("Tether USD (TRC20)", "Tron", "6.00", "2.50"),
    ),
}
TAGGED: Final[Mapping[str, str]] = {"XRP": "tag", "XLM": "memo"}
"""Assets whose deposits need a number beside the address, and what it is called."""

LADDER: Final[tuple[tuple[timedelta, str], ...]] = (
    (timedelta(), "Initial"),
    (timedelta(seconds=10), "Pending"),
    (timedelta(seconds=60), "Settled"),
    (timedelta(seconds=120), "Success"),
)
"""How old a withdrawal is when it reaches a status."""
CANCELABLE: Final = frozenset({"Initial", "Pending"})


def methods(listing: Listing, asset: Asset) -> tuple[Method, ...]:
    """Return the ways of an asset, the usual one first."""
    known = KNOWN.get(asset.altname)
    if known is not None:
        return known
    if asset.altname in FIAT:
        return (_method("Bank transfer (SWIFT)", None, "20.00", "5.00", has_addresses=False),)
    smallest = next((p.ordermin for p in listing.pairs if p.base.id == asset.id), Decimal(1))
    return (Method(name=asset.altname, network=asset.altname, minimum=smallest, fee=smallest / 10),)


def method(listing: Listing, asset: Asset, name: str) -> Method | None:
    """Return the way of that name, in any case, or None."""
    ways = methods(listing, asset)
    return next((way for way in ways if way.name.lower() == name.lower()), None)


def lookalike(*parts: object) -> str:
    """Return what looks like a transaction's id on a chain, on none at all."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def status(transfer: TransferNoted, now: datetime) -> str:
    """Return how far a transfer has come.

    A withdrawal that nothing has befallen rises by itself, as its age says.
    """
    if transfer.direction == "deposit" or transfer.status != LADDER[0][1]:
        return transfer.status
    age = now - transfer.asked
    return [name for since, name in LADDER if age >= since][-1]
