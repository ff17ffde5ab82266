"""The exchange's public side: what is listed, what it costs now, what it cost, how it is."""

from datetime import datetime

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.market_reports import Depth, Spread, SystemStatus, TradesPage
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.kraken.book_replies import (
    depth_from,
    grouped_book_from,
    spreads_from,
    trades_from,
)
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.market_replies import (
    candles_from,
    listing_from,
    status_from,
    tickers_from,
    time_from,
)


class PublicMarket:
    """Reads the market without a key. Safe to use from several threads at once.

    Every method may raise UnreachableError (ask again), RateLimitedError (ask again later) or
    UnexpectedReplyError (the question is refused, or the answer cannot be read).
    """

    def __init__(self, line: PublicLine) -> None:
        """Take the line that is asked."""
        self._line = line
        self._listing: Listing | None = None

    def listing(self) -> Listing:
        """Return every pair and asset that the exchange lists now."""
        assets = self._line.ask("Assets")
        self._listing = listing_from(assets, self._line.ask("AssetPairs"))
        return self._listing

    def listed_in(self, country_code: str) -> frozenset[str]:
        """Return Kraken's keys of the pairs that may be traded in a country.

        Args:
            country_code: `US`, or `US:TX` for one state.

        Source: docs.kraken.com/api/docs/rest-api/get-tradable-asset-pairs, `country_code`.
        """
        reply = self._line.ask("AssetPairs", {"country_code": country_code})
        return frozenset(record(reply, "AssetPairs").fields)

    def symbols(self) -> SymbolTable:
        """Return the names of the last listing that was read; the first call reads one."""
        return (self._listing or self.listing()).symbols

    def tickers(self) -> dict[str, Ticker]:
        """Return the ticker of every listed pair that has prices, by our name, in one call."""
        symbols = self.symbols()
        return tickers_from(self._line.ask("Ticker"), symbols)

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles, oldest first; Kraken keeps 720 of them.

        Args:
            pair: whose.
            frame: of which length.
            since: the open time of the first that is wanted; None for all there are.

        Source: docs.kraken.com/api/docs/rest-api/get-ohlc-data.
        """
        params = {"pair": pair.key, "interval": str(frame.minutes)}
        if since is not None:
            params["since"] = str(int(since.timestamp()))
        return candles_from(self._line.ask("OHLC", params), pair=pair, frame=frame, since=since)

    def depth(self, pair: Pair, *, count: int = 100) -> Depth:
        """Return the book of a pair, 1 to 500 prices of each side.

        Source: docs.kraken.com/api/docs/rest-api/get-order-book.
        """
        params = {"pair": pair.key, "count": str(count)}
        return depth_from(self._line.ask("Depth", params), pair)

    def grouped_book(self, pair: Pair, *, levels: int, grouping: int) -> Depth:
        """Return the book of a pair in steps of several ticks.

        Args:
            pair: whose.
            levels: of each side: 10, 25, 100, 250 or 1000.
            grouping: ticks that a step is wide: 1 to 1000.
        """
        params = {"pair": pair.key, "depth": str(levels), "grouping": str(grouping)}
        return grouped_book_from(self._line.ask("GroupedBook", params), pair)

    def trades(self, pair: Pair, *, cursor: str = "0", count: int = 1000) -> TradesPage:
        """Return the trades of a pair after a cursor, oldest first, 1 to 1000 of them.

        Args:
            pair: whose.
            cursor: nanoseconds since 1970, as the page before gave it; 0 begins at the first trade.
            count: of the most that may come.

        Source: docs.kraken.com/api/docs/rest-api/get-recent-trades.
        """
        params = {"pair": pair.key, "since": cursor, "count": str(count)}
        return trades_from(self._line.ask("Trades", params), pair)

    def spreads(self, pair: Pair) -> tuple[Spread, ...]:
        """Return the best prices of a pair over the last while, oldest first."""
        return spreads_from(self._line.ask("Spread", {"pair": pair.key}), pair)

    def system_status(self) -> str:
        """Return `online`, `maintenance`, `cancel_only` or `post_only`."""
        return self.status().status

    def status(self) -> SystemStatus:
        """Return how the exchange is, with the maintenance and the incidents that it tells of."""
        return status_from(self._line.ask("SystemStatus"))

    def server_time(self) -> datetime:
        """Return the exchange's clock, to the second, UTC."""
        return time_from(self._line.ask("Time"))

    def close(self) -> None:
        """Close the connections."""
        self._line.close()
