"""An order as the naive exchange has it, and a trade of it.

Source: kraken/rest.md §6.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from kraken_pipeline.simulator.listing import Pair

ZERO: Final = Decimal(0)
STOPS_ABOVE: Final = {"stop-loss": True, "take-profit": False, "trailing-stop": True}
"""Whether a buy of the type fires when the price rises."""


def cut(value: Decimal, decimals: int, rounding: str) -> Decimal:
    """Return a number with so many decimals."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding)


@dataclass(kw_only=True, eq=False)
class Ask:
    """An order that somebody wants, all prices absolute, or how it stands."""

    pair: Pair
    side: str
    ordertype: str
    volume: Decimal
    price: Decimal | None = None
    """The limit."""
    stop: Decimal | None = None
    trail: Decimal | None = None
    """How far a trailing stop keeps behind, percent."""
    timeinforce: str = "GTC"
    lives: int = 0
    """Seconds; 0 for good."""
    post: bool = False
    fee_in_base: bool = False
    in_quote: bool = False
    stp: str = "cancel-newest"
    id: int = 0
    peak: Decimal = ZERO
    last: Decimal = ZERO
    """The price when it was placed."""
    ends: datetime | None = None
    waits: bool = False
    executed: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def buys(self) -> bool:
        """Whether it is a buy."""
        return self.side == "buy"

    @property
    def left(self) -> Decimal:
        """What has not traded of it."""
        return self.volume - (self.cost if self.in_quote else self.executed)

    @property
    def fires_above(self) -> bool:
        """Whether it waits for a higher price."""
        above = STOPS_ABOVE[self.ordertype.removesuffix("-limit")]
        return above if self.buys else not above

    def reached(self, price: Decimal) -> bool:
        """Tell whether a price fires it."""
        assert self.stop is not None
        return price >= self.stop if self.fires_above else price <= self.stop

    def follow(self, price: Decimal) -> None:
        """Let a trailing stop follow a price."""
        if self.trail is None:
            return
        self.peak = min(self.peak, price) if self.fires_above else max(self.peak, price)
        away = self.peak * self.trail / 100
        stop = self.peak + away if self.fires_above else self.peak - away
        self.stop = stop.quantize(self.pair.tick, rounding=ROUND_HALF_UP)


@dataclass(kw_only=True)
class Fill:
    """A trade of an order."""

    order: int
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal
    maker: bool
    at: datetime
    usd: Decimal
