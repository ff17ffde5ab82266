"""What the exchange's best prices were at any instant, by the simulator's own market alone.

The market is a function of time, so the past can be asked: for how long had a price been left when
somebody stood on it?
"""

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream.depth import looked_at

REMEMBERED: Final = timedelta(minutes=20)
Best = tuple[Decimal, Decimal]
"""Bid and ask."""


class Truth:
    """Best prices of the past; instants are those at which the exchange was looked at."""

    def __init__(self, exchange: Exchange, names: Mapping[str, str]) -> None:
        listed: Mapping[str, Pair] = {each.altname: each for each in exchange.market.listing.pairs}
        self._market = exchange.market
        self._pairs = {name: listed[name] for name in names}
        self._looks: deque[datetime] = deque()

    def looked(self, at: datetime) -> None:
        """Note an instant at which whatever had changed was told."""
        self._looks.append(at)
        while self._looks[0] < at - REMEMBERED:
            self._looks.popleft()

    def best(self, name: str, at: datetime) -> Best:
        """Return the best prices of a pair at an instant."""
        pair, seconds = self._pairs[name], at.timestamp()
        candle = self._market.finest(pair, seconds)
        assert candle is not None
        done = candles.prints_until(candle, seconds)
        units = candles.print_price(candle, done - 1) if done else candle.open
        minute = int(at.astimezone(UTC).timestamp()) // 60
        sides = looked_at(pair, pair.price(units), minute, (), 1)
        return sides.bids[0][0] * pair.tick, sides.asks[0][0] * pair.tick

    def left_for(self, name: str, told: Best, now: datetime) -> float | None:
        """Return for how many seconds a price had been left; None where it never was the market's.

        Args:
            name: of the pair.
            told: what somebody stands on.
            now: the instant at which he does.
        """
        after = now
        for at in reversed(self._looks):
            if self.best(name, at) == told:
                return (now - after).total_seconds()
            after = at
        return None
