"""One pair's market as it is looked at: what the public channels are written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from kraken_pipeline.simulator import candles
from kraken_pipeline.simulator.candles import Candle
from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market, day_before
from kraken_pipeline.simulator.stream.depth import Sides
from kraken_pipeline.simulator.stream.tape import Print
from kraken_pipeline.simulator.stream.windows import Span, Windows


@dataclass(frozen=True, kw_only=True)
class Look:
    """A pair at a moment, and what traded since the look before."""

    pair: Pair
    market: Market
    at: datetime
    before: datetime
    """When it was looked at before."""
    candle: Candle | None
    """The whole finest candle around; None if the pair has never traded."""
    prints: tuple[Print, ...]
    """Since the look before."""
    sides: Sides
    own: Sequence[Resting]
    """The account's orders in the book."""
    windows: Windows

    @property
    def seconds(self) -> float:
        """The moment as UNIX seconds."""
        return self.at.timestamp()

    @cached_property
    def begun(self) -> Candle | None:
        """The candle as it stands."""
        return candles.begun(self.candle, self.seconds) if self.candle else None

    @cached_property
    def day(self) -> Span | None:
        """What traded in the last 24 hours, as Ticker counts them."""
        if self.candle is None:
            return None
        return self.since(day_before(self.seconds, self.candle.seconds))

    def since(self, start: int) -> Span | None:
        """Return what traded since a time on the grid of the finest candles, UNIX seconds."""
        if self.candle is None or self.begun is None:
            return None
        return self.windows.since(start, self.candle, self.begun)

    @property
    def latest(self) -> datetime:
        """When the last print was; the moment itself if there was none since the last look."""
        return moment(self.prints[-1].at) if self.prints else self.at

    def price(self) -> Decimal | None:
        """Return the last price, quote per base; None if the pair has never traded."""
        return self.pair.price(self.begun.close) if self.begun else None


def moment(at: float) -> datetime:
    """Return UNIX seconds as a time."""
    return datetime.fromtimestamp(at, UTC)
