"""Finding the assets and pairs that a caller names, and naming them in the answer."""

from typing import Final

from kraken_pipeline.simulator.accounts import Account
from kraken_pipeline.simulator.buckets import bucket_id, is_bucket
from kraken_pipeline.simulator.listing import Asset, Listing, Pair, display_name
from kraken_pipeline.simulator.params import Params, RefusedError, invalid

UNKNOWN_PAIR = "EQuery:Unknown asset pair"
UNKNOWN_ASSET = "EQuery:Unknown asset"
TOKENIZED: Final = "tokenized_asset"
CLASSES: Final = frozenset({"", "currency", "forex", TOKENIZED})


def by_display(params: Params) -> bool:
    """Tell whether the answer shall use the newer names: `assetVersion=1`."""
    return params.text("assetVersion") == "1"


def found(listing: Listing, name: str) -> Pair:
    """Return the pair of that name.

    Raises:
        RefusedError: there is none.
    """
    pair = listing.pair(name)
    if pair is None:
        raise RefusedError(UNKNOWN_PAIR)
    return pair


def pairs(listing: Listing, params: Params) -> dict[str, Pair]:
    """Return the pairs that were asked for, by the name that each has in the answer.

    A pair asked for with a slash is answered under just that name, others under their internal key.

    Raises:
        RefusedError: one of them is unknown.
    """
    asked = {name: found(listing, name) for name in params.names("pair")}
    if by_display(params):
        return {pair.display: pair for pair in asked.values()}
    return {name if "/" in name else pair.key: pair for name, pair in asked.items()}


def one_pair(listing: Listing, params: Params) -> tuple[str, Pair]:
    """Return the one pair that was asked for and its name in the answer.

    Raises:
        RefusedError: none was asked for, or an unknown one.
    """
    if "pair" not in params:
        raise RefusedError("EGeneral:Invalid arguments")
    return next(iter(pairs(listing, params).items()))


def one_market(listing: Listing, params: Params) -> tuple[str, Pair]:
    """Return the one pair that market data was asked for; see `one_pair`.

    Raises:
        RefusedError: none was asked for, an unknown one, or a tokenized asset: there are none.
    """
    if not is_listed_class(params, "asset_class"):
        raise RefusedError(UNKNOWN_PAIR)
    return one_pair(listing, params)


def is_listed_class(params: Params, name: str) -> bool:
    """Tell whether a call asks for the class of assets that is listed here.

    Raises:
        RefusedError: there is no such class.
    """
    asked = params.text(name)
    if asked not in CLASSES:
        raise invalid(name)
    return asked != TOKENIZED


def found_asset(listing: Listing, name: str) -> Asset:
    """Return the asset of that name.

    Raises:
        RefusedError: there is none.
    """
    asset = listing.asset(name)
    if asset is None:
        raise RefusedError(UNKNOWN_ASSET)
    return asset


def found_bucket(account: Account, name: str) -> str:
    """Return the id of a bucket, as XXBT or XBT.F: one that there is, or that the account has.

    Raises:
        RefusedError: there is none.
    """
    bucket = bucket_id(account.listing, name)
    if not is_bucket(account.listing, bucket) and bucket not in account.balances:
        raise RefusedError(UNKNOWN_ASSET)
    return bucket


def asset_key(asset: Asset, *, display: bool) -> str:
    """Return the name of an asset in an answer."""
    return display_name(asset.altname) if display else asset.id
