"""The ways to earn on an asset that the simulator offers.

The terms are those of strategies that were recorded. One that can be left at once can be entered
here; one with an unbonding period is listed, but takes no new funds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Asset, Listing

BUCKET: Final = ".B"
"""Where funds are while they earn."""
LEAST_USD: Final = Decimal("0.01")
"""The smallest move into or out of a strategy, USD."""
_DAY: Final = 86_400
_INSTANT: Final = (
    ("USD", "5.2500", "5.2500", "opt_in_rewards"),
    ("EUR", "2.5000", "2.5000", "opt_in_rewards"),
    ("XBT", "0.1500", "0.1500", "opt_in_rewards"),
    ("USDT", "4.2500", "4.2500", "opt_in_rewards"),
    ("USDC", "4.2500", "4.2500", "opt_in_rewards"),
    ("ADA", "3.0000", "6.0000", "staking"),
    ("XTZ", "4.0000", "7.0000", "staking"),
    ("SOL", "4.0000", "7.0000", "staking"),
)
_BONDED: Final = (
    ("ATOM", "11.0000", "15.0000", 21),
    ("DOT", "15.0000", "21.0000", 28),
    ("ETH", "3.0000", "6.0000", 5),
)
"""Asset, lowest and highest yield in percent a year, and the source or the days of unbonding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to earn."""

    id: str
    asset: Asset
    low: str
    """The lowest yield, percent a year."""
    high: str
    source: str
    unbonding_seconds: int
    """0 where funds can be taken out at once."""

    @property
    def bucket(self) -> str:
        """Where its funds are."""
        return self.asset.altname + BUCKET

    @property
    def can_be_entered(self) -> bool:
        """Whether it takes new funds."""
        return not self.unbonding_seconds


@lru_cache(maxsize=4)
def offered(listing: Listing) -> tuple[Strategy, ...]:
    """Return the strategies for assets that are listed."""
    return tuple(_offered(listing))


def _offered(listing: Listing) -> Iterator[Strategy]:
    terms = [(*row, 0) for row in _INSTANT]
    terms += [(name, low, high, "staking", days * _DAY) for name, low, high, days in _BONDED]
    for name, low, high, source, unbonding_seconds in terms:
        asset = listing.asset(name)
        if asset is None:
            continue
        letters = identifier("ES", name).replace("-", "")
        yield Strategy(
            id=f"{letters[:7]}-{letters[7:12]}-{letters[11:17]}",
            asset=asset,
            low=low,
            high=high,
            source=source,
            unbonding_seconds=unbonding_seconds,
        )
