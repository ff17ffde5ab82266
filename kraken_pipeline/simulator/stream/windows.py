"""What traded since a moment, kept up to the running candle: for the last day and for candles."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import Candle
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market

KEPT: Final = 16
"""Spans of one pair that are kept: the day and each interval of candles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What traded in a span of time, whole units throughout."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: float
    """Volume by price."""
    count: int

    @property
    def vwap(self) -> int:
        """The average price by volume; the last price if nothing traded."""
        return round(self.turnover / self.volume) if self.volume else self.close

    def followed_by(self, later: "Span") -> "Span":
        """Return this span and the one right after it."""
        return Span(
            open=self.open,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=self.volume + later.volume,
            turnover=self.turnover + later.turnover,
            count=self.count + later.count,
        )


def span(candle: Candle) -> Span:
    """Return a candle as a span."""
    return Span(
        open=candle.open,
        high=candle.high,
        low=candle.low,
        close=candle.close,
        volume=candle.volume,
        turnover=float(candle.vwap) * candle.volume,
        count=candle.count,
    )


class Windows:
    """Spans of one pair that end now."""

    def __init__(self, market: Market, pair: Pair) -> None:
        self._market = market
        self._pair = pair
        self._kept: OrderedDict[tuple[int, int], Span | None] = OrderedDict()

    def since(self, start: int, running: Candle, begun: Candle) -> Span:
        """Return what traded from a start to now.

        Args:
            start: UNIX seconds, on the grid of the finest candles.
            running: the whole finest candle around now.
            begun: the same as it stands.
        """
        before = self._before(start, running.time)
        return before.followed_by(span(begun)) if before else span(begun)

    def _before(self, start: int, stop: int) -> Span | None:
        """Return what traded before the running candle, from what is kept if it is there."""
        key = start, stop
        if key not in self._kept:
            self._kept[key] = self._worked_out(start, stop)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _worked_out(self, start: int, stop: int) -> Span | None:
        pieces = self._market.pieces(self._pair, start, stop) if start < stop else candles.empty()
        if not len(pieces):
            return None
        turnover = (pieces.vwap.astype(np.float64) * pieces.volume).sum()
        whole = span(candles.merged(pieces).row(0, stop - start))
        return replace(whole, turnover=float(turnover))
