"""A pair with the rules that its orders must keep, and what the market says of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.symbols import Asset


class Side(StrEnum):
    """Which way an order goes. Spot only: a sell ends at zero."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pair as the exchange lists it."""

    name: str
    """Our name, Kraken's altname."""
    key: str
    """Kraken's internal key."""
    base: Asset
    quote: Asset
    asset_class: str
    """`currency`, or another class that we do not trade."""
    status: str
    """`online`, or what is still allowed."""
    tick: Decimal
    """Smallest price step, in quote per base."""
    lot: Decimal
    """Smallest qty step, in base."""
    min_qty: Decimal
    """Smallest order, in base."""
    min_cost: Decimal
    """Smallest order, in quote."""
    quote_class: str | None = None
    """Of the quote, as `asset_class`. None, here and below: the exchange did not say."""
    venue: str | None = None
    """Where its orders trade: `international`, or another."""
    price_decimals: int | None = None
    cost_decimals: int | None = None
    """Of costs and fees, in quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """What the market says of a pair: best prices and a day's trade."""

    bid: Price
    ask: Price
    last: Price
    volume_24h: Decimal
    """In base units."""
    vwap_24h: Decimal
    """In quote per base; zero where nothing traded."""

    @property
    def notional_24h(self) -> Decimal:
        """What traded in 24 h, in quote, at the last price (contract section 5)."""
        return self.volume_24h * self.last

    @property
    def mid(self) -> Price:
        """Halfway between bid and ask."""
        return Price((self.bid + self.ask) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A ticker with its source and its age, so that nobody takes an old price for a new one."""

    pair: str
    ticker: Ticker
    source: str
    """Where it comes from: `rest`, later `stream`."""
    received_at: datetime
