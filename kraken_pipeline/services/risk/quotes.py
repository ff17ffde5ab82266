"""Which price an assessment stands on: the stream's where it is sound, else REST's.

A price of REST's is another source, with a time of its own. Where a stream was started and is in
doubt, it still values what is held and prices what is sold; the doubts stay with the pair, and risk
denies opening by them. Where none was ever started, REST is what is counted on.

Source: STR-1, STR-2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.market import Quote, Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.quotes import LivePrice, QuoteBoard
from kraken_pipeline.domain.staleness import Doubt, is_off

UNCONFIRMED: Final = timedelta(seconds=15)
"""A price that was not told anew for longer must be REST's to the last digit (U-STR-1b)."""
REST = "rest"
STREAM = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """The prices of an instant."""

    quotes: Mapping[str, Quote]
    """By our name of the pair."""
    doubts: Mapping[str, frozenset[Doubt]]
    """What speaks against the stream's price of each pair; empty where no stream was started."""
    ages: Mapping[str, timedelta]
    """How old the stream's price of each pair is, where it told one."""

    @property
    def tickers(self) -> Mapping[str, Ticker]:
        """The tickers alone."""
        return {name: each.ticker for name, each in self.quotes.items()}


def quoted(tickers: Mapping[str, Ticker], board: QuoteBoard | None, *, now: datetime) -> Quoted:
    """Return the prices to assess with.

    Args:
        tickers: REST's, asked a moment ago.
        board: the stream's; None where no stream was started.
        now: exchange time.
    """
    quotes = {
        name: Quote(pair=name, ticker=each, source=REST, received_at=now)
        for name, each in tickers.items()
    }
    if board is None:
        return Quoted(quotes=quotes, doubts={}, ages={})
    doubts: dict[str, frozenset[Doubt]] = {}
    ages: dict[str, timedelta] = {}
    for name, ticker in tickers.items():
        price, found = board.price(name, now), board.doubts(name, now)
        if price is not None and _is_off(price, ticker):
            found |= {Doubt.OFF_REST}
        doubts[name] = found
        if price is not None:
            ages[name] = price.age
        if price is not None and not found:
            quotes[name] = _streamed(price, ticker, board)
    return Quoted(quotes=quotes, doubts=doubts, ages=ages)


def _is_off(price: LivePrice, ticker: Ticker) -> bool:
    """Tell whether REST says something else: far off, or at all where the price is of long ago.

    The best prices of a quiet pair may stand still for minutes, and REST says the same. Where it
    does not, the pair fell mute, and its own habits have not shown it yet.
    """
    if price.age > UNCONFIRMED and (price.bid, price.ask) != (ticker.bid, ticker.ask):
        return True
    return is_off(price.bid, price.ask, rest_bid=ticker.bid, rest_ask=ticker.ask)


def _streamed(price: LivePrice, ticker: Ticker, board: QuoteBoard) -> Quote:
    """Return the stream's price; what a day traded is REST's.

    A channel that lives and says nothing has confirmed its price up to when the board was written.
    """
    return Quote(
        pair=price.pair,
        ticker=Ticker(
            bid=Price(price.bid),
            ask=Price(price.ask),
            last=ticker.last if price.last is None else Price(price.last),
            volume_24h=ticker.volume_24h,
            vwap_24h=ticker.vwap_24h,
        ),
        source=STREAM,
        received_at=board.at,
    )
