"""How grave a drift is, which decides what it stops and never whether it is shown (PF-14)."""

from dataclasses import dataclass
from decimal import Decimal

from kraken_pipeline.domain.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Up to what worth a drift only warns: the larger of the two. With neither, every one stops."""

    amount: Decimal = ZERO
    """In base currency."""
    share: Decimal = ZERO
    """Of equity: 0.001 is a thousandth."""

    def is_grave(self, worth: Decimal | None, equity: Decimal) -> bool:
        """Tell whether a drift stops what opens.

        Args:
            worth: of all that drifts, in base currency, what is missing and what is too much taken
                together; None where nobody can say, which is grave.
            equity: in base currency.
        """
        return worth is None or worth > max(self.amount, self.share * equity)
