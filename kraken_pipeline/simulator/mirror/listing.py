"""What the mirrored exchange lists, read from its Assets and AssetPairs.

Source: kraken/rest.md §2 and §4. What is odd is left out: it is shown, and can't be traded here.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from kraken_pipeline.simulator.listing import Asset, Listing, Pair

Row = Mapping[str, Any]  # a row of an answer has values of several kinds
CLASS: Final = "currency"
DAILY_USD: Final = 1.0
"""No ladder is made up here, so nothing asks how much trades."""


def listing_of(assets: object, pairs: object) -> Listing:
    """Return what is listed.

    Args:
        assets: the result of Assets.
        pairs: the result of AssetPairs.

    Raises:
        ValueError: they list nothing that can be read.
    """
    known = {key: asset for key, row in _rows(assets) if (asset := _asset(key, row))}
    read = [pair for key, row in _rows(pairs) if (pair := _pair(key, row, known))]
    if not read:
        raise ValueError("the mirrored exchange lists no pair that can be read")
    return Listing(sorted(read, key=lambda pair: pair.key), known.values())


def statuses_of(pairs: object) -> dict[str, str]:
    """Return the status of each pair by its key, from the result of AssetPairs."""
    return {key: str(row["status"]) for key, row in _rows(pairs) if "status" in row}


def _rows(result: object) -> Iterator[tuple[str, Row]]:
    if isinstance(result, dict):
        yield from ((str(key), row) for key, row in result.items() if isinstance(row, dict))


def _asset(key: str, row: Row) -> Asset | None:
    try:
        return Asset(
            id=key,
            altname=str(row["altname"]),
            decimals=int(row["decimals"]),
            display_decimals=int(row["display_decimals"]),
            status=str(row.get("status", "enabled")),
        )
    except (KeyError, ValueError, TypeError):
        return None


def _pair(key: str, row: Row, assets: Mapping[str, Asset]) -> Pair | None:
    try:
        pair = Pair(
            key=key,
            base=assets[row["base"]],
            quote=assets[row["quote"]],
            pair_decimals=int(row["pair_decimals"]),
            price_decimals=int(row["pair_decimals"]),
            lot_decimals=int(row["lot_decimals"]),
            volume_decimals=int(row["lot_decimals"]),
            cost_decimals=int(row["cost_decimals"]),
            ordermin=Decimal(str(row["ordermin"])),
            costmin=Decimal(str(row["costmin"])),
            status=str(row["status"]),
            leverage=tuple(row.get("leverage_buy", ())),
            daily_usd=DAILY_USD,
            quote_usd=0.0,
        )
        is_usual = row.get("aclass_base") == CLASS and Decimal(str(row["tick_size"])) == pair.tick
    except (KeyError, ValueError, TypeError, InvalidOperation):
        return None
    return pair if is_usual and pair.altname == row.get("altname") else None
