"""What the account's own books say of an asset, for `explain asset`."""

from collections.abc import Collection
from typing import Any

from kraken_pipeline.domain.accounting.fold import AssetBook
from kraken_pipeline.domain.accounting.identity import is_incomplete
from kraken_pipeline.domain.accounting.lots import MISSING
from kraken_pipeline.domain.accounting.moves import Basis
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.wiring.pipeline import Pipeline


def account_of(pipeline: Pipeline, asset: str, pairs: Collection[str]) -> list[dict[str, Any]]:
    """Return what is held of an asset and what came of it, in base currency; nothing if unknown.

    Args:
        pipeline: whose books.
        asset: by our name.
        pairs: those in which it is traded, by our names.
    """
    found = {each.asset: each for each in pipeline.stores.accounts.books()}
    book = found.get(Asset(asset))
    if book is None:
        return []
    positions = pipeline.stores.books.positions()
    traded = sum((each.qty for each in positions if each.pair in pairs), ZERO)
    matches = pipeline.stores.accounts.matches(book.asset)
    missing = (each.qty for each in matches if each.lot_id == MISSING)
    return [
        {
            "qty": book.qty,
            "in_no_book_of_trades": book.qty - traded,
            "went_out_beyond_what_came": sum(missing, ZERO),
            **_sums(book),
        }
    ]


def _sums(book: AssetBook) -> dict[str, Any]:
    return {
        "cost": book.cost,
        "lots": len(book.lots),
        "of_estimated_cost": any(each.basis is Basis.MARKET for each in book.lots),
        "is_incomplete": is_incomplete(book),
        "moves_without_price": book.unpriced,
        "realised": book.realised,
        "realised_after_own_fees": book.taxed,
        "income": book.income,
        "flows": book.flows,
        "fees": book.fees,
    }
