"""Adding up what is held and what may still be bought, at its worst (RSK-2)."""

from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.risk import Exposure

COUNTS_FROM: Final = Decimal(10)
"""A holding worth less than this, in base currency, is no position; nor is booked dust."""


class Tally:
    """A running total; each approval is added before the next intent is looked at."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._by_pair: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self._by_asset: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self._by_strategy: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self._dust: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self._held: set[str] = set()
        self._gross = ZERO
        self._stop_risk = ZERO

    def add(
        self, *, pair: str, asset: str, strategy: str, worth: Decimal, stop_distance: Decimal
    ) -> None:
        """Add a holding or an order.

        Args:
            pair: our name of the pair; empty for coins that no pair of ours explains.
            asset: what is held.
            strategy: whose it is.
            worth: at its worst, in base currency.
            stop_distance: the share of it that a hit stop would lose.
        """
        self._by_pair[pair] += worth
        self._by_asset[asset] += worth
        self._by_strategy[strategy] += worth
        self._dust[asset] += worth if strategy == DUST else ZERO
        is_held = self._by_asset[asset] - self._dust[asset] >= COUNTS_FROM
        (self._held.add if is_held else self._held.discard)(asset)
        self._gross += worth
        self._stop_risk += worth * stop_distance

    @property
    def assets(self) -> Collection[str]:
        """Every asset of which anything was added."""
        return self._by_asset.keys()

    def exposure(
        self, *, pair: str, asset: str, strategy: str, apart: Collection[str] = ()
    ) -> Exposure:
        """Return the totals that bear on one pair, asset and strategy.

        Args:
            pair: our name.
            asset: the pair's base.
            strategy: whose order it would be.
            apart: assets that do not move with this one; all others count as its cluster.
        """
        return Exposure(
            pair=self._by_pair.get(pair, ZERO),
            asset=self._by_asset.get(asset, ZERO),
            cluster=self._gross - sum([self._by_asset.get(each, ZERO) for each in apart], ZERO),
            strategy=self._by_strategy.get(strategy, ZERO),
            gross=self._gross,
            stop_risk=self._stop_risk,
            positions=len(self._held),
            asset_is_held=asset in self._held,
        )
