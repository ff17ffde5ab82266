"""The exchange's private side, reading only: balances, fees, orders, trades, ledger."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.reports import Balance, OrderReport, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import Record, record
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.paging import Listed, read_all
from kraken_pipeline.kraken.replies import (
    balances_from,
    entry_from,
    fee_rates_from,
    order_from,
    trade_from,
)

MOST_IDS: Final = 50
"""Orders that one QueryOrders call may name."""
CLOSED: Final = Listed(
    method="ClosedOrders",
    rows="closed",
    time="closetm",
    ends_at_an_id=False,  # here an id stands for the time at which its order was opened
)
TRADES: Final = Listed(method="TradesHistory", rows="trades", time="time")
LEDGER: Final = Listed(method="Ledgers", rows="ledger", time="time")
RAW_FILLS: Final = {"consolidate_taker": "false"}
"""Fills as they happened, so that their ids agree everywhere (PF-1)."""


class ReadOnlyAccount:
    """Reads one account. It has no method that could change anything.

    Every method may raise UnreachableError (ask again), RateLimitedError (ask again later),
    AuthError (the key may not) or UnexpectedReplyError (refused, or not to be read).
    """

    def __init__(self, line: PrivateLine, *, symbols: Callable[[], SymbolTable]) -> None:
        """Take the line that is asked, and where the names of pairs are known."""
        self._line = line
        self._symbols = symbols

    def balances(self) -> dict[str, Balance]:
        """Return each bucket by Kraken's own asset id."""
        return balances_from(self._ask("BalanceEx", {}))

    def fee_rates(self, pairs: Sequence[Pair]) -> dict[str, FeeRates]:
        """Return what the account pays on each pair, by our name, in one call."""
        if not pairs:
            return {}
        keys = ",".join(each.key for each in pairs)
        return fee_rates_from(self._ask("TradeVolume", {"pair": keys}), pairs)

    def open_orders(self, cl_ord_id: str | None = None) -> tuple[OrderReport, ...]:
        """Return open orders, all or of one client order id, oldest first."""
        reply = record(self._ask("OpenOrders", _of(cl_ord_id)), "OpenOrders")
        reports = self._reports(dict(reply.record("open").records()))
        return tuple(sorted(reports.values(), key=lambda each: each.opened_at))

    def closed_orders(
        self, *, since: datetime, cl_ord_id: str | None = None
    ) -> tuple[OrderReport, ...]:
        """Return orders that ended at or after `since`, every page, the first to end first."""
        params = {**_of(cl_ord_id), **RAW_FILLS, "closetime": "close"}
        rows = read_all(self._ask, CLOSED, params, since=since)
        return tuple(self._reports(dict(rows)).values())

    def orders(self, kraken_order_ids: Sequence[str]) -> dict[str, OrderReport]:
        """Return orders by Kraken's id, whatever their state; one never issued is left out."""
        found: dict[str, OrderReport] = {}
        for ids in _chunks(sorted(set(kraken_order_ids))):
            params = {"txid": ",".join(ids), **RAW_FILLS}
            reply = record(self._ask("QueryOrders", params), "QueryOrders")
            found.update(self._reports(dict(reply.records())))
        return found

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return our trades at or after `since`, every page, unconsolidated, oldest first."""
        rows = read_all(self._ask, TRADES, {"type": "all", **RAW_FILLS}, since=since)
        symbols = self._symbols()
        return tuple(trade_from(trade_id, each, symbols) for trade_id, each in rows)

    def ledger(self, *, since: datetime | None) -> tuple[LedgerEntry, ...]:
        """Return ledger entries at or after `since`, every page, oldest first."""
        rows = read_all(self._ask, LEDGER, {"type": "all"}, since=since)
        return tuple(entry_from(entry_id, each) for entry_id, each in rows)

    def _reports(self, rows: Mapping[str, Record]) -> dict[str, OrderReport]:
        if not rows:
            return {}
        symbols = self._symbols()
        return {key: order_from(key, each, symbols) for key, each in rows.items()}

    def _ask(self, method: str, params: Mapping[str, str]) -> object:
        return self._line.call(method, params, call=Call.READ)


def _of(cl_ord_id: str | None) -> dict[str, str]:
    return {} if cl_ord_id is None else {"cl_ord_id": cl_ord_id}


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
