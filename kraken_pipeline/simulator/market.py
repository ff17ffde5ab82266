"""What a market of the simulator must answer, and the questions that every market answers alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import DAY, Candle, Candles
from kraken_pipeline.simulator.listing import Listing, Pair
from kraken_pipeline.simulator.walk import Walk

MAX_COMMITTED = 720
"""How many committed candles OHLC answers at most. Source: kraken/rest.md §4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """The last 24 hours of pairs whose candles have the same times."""

    pairs: Sequence[Pair]
    walk: Walk
    """Inside the finest candle around now, a row a pair."""
    begun: Candles
    """Those candles as they stand."""
    pieces: Candles
    """What covers the 24 hours, as `Market.pieces` has it: a panel, a row a pair."""


class Market(Protocol):
    """Prices as a function of the pair and the time: asked twice, it answers the same."""

    @property
    def identity(self) -> Mapping[str, str | int]:
        """What the prices come from. Accounts of one market make no sense in another."""

    @property
    def listing(self) -> Listing:
        """The assets and pairs that trade here."""

    def whole(self, pair: Pair, seconds: int, start: int, stop: int) -> Candles:
        """Return the full candles that open from `start` up to but without `stop`, gaps filled.

        Empty if the market knows nothing that fine. All are in seconds, on the candles' grid.
        """

    def pieces(self, pair: Pair, start: int, at: float) -> Candles:
        """Return candles of any lengths that cover `start` to `at`; the last may still be forming.

        `start` lies on the grid of the finest candles.
        """

    def last_days(self, pairs: Sequence[Pair], at: float) -> Iterable[LastDay]:
        """Return the last 24 hours of pairs, in groups; without those that have never traded."""

    def finest(self, pair: Pair, at: float) -> Candle | None:
        """Return the full finest candle around a time; None before the first trade ever."""

    def reaching(
        self, pair: Pair, start: float, end: float, *, low: int, high: int
    ) -> Iterable[Candle]:
        """Return finest candles between two times that trade at `low` or below, `high` or above."""

    def is_open(self, pair: Pair, at: float) -> bool:
        """Tell whether the pair trades at a time."""

    def finest_seconds(self, pair: Pair, at: float) -> int:
        """Return how long the finest candle around a time lasts."""

    def prepare(self, at: float) -> None:
        """Get ready to be asked about all pairs around a time."""


def day_before(at: float, seconds: int) -> int:
    """Return where the last 24 hours begin, on the grid of candles of a length."""
    return -(-(int(at) - DAY) // seconds) * seconds


class NeverTradedError(LookupError):
    """The pair had not traded by the time that was asked about."""


def last_price(market: Market, pair: Pair, at: float) -> Decimal:
    """Return the price of the last trade at a time, quote per base.

    Raises:
        NeverTradedError: the pair had not traded by then.
    """
    candle = market.finest(pair, at)
    if candle is None:
        raise NeverTradedError(f"{pair.altname} had no trade by {at}")
    return pair.price(candles.begun(candle, at).close)


def served(
    market: Market, pair: Pair, seconds: int, since: float | None, now: float
) -> tuple[Candles, int]:
    """Return the rows that OHLC answers and its `last`.

    The running candle is absent in the very moment in which it opens, so `last` then is the last
    row, as it was seen on the exchange. A market that knows nothing that fine answers no row and 0.
    """
    running = int(now) // seconds * seconds
    start = running - MAX_COMMITTED * seconds
    if since is not None:
        start = min(max(start, int(since) // seconds * seconds), running)
    rows = market.whole(pair, seconds, start, running)
    last = int(rows.time[-1]) if len(rows) else 0
    if now > running and market.finest_seconds(pair, now) <= seconds:
        forming = candles.coarser(market.pieces(pair, running, now), seconds)
        return candles.joined([rows, forming]), running - seconds
    return rows, last
