"""The exchange's public side: what is listed, what it costs now, what it cost, how it is."""

from datetime import datetime

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe
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

    def system_status(self) -> str:
        """Return `online`, `maintenance`, `cancel_only` or `post_only`."""
        return status_from(self._line.ask("SystemStatus"))

    def server_time(self) -> datetime:
        """Return the exchange's clock, to the second, UTC."""
        return time_from(self._line.ask("Time"))

    def close(self) -> None:
        """Close the connections."""
        self._line.close()
