"""What an asset is worth in the base currency, by the pairs that the market quotes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.symbols import Asset

HOPS: Final = (Asset("USD"), Asset("USDT"), Asset("USDC"), Asset("EUR"), Asset("XBT"), Asset("ETH"))
"""Assets through which another is priced where no direct pair trades, best first (PF-12)."""
NO_CHOICE: Final[Mapping[Asset, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way from an asset to the base currency."""

    price: Decimal
    """Base currency per unit."""
    pairs: tuple[str, ...]
    """Our names of those that it goes through; none for the base currency itself."""

    @property
    def said(self) -> str:
        """The pairs, for a person."""
        return "+".join(self.pairs) or "itself"


class PriceTable:
    """Prices assets from tickers, straight or through one asset. Fixed once made."""

    def __init__(
        self,
        base_currency: Asset,
        pairs: Mapping[str, Pair],
        tickers: Mapping[str, Ticker],
        chosen: Mapping[Asset, str] = NO_CHOICE,
    ) -> None:
        """Make the table of what has a ticker.

        Args:
            base_currency: in which everything is priced.
            pairs: our name to every listed pair.
            tickers: our name to its ticker.
            chosen: an asset to the one pair that a person wants it valued by.
        """
        self._base_currency = base_currency
        self._pairs = pairs
        self._chosen = chosen
        self._quoted = {
            (pair.base, pair.quote): (name, tickers[name])
            for name, pair in pairs.items()
            if name in tickers and is_market(tickers[name])
        }

    def rate(self, asset: Asset) -> Decimal | None:
        """Return base currency per unit of the asset, or None where the market does not say."""
        found = self.way(asset)
        return None if found is None else found.price

    def source(self, asset: Asset) -> str:
        """Return the pairs that price the asset, or `none`."""
        found = self.way(asset)
        return "none" if found is None else found.said

    def way(self, asset: Asset) -> Way | None:
        """Return the way that values an asset: the chosen pair, else the first that there is."""
        if asset in self._chosen and asset != self._base_currency:
            return self._by(asset, self._chosen[asset])
        return next(self._ways(asset), None)

    def why_none(self, asset: Asset) -> str:
        """Return why nothing values an asset, where nothing does."""
        if asset in self._chosen:
            name = self._chosen[asset]
            return f"{name}, as portfolio.valuation_pairs has it, gives no price of it"
        return "no pair that could price it has a bid and an ask"

    def others(self, asset: Asset, way: Way) -> Iterator[Way]:
        """Yield the ways that share no pair with one: what they say is a second source."""
        return (each for each in self._ways(asset) if not set(each.pairs) & set(way.pairs))

    def without(self, names: Collection[str]) -> "PriceTable":
        """Return a table that knows no price of some pairs, by our names."""
        table = PriceTable(self._base_currency, self._pairs, {}, self._chosen)
        table._quoted = {
            sides: (name, told) for sides, (name, told) in self._quoted.items() if name not in names
        }
        return table

    def is_traded(self, asset: Asset) -> bool:
        """Tell whether the exchange lists any pair of the asset, quoted or not."""
        return asset == self._base_currency or any(
            asset in {pair.base, pair.quote} for pair in self._pairs.values()
        )

    def _ways(self, asset: Asset) -> Iterator[Way]:
        straight = self._step(asset, self._base_currency)
        if straight is not None:
            yield straight
        for hop in HOPS:
            if hop not in {asset, self._base_currency}:
                first, second = self._step(asset, hop), self._step(hop, self._base_currency)
                if first is not None and second is not None:
                    yield _joined(first, second)

    def _by(self, asset: Asset, name: str) -> Way | None:
        pair = self._pairs.get(name)
        if pair is None or asset not in {pair.base, pair.quote}:
            return None
        other = pair.quote if asset == pair.base else pair.base
        first = self._step(asset, other)
        # a way back over the same pair would say nothing of it
        second = next((each for each in self._ways(other) if name not in each.pairs), None)
        return None if first is None or second is None else _joined(first, second)

    def _step(self, asset: Asset, into: Asset) -> Way | None:
        if asset == into:
            return Way(price=Decimal(1), pairs=())
        if (asset, into) in self._quoted:
            name, ticker = self._quoted[asset, into]
            return Way(price=ticker.mid, pairs=(name,))
        if (into, asset) in self._quoted:
            name, ticker = self._quoted[into, asset]
            return Way(price=1 / ticker.mid, pairs=(name,))
        return None


def is_market(ticker: Ticker) -> bool:
    """Tell whether somebody buys, and nobody pays more than somebody asks."""
    bid, ask = ticker.bid, ticker.ask
    return bid.is_finite() and ask.is_finite() and 0 < bid <= ask


def _joined(first: Way, second: Way) -> Way:
    return Way(price=first.price * second.price, pairs=first.pairs + second.pairs)
