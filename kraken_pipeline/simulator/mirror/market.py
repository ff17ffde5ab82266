"""The mirrored market as the simulator's floor asks about it: what is listed, and last prices.

Candles and tickers are answered as they come, so none are worked out here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import MINUTE, Candle, Candles
from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.market import LastDay


class MirrorMarket:
    """A market whose prices come from another exchange as they are made."""

    def __init__(self, url: str, listing: Listing) -> None:
        """Take what is listed there."""
        self.identity: Mapping[str, str | int] = {"mirror": url}
        self.listing = listing
        self._lasts: dict[str, tuple[datetime, Decimal]] = {}
        self.at_each_tick: Final[list[Callable[[], None]]] = []
        """What is to be done a few times a second."""

    def saw(self, pair: Pair, price: Decimal, at: datetime) -> None:
        """Take a price, quote per base, for the last one, unless a later one is known."""
        known = self._lasts.get(pair.key)
        if known is None or known[0] <= at:
            self._lasts[pair.key] = at, price

    def finest(self, pair: Pair, at: float) -> Candle | None:
        """Return a candle that stands at the last price; None where none is known."""
        known = self._lasts.get(pair.key)
        if known is None:
            return None
        units = int(known[1].scaleb(pair.price_decimals))
        return Candle(
            time=int(at) // MINUTE * MINUTE,
            seconds=MINUTE,
            open=units,
            high=units,
            low=units,
            close=units,
            vwap=units,
            volume=0,
            count=0,
        )

    def whole(self, pair: Pair, seconds: int, start: int, stop: int) -> Candles:
        """Return no candles."""
        return candles.empty()

    def pieces(self, pair: Pair, start: int, at: float) -> Candles:
        """Return no candles."""
        return candles.empty()

    def last_days(self, pairs: Sequence[Pair], at: float) -> Iterable[LastDay]:
        """Return no days."""
        return ()

    def reaching(
        self, pair: Pair, start: float, end: float, *, low: int, high: int
    ) -> Iterable[Candle]:
        """Return no candles: trades are met one by one."""
        return ()

    def is_open(self, pair: Pair, at: float) -> bool:
        """Tell that it trades: its status says where it does not."""
        return True

    def finest_seconds(self, pair: Pair, at: float) -> int:
        """Return a minute."""
        return MINUTE

    def prepare(self, at: float) -> None:
        """Do what is to be done a few times a second."""
        for each in self.at_each_tick:
            each()
