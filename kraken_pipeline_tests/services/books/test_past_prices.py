"""PF-6: a ticker of the moment, then a certified close near it, and else no price at all."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.domain.accounting.price_points import PricePoint, PriceSource
from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset, SymbolTable
from kraken_pipeline.domain.timeframes import Timeframe, timeframe
from kraken_pipeline.services.books.past_prices import PastPrices, certified_closes
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline_tests.builders import pair, ticker

AT = datetime(2026, 3, 1, 12, 2, 10, tzinfo=UTC)
USD, XBT = Asset("USD"), Asset("XBT")
PAIR = pair()
LISTING = Listing(symbols=SymbolTable(assets={}, pairs=()), pairs={PAIR.name: PAIR}, assets={})


def _seen(price: str) -> dict[str, Ticker]:
    return {PAIR.name: ticker(bid=Price(Decimal(price)), ask=Price(Decimal(price)))}


def _found(
    seconds: float, closes: Mapping[tuple[str, str], str], tickers: Mapping[str, Ticker]
) -> PricePoint | None:
    """Look a price up so many seconds after its event."""

    def of(frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        told = closes.get((frame.name, f"{closed_at:%H:%M}"))
        return {} if told is None else {PAIR.name: Decimal(told)}

    prices = PastPrices(
        base_currency=USD,
        listing=LISTING,
        now=AT + timedelta(seconds=seconds),
        tickers=PriceTable(USD, LISTING.pairs, tickers),
        closes=of,
    )
    return prices(XBT, AT)


CLOSES = {("1m", "12:02"): "70", ("1m", "12:03"): "71", ("5m", "12:05"): "72", ("1h", "12:00"): "7"}


@pytest.mark.parametrize(
    ("seconds", "closes", "price", "source"),
    [
        (20, CLOSES, "90", PriceSource.TICKER),
        (60, CLOSES, "70", PriceSource.BAR),
        (60, {("5m", "12:05"): "72", ("1h", "12:00"): "7"}, "7", PriceSource.BAR),
        (60, {("1h", "13:00"): "7"}, "90", PriceSource.TICKER),
        (299, {}, "90", PriceSource.TICKER),
        (86_400, CLOSES, "70", PriceSource.BAR),
    ],
)
def test_the_price_of_an_event_is_the_nearest_that_somebody_vouches_for(
    seconds: float, closes: Mapping[tuple[str, str], str], price: str, source: PriceSource
) -> None:
    found = _found(seconds, closes, _seen("90"))

    assert found is not None
    assert (found.price, found.source, found.at) == (Decimal(price), source, AT)


def test_what_is_farther_off_than_five_minutes_is_no_price() -> None:
    assert _found(301, {("1h", "13:00"): "7"}, _seen("90")) is None


def test_a_moment_without_a_ticker_of_the_asset_takes_a_close() -> None:
    found = _found(1, CLOSES, {})

    assert found is not None
    assert found.source is PriceSource.BAR


def test_a_close_without_a_certificate_is_not_read(tmp_path: Path) -> None:
    frame, closed_at = timeframe("1m"), datetime(2026, 3, 1, 12, 2, tzinfo=UTC)
    first = int(closed_at.timestamp()) - 60
    bars, certificates = ShelvedBars(FolderShelf(tmp_path)), CertificateFiles(tmp_path)
    bars.append(frame, [_candle(name, first) for name in (PAIR.name, "ETHUSD")])
    told = Span(first=first, until=first + 60, source=Source.OHLC, origin="", fetched_at=AT)
    certificates.extend(frame, [(PAIR.name, told, ())])

    read = certified_closes(lambda: bars, certificates)

    assert set(bars.closes(frame, closed_at)) == {PAIR.name, "ETHUSD"}
    assert read(frame, closed_at) == {PAIR.name: 70}
    assert read(frame, closed_at + timedelta(minutes=1)) == {}


def _candle(name: str, opened_at: int) -> Candles:
    prices = ("70",)
    return Candles(
        pair=name,
        timeframe="1m",
        opened_at=(opened_at,),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=("1",),
        trades=(1,),
    )
