"""Whether the account's own books hold what the account has."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.money import ZERO, plain
from kraken_pipeline.domain.nav import Valuation
from kraken_pipeline.domain.symbols import Asset


def differing(books: Iterable[AssetBook], held: Iterable[Valuation]) -> Mapping[Asset, str]:
    """Return each asset of which the books hold another qty than the account has, with both.

    Args:
        books: of every asset.
        held: what the account has, also what is between two of its buckets.
    """
    booked = {each.asset: each.qty for each in books}
    there = {each.asset: each.qty for each in held}
    return {
        asset: f"booked {_of(booked, asset)}, there {_of(there, asset)}"
        for asset in sorted(booked.keys() | there.keys())
        if booked.get(asset, ZERO) != there.get(asset, ZERO)
    }


def _of(qtys: Mapping[Asset, Decimal], asset: Asset) -> str:
    return plain(qtys.get(asset, ZERO))
