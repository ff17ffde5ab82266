"""A market whose listing is read once a minute: it is a megabyte that changes a few times a day."""

from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Final

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.market_reports import Depth, TradesPage
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.ports.exchange import Market

LISTING_SECONDS: Final = 60


class ListingRemembered:
    """Another market with its listing kept for a minute; everything else is asked each time."""

    def __init__(self, market: Market) -> None:
        """Take the market that is asked."""
        self._market = market
        self._kept: tuple[float, Listing] | None = None

    def listing(self) -> Listing:
        """Return the listing, at most a minute old."""
        if self._kept is None or monotonic() - self._kept[0] > LISTING_SECONDS:
            self._kept = monotonic(), self._market.listing()
        return self._kept[1]

    def listed_in(self, country_code: str) -> frozenset[str]:
        """Return what is listed for a country."""
        return self._market.listed_in(country_code)

    def tickers(self) -> Mapping[str, Ticker]:
        """Return every ticker."""
        return self._market.tickers()

    def depth(self, pair: Pair) -> Depth:
        """Return the book of a pair."""
        return self._market.depth(pair)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles."""
        return self._market.candles(pair, frame, since)

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        """Return anybody's trades."""
        return self._market.trades(pair, cursor=cursor, count=count)

    def system_status(self) -> str:
        """Return the exchange's status."""
        return self._market.system_status()
