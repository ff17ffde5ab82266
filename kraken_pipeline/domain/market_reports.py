"""What the exchange shows of its market beside bars and tickers: books, trades, its own state."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """All that waits at one price."""

    price: Price
    qty: Qty
    at: datetime | None = None
    """When it last changed; None where the exchange does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """A pair's book as far as it was asked for, the best price of each side first."""

    pair: str
    """Our name."""
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTrade:
    """A trade of anybody's."""

    trade_id: int | None
    """Counts up within its pair; None for those of the first years, which have none."""
    price: Price
    qty: Qty
    taker_side: Side
    is_limit: bool
    """Whether the taker's order had a limit."""
    at: datetime
    """To the microsecond; the exchange knows it finer, so it is no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradesPage:
    """Trades of one pair, oldest first, and where to go on."""

    trades: tuple[PublicTrade, ...]
    cursor: str
    """Nanoseconds since 1970 of the last one, as the exchange wrote it, for the next page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The best prices of a pair at an instant."""

    at: datetime
    bid: Price
    ask: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStatus:
    """How the exchange says that it is."""

    status: str
    """`online`, `maintenance`, `cancel_only`, `post_only`, or a new word."""
    at: datetime | None
    """When it was asked, by its clock; None where it did not say."""
    upcoming_maintenance: tuple[str, ...] | None
    """Windows within three days, each as the exchange wrote it; None where it tells of none."""
    emergency: tuple[str, ...] | None
    """Incidents that go on, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetListed:
    """An asset, or a bucket of one, as the exchange lists it."""

    key: str
    """Kraken's internal id: `XXBT`."""
    name: str
    """Its altname: `XBT`."""
    asset_class: str | None
    decimals: int | None
    """Of balances and ledger entries."""
    status: str | None
    """`enabled`, or what may still be done with it; None in listings of old."""
    collateral_value: Decimal | None = None
    """Share of its worth that counts as collateral."""
    margin_rate: Decimal | None = None
