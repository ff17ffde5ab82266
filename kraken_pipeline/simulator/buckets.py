"""The places in which an account keeps an asset: the asset itself, XBT.F, DOT28.S, KFEE.

Source: kraken/rest.md §2. Each bucket has a balance and ledger rows of its own.
"""

import string
from typing import Final

from kraken_pipeline.simulator.listing import Asset, Listing

UNKNOWN_DECIMALS: Final = 10
KFEE: Final = Asset(id="KFEE", altname="FEE", decimals=2, display_decimals=2)
"""Fee credits: they pay fees and nothing else."""


VAULT: Final = "V"
"""Our own suffix for what lies in a vault of Earn: Kraken gives no name to it, as neither balances
nor ledger show it (docvault's notes on its release 1.0.161)."""
KINDS: Final = frozenset({"B", "F", "M", "P", "S", VAULT})
"""What may stand behind the dot of a bucket: bonded, auto-earn, opt-in, parachain, staked."""


def is_vault(bucket: str) -> bool:
    """Tell whether only Earn/Allocations tells of a bucket."""
    return bucket.partition(".")[2] == VAULT


def underlying(listing: Listing, bucket: str) -> Asset | None:
    """Return the listed asset that a bucket holds, or None."""
    stem = bucket.partition(".")[0]
    return listing.asset(stem) or listing.asset(stem.rstrip(string.digits))


def is_bucket(listing: Listing, bucket: str) -> bool:
    """Tell whether an account could hold something under that id, even if none does."""
    _, dot, kind = bucket.partition(".")
    if not dot:
        return bucket in listing.assets or bucket == KFEE.id
    return kind in KINDS and underlying(listing, bucket) is not None


def held_asset(listing: Listing, bucket: str) -> Asset:
    """Return what a bucket holds as if it were listed under its own name.

    It has the decimals of the listed asset that it holds; one that is not listed has 10.
    """
    listed = listing.assets.get(bucket)
    if listed is not None:
        return listed
    if bucket == KFEE.id:
        return KFEE
    known = underlying(listing, bucket)
    return Asset(
        id=bucket,
        altname=bucket,
        decimals=known.decimals if known else UNKNOWN_DECIMALS,
        display_decimals=known.display_decimals if known else 5,
    )


def bucket_id(listing: Listing, name: str) -> str:
    """Return the id of a bucket by any of its names: XBT is XXBT, FEE is KFEE, XBT.F itself."""
    listed = listing.asset(name)
    if listed is not None:
        return listed.id
    return KFEE.id if name == KFEE.altname else name
