"""What an asset is worth in the base currency, by the pairs that the market quotes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.symbols import Asset

HOPS: Final = (Asset("USD"), Asset("USDT"), Asset("USDC"), Asset("EUR"), Asset("XBT"), Asset("ETH"))
"""Assets through which another is priced where no direct pair trades, best first (PF-12)."""


class PriceTable:
    """Prices assets from tickers, straight or through one asset. Fixed once made."""

    def __init__(
        self, base_currency: Asset, pairs: Mapping[str, Pair], tickers: Mapping[str, Ticker]
    ) -> None:
        """Make the table of what has a ticker.

        Args:
            base_currency: in which everything is priced.
            pairs: our name to every listed pair.
            tickers: our name to its ticker.
        """
        self._base_currency = base_currency
        self._quoted = {
            (pair.base, pair.quote): (name, tickers[name])
            for name, pair in pairs.items()
            if name in tickers and 0 < tickers[name].bid <= tickers[name].ask
        }

    def rate(self, asset: Asset) -> Decimal | None:
        """Return base currency per unit of the asset, or None where the market does not say."""
        found = self._find(asset)
        return None if found is None else found[0]

    def source(self, asset: Asset) -> str:
        """Return the pairs that price the asset, or `none`."""
        found = self._find(asset)
        return "none" if found is None else found[1]

    def _find(self, asset: Asset) -> tuple[Decimal, str] | None:
        straight = self._step(asset, self._base_currency)
        if straight is not None:
            return straight
        for hop in HOPS:
            first, second = self._step(asset, hop), self._step(hop, self._base_currency)
            if first is not None and second is not None:
                return first[0] * second[0], f"{first[1]}+{second[1]}"
        return None

    def _step(self, asset: Asset, into: Asset) -> tuple[Decimal, str] | None:
        if asset == into:
            return Decimal(1), "itself"
        if (asset, into) in self._quoted:
            name, ticker = self._quoted[asset, into]
            return ticker.mid, name
        if (into, asset) in self._quoted:
            name, ticker = self._quoted[into, asset]
            return 1 / ticker.mid, name
        return None
