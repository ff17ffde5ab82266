"""The ways to earn on an asset that the simulator offers.

The terms are those of strategies that were recorded. One that can be left at once can be entered
here; one with an unbonding period is listed, but takes no new funds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from kraken_pipeline.simulator.buckets import VAULT
from kraken_pipeline.simulator.ids import identifier
from kraken_pipeline.simulator.listing import Asset, Listing

BUCKET: Final = "B"
"""Suffix of where funds are while they earn."""
FLEX: Final = "F"
"""Suffix of where they earn by themselves."""
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
_FLEX: Final = (("USD", "3.5000", "3.5000"), ("XBT", "0.1000", "0.1000"))
_VAULTS: Final = (("USDC", "6.0000", "9.0000"), ("XBT", "1.0000", "2.5000"))
_BONDED: Final = (
    ("ATOM", "11.0000", "15.0000", 21),
    ("DOT", "15.0000", "21.0000", 28),
    ("ETH", "3.0000", "6.0000", 5),
)
"""Asset, lowest and highest yield in percent a year, and the source or the days of unbonding.
What earns by itself and the vaults have terms that are made up: none were recorded."""

_TERMS: Final = (
    *((*row, 0, BUCKET) for row in _INSTANT),
    *((name, low, high, "staking", days * _DAY, BUCKET) for name, low, high, days in _BONDED),
    *((*row, "opt_in_rewards", 0, FLEX) for row in _FLEX),
    *((*row, "staking", 0, VAULT) for row in _VAULTS),
)
"""Asset, yields, source, seconds of unbonding, and the suffix of the bucket."""


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
    kind: str
    """The suffix of the bucket in which its funds are."""

    @property
    def bucket(self) -> str:
        """Where its funds are."""
        return f"{self.asset.altname}.{self.kind}"

    @property
    def can_be_entered(self) -> bool:
        """Whether it takes new funds."""
        return not self.unbonding_seconds and self.kind != FLEX


@lru_cache(maxsize=4)
def offered(listing: Listing) -> tuple[Strategy, ...]:
    """Return the strategies for assets that are listed."""
    return tuple(_offered(listing))


def _offered(listing: Listing) -> Iterator[Strategy]:
    for name, low, high, source, unbonding_seconds, kind in _TERMS:
        asset = listing.asset(name)
        if asset is None:
            continue
        letters = identifier("ES", name, *([] if kind == BUCKET else [kind])).replace("-", "")
        yield Strategy(
            id=f"{letters[:7]}-{letters[7:12]}-{letters[11:17]}",
            asset=asset,
            low=low,
            high=high,
            source=source,
            unbonding_seconds=unbonding_seconds,
            kind=kind,
        )
