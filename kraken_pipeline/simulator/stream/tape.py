"""The trades of one pair as time goes by: the prints that its candles are made of.

They are the ones that Trades answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import MINUTE, Candle
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market

MOST_PRINTS: Final = 1000
"""Of a leap in time, only so many of the last prints are told."""
LONGEST_LEAP: Final = 5000
"""Candles that are gone through one by one; a longer leap lands in the last one."""
LONGEST_LOOK_BACK: Final = 500
"""Candles that are looked through for the last prints."""
EPOCH: Final = 236_678_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """A trade, in the whole units of its market."""

    id: int
    at: float
    """UNIX seconds."""
    side: str
    """The taker's."""
    ord_type: str
    price: int
    volume: int


def printed(candle: Candle, number: int) -> Print:
    """Return a candle's print of a number, counted from 0."""
    price = candles.print_price(candle, number)
    before = candles.print_price(candle, number - 1) if number else candle.open
    return Print(
        id=candle.time // MINUTE * 10_000 - EPOCH + number,
        at=candles.print_time(candle, number),
        side="buy" if price >= before else "sell",
        ord_type="market" if number % 3 else "limit",
        price=price,
        volume=candles.print_volume(candle, number),
    )


class Tape:
    """Where the trading of a pair stands."""

    def __init__(self, market: Market, pair: Pair, at: float) -> None:
        """Begin at a time, UNIX seconds."""
        self._market = market
        self._pair = pair
        self.candle: Candle | None = None
        """The whole candle that it is in; None if the pair has never traded."""
        self.done = 0
        """How many of the candle's prints have been made."""
        self._enter(at)

    def _enter(self, at: float) -> None:
        self._at = at
        self.candle = self._market.finest(self._pair, at)
        self.done = candles.prints_until(self.candle, at) if self.candle else 0

    @property
    def price(self) -> int | None:
        """The last price in whole units; None if the pair has never traded."""
        if self.candle is None:
            return None
        return candles.print_price(self.candle, self.done - 1) if self.done else self.candle.open

    def next_at(self, at: float) -> float:
        """Return when something may happen next, UNIX seconds: a print, or another minute."""
        minute = (int(at) // MINUTE + 1) * MINUTE
        if self.candle is None:
            return minute
        total = candles.prints_until(self.candle, self.candle.time + self.candle.seconds)
        if self.done >= total:
            return minute
        return min(candles.print_time(self.candle, self.done), minute)

    def advance(self, at: float) -> list[Print]:
        """Go on to a time and return the prints up to it, the last ones if they are very many.

        If the clock went back, so does the tape, and nothing is told.
        """
        if at < self._at:
            self._enter(at)
        self._at = at
        spans = list(self._spans(at))
        found: list[Print] = []
        for candle, first, stop in reversed(spans):
            numbers = range(max(first, stop - MOST_PRINTS + len(found)), stop)
            found = [*(printed(candle, number) for number in numbers), *found]
            if len(found) >= MOST_PRINTS:
                break
        return found

    def _spans(self, at: float) -> Iterator[tuple[Candle, int, int]]:
        for _ in range(LONGEST_LEAP):
            candle = self.candle
            if candle is None or at < candle.time + candle.seconds:
                break
            end = candle.time + candle.seconds
            yield candle, self.done, candles.prints_until(candle, end)
            self.candle, self.done = self._market.finest(self._pair, end), 0
        candle = self.candle
        if candle is None or at >= candle.time + candle.seconds:
            self._enter(at)
            return
        stop = candles.prints_until(candle, at)
        if stop > self.done:
            yield candle, self.done, stop
            self.done = stop


def latest(market: Market, pair: Pair, at: float, count: int) -> list[Print]:
    """Return the last prints before a time, UNIX seconds, oldest first."""
    found: list[Print] = []
    candle = market.finest(pair, at)
    for _ in range(LONGEST_LOOK_BACK):
        if candle is None or len(found) >= count:
            break
        stop = candles.prints_until(candle, at)
        numbers = range(max(stop - count + len(found), 0), stop)
        found = [*(printed(candle, number) for number in numbers), *found]
        candle = market.finest(pair, candle.time - 1)
    return found
