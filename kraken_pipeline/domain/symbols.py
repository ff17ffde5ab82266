"""Every spelling of an asset or a pair, mapped to one.

Ours is the altname with Kraken's own letters for a pair (`XBTUSD`) and for an asset (`XBT`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NewType

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError

Asset = NewType("Asset", str)
"""An economic asset by its altname: `XBT`, `USD`, `SOL`."""

MODERN: Final = MappingProxyType({"XBT": "BTC", "XDG": "DOGE"})
"""The two names that WebSocket v2 and people spell otherwise."""

BUCKETS: Final = frozenset({"S", "M", "P", "B", "F", "T", "HOLD"})
"""Suffixes under which Kraken keeps parts of one economic asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairName:
    """The spellings of one pair."""

    pair: str
    """Our name for it, Kraken's altname: `XBTUSD`."""
    key: str
    """Kraken's internal key: `XXBTZUSD`."""
    base: Asset
    quote: Asset

    @property
    def slashed(self) -> str:
        """How WebSocket v2 and people spell it: `BTC/USD`."""
        return f"{modern(self.base)}/{modern(self.quote)}"


def modern(asset: str) -> str:
    """Spell an asset as WebSocket v2 does."""
    return MODERN.get(asset, asset)


class SymbolTable:
    """Looks names up; never builds or strips them. Fixed once made."""

    def __init__(self, *, assets: Mapping[str, str], pairs: Iterable[PairName]) -> None:
        """Make the table.

        Args:
            assets: Kraken's internal asset id to altname.
            pairs: every pair that the exchange lists.

        Raises:
            InvalidValueError: one spelling would mean two things.
        """
        self._assets: dict[str, Asset] = {}
        self._pairs: dict[str, PairName] = {}
        for key, altname in assets.items():
            for spelling in (key, altname, modern(altname)):
                self._add_asset(spelling, Asset(altname))
        for name in pairs:
            for spelling in (name.pair, name.key, name.slashed, name.slashed.replace("/", "")):
                self._add_pair(spelling, name)
            self._add_pair(f"{name.base}/{name.quote}", name)

    def asset(self, spelling: str) -> Asset:
        """Return the economic asset that a spelling means; a known bucket suffix is its base.

        Raises:
            UnknownNameError: no asset is spelled so.
        """
        if spelling in self._assets:
            return self._assets[spelling]
        stem, dot, suffix = spelling.rpartition(".")
        stem = stem.rstrip("0123456789") if stem not in self._assets else stem
        if dot and suffix in BUCKETS and stem in self._assets:
            return self._assets[stem]
        raise UnknownNameError(f"{spelling!r} is no asset that the exchange lists")

    def pair(self, spelling: str) -> PairName:
        """Return the pair that a spelling means.

        Raises:
            UnknownNameError: no pair is spelled so.
        """
        if spelling not in self._pairs:
            raise UnknownNameError(f"{spelling!r} is no pair that the exchange lists")
        return self._pairs[spelling]

    def _add_asset(self, spelling: str, asset: Asset) -> None:
        if self._assets.setdefault(spelling, asset) != asset:
            raise InvalidValueError(
                f"the asset name {spelling!r} means {self._assets[spelling]} and {asset}"
            )

    def _add_pair(self, spelling: str, name: PairName) -> None:
        if self._pairs.setdefault(spelling, name) != name:
            raise InvalidValueError(
                f"the pair name {spelling!r} means {self._pairs[spelling].pair} and {name.pair}"
            )
