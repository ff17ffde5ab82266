"""Every spelling of an asset or a pair, mapped to one.

Ours is the altname with Kraken's own letters for a pair (`XBTUSD`) and for an asset (`XBT`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, NewType

from kraken_pipeline.domain.errors import InvalidValueError, UnknownNameError

Asset = NewType("Asset", str)
"""An economic asset by its altname: `XBT`, `USD`, `SOL`."""

MODERN: Final = MappingProxyType({"XBT": "BTC", "XDG": "DOGE"})
"""The two names that WebSocket v2 and people spell otherwise."""

VAULT: Final = "VAULT"
"""Our suffix for what lies in an Earn vault: Kraken's balances do not tell of it (U-AST-2)."""

BUCKETS: Final = frozenset({"S", "M", "P", "B", "F", "T", "HOLD", VAULT})
"""Suffixes under which parts of one economic asset are kept."""

LOCKED: Final = frozenset({"S", "M", "P", "B", "HOLD", VAULT})
"""Those of them from which Kraken sells nothing: staked, bonded, in a vault, or kept back. Rewards
(`.F`) and tokens (`.T`) can be spent."""

VARIANTS: Final = MappingProxyType({"ETH2": "ETH"})
"""Products that Kraken names without a suffix."""


NEAREST: Final = 3
"""Spellings that are offered where one means nothing."""


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


def is_locked(bucket: str) -> bool:
    """Tell whether what lies in a bucket is owned and can't be sold as it lies there (U-FUN-7)."""
    stem, dot, suffix = bucket.rpartition(".")
    return bucket in VARIANTS or (bool(dot) and bool(stem) and suffix in LOCKED)


def _is_part(altname: str) -> bool:
    _, dot, suffix = altname.rpartition(".")
    return altname in VARIANTS or (bool(dot) and suffix in BUCKETS)


def _meant(spelling: str, folded: Mapping[str, str]) -> tuple[str, ...]:
    close = get_close_matches(spelling.upper(), folded, n=NEAREST)
    return tuple(dict.fromkeys(folded[each] for each in close))


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
        # buckets last: what they are a part of must be known by then
        for key, altname in sorted(assets.items(), key=lambda each: _is_part(each[1])):
            whole = self._whole(altname) if _is_part(altname) else None
            for spelling in (key, altname, modern(altname)):
                self._add_asset(spelling, whole or Asset(altname))
        for name in pairs:
            for spelling in (name.pair, name.key, name.slashed, name.slashed.replace("/", "")):
                self._add_pair(spelling, name)
            self._add_pair(f"{name.base}/{name.quote}", name)

    def asset(self, spelling: str) -> Asset:
        """Return the economic asset that a spelling means; a known bucket suffix is its base.

        Raises:
            UnknownNameError: no asset is spelled so.
        """
        known = self._assets.get(spelling) or self._whole(spelling)
        if known is None:
            raise UnknownNameError(f"{spelling!r} is no asset that the exchange lists")
        return known

    def pair(self, spelling: str) -> PairName:
        """Return the pair that a spelling means.

        Raises:
            UnknownNameError: no pair is spelled so.
        """
        if spelling not in self._pairs:
            raise UnknownNameError(f"{spelling!r} is no pair that the exchange lists")
        return self._pairs[spelling]

    def with_old_names(self, current: Mapping[Asset, Asset]) -> "SymbolTable":
        """Return a table that also knows the names which assets and pairs had before.

        What the exchange lists under a name stays what the name means (UNI-9).

        Args:
            current: each old name to the asset that it became.
        """
        table = SymbolTable(assets={}, pairs=())
        table._assets, table._pairs = dict(self._assets), dict(self._pairs)
        for old, new in sorted(current.items()):
            if old not in self._assets.values() and new in self._assets.values():
                for spelling in (old, modern(old)):
                    table._assets.setdefault(spelling, new)
                for spelling, name in self._old_pairs(old, new):
                    table._pairs.setdefault(spelling, name)
        return table

    def _old_pairs(self, old: Asset, new: Asset) -> Iterator[tuple[str, PairName]]:
        """Return how the pairs of an asset were spelled when it had its old name."""
        for name in sorted(set(self._pairs.values()), key=lambda each: each.pair):
            if new in {name.base, name.quote}:
                base, quote = (old if each == new else each for each in (name.base, name.quote))
                slashed = f"{modern(base)}/{modern(quote)}"
                for spelling in (f"{base}{quote}", slashed, slashed.replace("/", "")):
                    yield spelling, name

    def nearest_pairs(self, spelling: str) -> tuple[str, ...]:
        """Return our names of the pairs that are spelled most like it, the nearest first."""
        folded = {each.upper(): name.pair for each, name in self._pairs.items()}
        return _meant(spelling, folded)

    def nearest_assets(self, spelling: str) -> tuple[str, ...]:
        """Return the assets that are spelled most like it, the nearest first."""
        return _meant(spelling, {each.upper(): str(name) for each, name in self._assets.items()})

    def _whole(self, part: str) -> Asset | None:
        """Return the asset of which a bucket or a variant is a part, where that is listed."""
        stem, dot, suffix = part.rpartition(".")
        stem = stem if dot and suffix in BUCKETS else part
        stem = VARIANTS.get(stem, stem)
        if stem == part:
            return None
        # the digits before a suffix are the term of a bond, unless they belong to a listed name
        return self._assets.get(stem) or self._assets.get(stem.rstrip("0123456789"))

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
