"""What is listed: assets, pairs, and every spelling that finds them."""

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = slice | NDArray[np.int64]
"""Some rows of a panel."""

RENAMED: Final[Mapping[str, str]] = {"XBT": "BTC", "XDG": "DOGE"}
"""The two altnames that are spelled otherwise for display and with `assetVersion=1`.

Source: kraken/rest.md §2, checked there over 1450 pairs.
"""


def display_name(altname: str) -> str:
    """Return the name of an asset as people write it: XBT → BTC."""
    return RENAMED.get(altname, altname)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset as Assets lists it."""

    id: str
    """The internal id: XXBT, ZUSD, SOL."""
    altname: str
    decimals: int
    """Decimals of balances and ledger entries."""
    display_decimals: int
    status: str = "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair as AssetPairs lists it, and how finely its market counts."""

    key: str
    """The internal key: XXBTZUSD, SOLUSD."""
    base: Asset
    quote: Asset
    pair_decimals: int
    lot_decimals: int
    cost_decimals: int
    ordermin: Decimal
    """Smallest volume of an order, base."""
    costmin: Decimal
    """Smallest cost of an order, quote."""
    status: str = "online"
    leverage: tuple[int, ...] = ()
    price_decimals: int
    """Decimals of the market's own prices: more than `pair_decimals` in some recorded years."""
    volume_decimals: int = 8
    """Decimals of the market's own volumes: fewer where a day trades 10^9 units and more."""
    daily_usd: float
    """How much trades in an ordinary day, USD: the house quotes by it. A scale, not money."""
    quote_usd: float
    """About how many USD a unit of the quote is worth, for the same use."""

    @property
    def altname(self) -> str:
        """The short name: XBTUSD."""
        return self.base.altname + self.quote.altname

    @property
    def wsname(self) -> str:
        """The name with a slash, in altnames: XBT/USD."""
        return f"{self.base.altname}/{self.quote.altname}"

    @property
    def display(self) -> str:
        """The name with a slash as people write it: BTC/USD."""
        return f"{display_name(self.base.altname)}/{display_name(self.quote.altname)}"

    @property
    def tick(self) -> Decimal:
        """The smallest step of an order's price, quote per base."""
        return Decimal(1).scaleb(-self.pair_decimals)

    @property
    def lot(self) -> Decimal:
        """The smallest step of an order's volume, base."""
        return Decimal(1).scaleb(-self.lot_decimals)

    def base_usd(self, price: Decimal) -> float:
        """Return about how many USD a unit of the base is worth at a price in the quote."""
        return float(price) * self.quote_usd

    def daily_base(self, price: Decimal) -> Decimal:
        """Return about how much of the base trades in an ordinary day."""
        return Decimal(f"{self.daily_usd / self.base_usd(price):.8f}")

    def price(self, units: int) -> Decimal:
        """Return a market price in quote per base from its whole units."""
        return Decimal(int(units)).scaleb(-self.price_decimals)

    def volume(self, units: int) -> Decimal:
        """Return a market volume in base from its whole units."""
        return Decimal(int(units)).scaleb(-self.volume_decimals)


class Listing:
    """The assets and pairs of one market, found by any of their names."""

    def __init__(self, pairs: Iterable[Pair], more_assets: Iterable[Asset] = ()) -> None:
        self.pairs: Final[tuple[Pair, ...]] = tuple(pairs)
        assets = {asset.id: asset for pair in self.pairs for asset in (pair.base, pair.quote)} | {
            asset.id: asset for asset in more_assets
        }
        self.assets: Final[Mapping[str, Asset]] = dict(sorted(assets.items()))
        self._row = {pair.key: row for row, pair in enumerate(self.pairs)}
        self._pairs = {name: pair for pair in self.pairs for name in _pair_names(pair)}
        self._assets = {name: asset for asset in assets.values() for name in _asset_names(asset)}

    def pair(self, name: str) -> Pair | None:
        """Return the pair of that name in any spelling, or None."""
        return self._pairs.get(name) or self._pairs.get(name.upper())

    def asset(self, name: str) -> Asset | None:
        """Return the asset of that id, altname or display name, or None."""
        return self._assets.get(name) or self._assets.get(name.upper())

    def rows(self, pairs: Sequence[Pair]) -> Rows:
        """Return where listed pairs stand in `pairs`: what picks their rows from a panel of all."""
        if len(pairs) == 1:
            row = self._row[pairs[0].key]
            return slice(row, row + 1)
        if len(pairs) == len(self.pairs) and all(map(operator.is_, pairs, self.pairs)):
            return slice(None)
        return np.array([self._row[pair.key] for pair in pairs], dtype=np.int64)

    def between(self, base: str, quote: str) -> Pair | None:
        """Return the pair of two asset ids, or None."""
        return self._pairs.get(f"{self.assets[base].altname}/{self.assets[quote].altname}")


def _pair_names(pair: Pair) -> tuple[str, ...]:
    return (
        pair.key,
        pair.altname,
        pair.wsname,
        pair.display,
        pair.display.replace("/", ""),
        f"{pair.base.id}/{pair.quote.id}",
    )


def _asset_names(asset: Asset) -> tuple[str, ...]:
    return (asset.id, asset.altname, display_name(asset.altname))
