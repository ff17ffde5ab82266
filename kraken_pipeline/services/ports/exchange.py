"""What is read from the exchange, and its clock."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kraken_pipeline.domain.account_reports import Allocation, AmendReport
from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair, Ticker
from kraken_pipeline.domain.market_reports import Depth, TradesPage
from kraken_pipeline.domain.reports import Balance, Listing, OrderReport, Page, TradeReport
from kraken_pipeline.domain.timeframes import Timeframe

Clock = Callable[[], datetime]
"""Tells the exchange's time, aware and in UTC."""


class Quoting(Protocol):
    """What is listed, and what it costs now. Every method may raise `ExchangeError`."""

    def listing(self) -> Listing:
        """Return every pair and asset that the exchange lists."""
        ...

    def tickers(self) -> Mapping[str, Ticker]:
        """Return the ticker of every listed pair, by our name, in one call."""
        ...

    def system_status(self) -> str:
        """Return `online`, `maintenance`, `cancel_only` or `post_only`."""
        ...


class Market(Quoting, Protocol):
    """The exchange's public side. Every method may raise `ExchangeError`."""

    def listed_in(self, country_code: str) -> frozenset[str]:
        """Return Kraken's keys of the pairs that it lists for a country, such as `US:TX`."""
        ...

    def depth(self, pair: Pair) -> Depth:
        """Return the book of a pair, as deep as is usual."""
        ...

    def candles(self, pair: Pair, frame: Timeframe, since: datetime | None) -> Candles:
        """Return closed candles from `since` (an open time) on, or as many as there are."""
        ...

    def trades(self, pair: Pair, *, cursor: str, count: int) -> TradesPage:
        """Return anybody's trades after a cursor (nanoseconds since 1970), oldest first."""
        ...


class Holding(Protocol):
    """What the account has and what it pays. Every method may raise `ExchangeError`."""

    def balances(self) -> Mapping[str, Balance]:
        """Return each bucket by Kraken's own asset id."""
        ...

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, FeeRates]:
        """Return what the account pays on each pair, by our name, in one call."""
        ...


class Earning(Protocol):
    """What is told of the ways to earn. Every method may raise `ExchangeError`."""

    def allocations(self) -> Sequence[Allocation]:
        """Return what lies in each way to earn that was ever used."""
        ...

    def earn_locks(self) -> Mapping[str, str]:
        """Return how each way to earn locks what is in it, by its id."""
        ...


class Account(Holding, Earning, Protocol):
    """The exchange's private side, reading only. Every method may raise `ExchangeError`."""

    def open_orders(self, cl_ord_id: str | None = None) -> tuple[OrderReport, ...]:
        """Return open orders, all or of one client order id."""
        ...

    def closed_orders(
        self, *, since: datetime, cl_ord_id: str | None = None
    ) -> tuple[OrderReport, ...]:
        """Return orders that ended after `since`, every page."""
        ...

    def orders(self, kraken_order_ids: Sequence[str]) -> Mapping[str, OrderReport]:
        """Return orders by Kraken's id, whatever their state; one never issued is left out."""
        ...

    def amends(self, kraken_order_id: str) -> tuple[AmendReport, ...]:
        """Return what an order was at first and after each change, the oldest first."""
        ...

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return our trades after `since`, every page, unconsolidated, oldest first."""
        ...

    def ledger(self, *, since: datetime | None) -> tuple[LedgerEntry, ...]:
        """Return ledger entries after `since`, every page, oldest first."""
        ...

    def trades_page(self, *, since: datetime | None, end: str, skip: int) -> Page[TradeReport]:
        """Return one page of our trades, from the newest on."""
        ...

    def ledger_page(self, *, since: datetime | None, end: str, skip: int) -> Page[LedgerEntry]:
        """Return one page of the ledger, from the newest entry on."""
        ...
