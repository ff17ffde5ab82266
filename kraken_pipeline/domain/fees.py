"""The account's fee rates, and what an order will cost at the most."""

from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.domain.money import PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRates:
    """What the account pays, in percent of the cost of a fill.

    Source: TradeVolume; AssetPairs has had none since September 2026.
    """

    maker_pct: Decimal
    taker_pct: Decimal

    @property
    def worst_share(self) -> Decimal:
        """The higher of the two, as a share of cost."""
        return max(self.maker_pct, self.taker_pct) * PERCENT
