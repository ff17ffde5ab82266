"""What an asset was worth at the time of an event: found once, and then kept (PF-6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.certificates import Certificate
from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.money import ZERO, Price
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, last_close
from kraken_pipeline.services.ports.bars import BarStore, Certificates

AT_ONCE: Final = timedelta(seconds=30)
"""A ticker as near as this to an event is its price."""
NEAR: Final = timedelta(minutes=5)
"""Whatever is farther from an event says nothing of it. Source: PF-6."""
CLOSES_KEPT: Final = 500
Closes = Callable[[Timeframe, datetime], Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPrices:
    """Finds what a unit of an asset was worth in base currency.

    A ticker of the same moment says it best; then the nearest certified close within five minutes;
    then a ticker that is no farther off. Nothing else is a price.
    """

    base_currency: Asset
    listing: Listing
    now: datetime
    """When the tickers were seen."""
    tickers: PriceTable
    closes: Closes
    """Certified closes of the bars that end at an instant, by pair."""

    def __call__(self, asset: Asset, at: datetime) -> PricePoint | None:
        """Return the price of an asset at an instant; None if nobody can say."""
        away = abs(self.now - at)
        if away <= AT_ONCE:
            return self._seen(asset, at) or self._closed(asset, at)
        return self._closed(asset, at) or (self._seen(asset, at) if away <= NEAR else None)

    def _seen(self, asset: Asset, at: datetime) -> PricePoint | None:
        rate = self.tickers.rate(asset)
        if rate is None:
            return None
        detail = f"{self.tickers.source(asset)} at {self.now:%F %T}"
        return PricePoint(asset=asset, at=at, price=rate, source=PriceSource.TICKER, detail=detail)

    def _closed(self, asset: Asset, at: datetime) -> PricePoint | None:
        for _, frame, closed_at in sorted(_near(at), key=lambda each: each[0]):
            table = self._table(frame, closed_at)
            rate = table.rate(asset)
            if rate is not None:
                detail = f"{table.source(asset)} {frame.name} closed at {closed_at:%F %T}"
                return PricePoint(
                    asset=asset, at=at, price=rate, source=PriceSource.BAR, detail=detail
                )
        return None

    def _table(self, frame: Timeframe, closed_at: datetime) -> PriceTable:
        found = self.closes(frame, closed_at)
        return PriceTable(
            self.base_currency,
            self.listing.pairs,
            {pair: _at(Price(close)) for pair, close in found.items()},
        )


def certified_closes(bars: Callable[[], BarStore], certificates: Certificates) -> Closes:
    """Return what reads the closes that a certificate covers, remembering the last of them."""

    @lru_cache(CLOSES_KEPT)
    def closes(frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        until = int(closed_at.timestamp())
        covered = {
            pair
            for pair, each in certificates.of(frame).items()
            if _covers(each, until - frame.seconds, until)
        }
        if not covered:
            return {}
        found = bars().closes(frame, closed_at)
        return {pair: close for pair, close in found.items() if pair in covered}

    return closes


def _covers(certificate: Certificate, first: int, until: int) -> bool:
    return any(each.first <= first and until <= each.until for each in certificate.spans)


def _near(at: datetime) -> list[tuple[timedelta, Timeframe, datetime]]:
    """Return the closes near an instant with how far off they are."""
    ends = [
        (frame, closed_at)
        for frame in TIMEFRAMES.values()
        for closed_at in (last_close(frame, at), last_close(frame, at) + frame.length)
    ]
    found = [(abs(closed_at - at), frame, closed_at) for frame, closed_at in ends]
    return [each for each in found if each[0] <= NEAR]


def _at(price: Price) -> Ticker:
    return Ticker(bid=price, ask=price, last=price, volume_24h=ZERO, vwap_24h=ZERO)
