"""The exchange's private side, reading only: balances, fees, orders, trades, ledger."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.account_reports import (
    Allocation,
    AmendReport,
    FeeSchedule,
    FundsMove,
    Worth,
)
from kraken_pipeline.domain.errors import UnexpectedReplyError, UnreachableError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.reports import Balance, OrderReport, Page, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.account_replies import (
    allocations_from,
    amends_from,
    earn_locks_from,
    fee_schedule_from,
    moves_from,
    totals_from,
    worth_from,
)
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import Record, record
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.paging import Listed, read_all, read_page
from kraken_pipeline.kraken.replies import (
    balances_from,
    entry_from,
    fee_rates_from,
    order_from,
    trade_from,
)

MOST_IDS: Final = 50
"""Orders that one QueryOrders call may name."""
FEWER_IDS: Final = 20
"""Trades or ledger entries that one call may name."""
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

    def fee_schedule(self, pairs: Sequence[Pair]) -> FeeSchedule:
        """Return the account's 30-day volume and every tier of the pairs, in one call."""
        keys = ",".join(each.key for each in pairs)
        # Kraken refuses True, in any other spelling too
        reply = self._ask("TradeVolume", {"pair": keys, "fee_schedule": "true"})
        return fee_schedule_from(reply, pairs)

    def totals(self) -> dict[str, Decimal]:
        """Return each bucket by Kraken's own asset id, without what orders hold of it."""
        return totals_from(self._ask("Balance", {}))

    def worth(self, asset: str = "ZUSD") -> Worth:
        """Return what the exchange reckons the account to be worth, in one asset."""
        return worth_from(self._ask("TradeBalance", {"asset": asset}), asset)

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
        for ids in _chunks(kraken_order_ids, MOST_IDS):
            params = {"txid": ",".join(ids), **RAW_FILLS}
            found.update(self._reports(self._named("QueryOrders", params, ids)))
        return found

    def amends(self, kraken_order_id: str) -> tuple[AmendReport, ...]:
        """Return what an order was at first and after each change, the oldest first.

        The exchange may still show an order as it was a moment after it took a change.
        """
        return amends_from(self._ask("OrderAmends", {"order_id": kraken_order_id}))

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return our trades at or after `since`, every page, unconsolidated, oldest first."""
        return self._trades(read_all(self._ask, TRADES, {"type": "all", **RAW_FILLS}, since=since))

    def trades_page(self, *, since: datetime | None, end: str, skip: int) -> Page[TradeReport]:
        """Return one page of our trades, unconsolidated; see `paging.read_page`."""
        params = {"type": "all", **RAW_FILLS}
        page = read_page(self._ask, TRADES, params, since=since, end=end, skip=skip)
        return Page(
            rows=self._trades(page.rows),
            counted=page.counted,
            end=page.end,
            next_skip=page.next_skip,
        )

    def trades_by_id(self, trade_ids: Sequence[str]) -> tuple[TradeReport, ...]:
        """Return trades by their id, as they happened; one never issued is left out."""
        return self._trades(self._all_named("QueryTrades", "txid", trade_ids))

    def ledger(self, *, since: datetime | None) -> tuple[LedgerEntry, ...]:
        """Return ledger entries at or after `since`, every page, oldest first."""
        rows = read_all(self._ask, LEDGER, {"type": "all"}, since=since)
        return tuple(entry_from(entry_id, each) for entry_id, each in rows)

    def ledger_page(self, *, since: datetime | None, end: str, skip: int) -> Page[LedgerEntry]:
        """Return one page of the ledger; see `paging.read_page`."""
        page = read_page(self._ask, LEDGER, {"type": "all"}, since=since, end=end, skip=skip)
        return Page(
            rows=tuple(entry_from(entry_id, each) for entry_id, each in page.rows),
            counted=page.counted,
            end=page.end,
            next_skip=page.next_skip,
        )

    def entries_by_id(self, entry_ids: Sequence[str]) -> tuple[LedgerEntry, ...]:
        """Return ledger entries by their id; one never issued is left out."""
        rows = self._all_named("QueryLedgers", "id", entry_ids)
        return tuple(entry_from(entry_id, each) for entry_id, each in rows)

    def allocations(self) -> tuple[Allocation, ...]:
        """Return what lies in each way to earn that was ever used, by its id."""
        found: dict[str, Allocation] = {}
        cursor: str | None = ""
        while cursor is not None:
            rows, following = allocations_from(self._ask("Earn/Allocations", _after(cursor)))
            news = {each.strategy_id: each for each in rows if each.strategy_id not in found}
            found.update(news)
            # Kraken names a next page although it knows of none yet
            cursor = following if news else None
        return tuple(each for _, each in sorted(found.items()))

    def earn_locks(self) -> dict[str, str]:
        """Return how each way to earn locks what is in it: `flex`, `instant`, `bonded`, by id."""
        found: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            rows, following = earn_locks_from(self._ask("Earn/Strategies", _after(cursor)))
            cursor = following if rows.keys() - found.keys() else None
            found.update(rows)
        return found

    def deposits(self, *, since: datetime | None = None) -> tuple[FundsMove, ...]:
        """Return what was paid in, every page, the oldest first."""
        return self._moves("DepositStatus", since)

    def withdrawals(self, *, since: datetime | None = None) -> tuple[FundsMove, ...]:
        """Return what was taken out, every page, the oldest first."""
        return self._moves("WithdrawStatus", since)

    def _moves(self, method: str, since: datetime | None) -> tuple[FundsMove, ...]:
        start = {} if since is None else {"start": str(int(since.timestamp()) - 1)}
        found: dict[str, FundsMove] = {}
        cursor: str | None = "true"
        seen: set[str] = set()
        while cursor is not None:
            seen.add(cursor)
            moves, cursor = moves_from(self._ask(method, {**start, "cursor": cursor}), method)
            found.update({each.refid: each for each in moves})
            if cursor in seen:
                raise UnreachableError(f"{method}: the page after {cursor!r} comes again")
        kept = [each for each in found.values() if since is None or each.at >= since]
        return tuple(sorted(kept, key=lambda each: (each.at, each.refid)))

    def _trades(self, rows: Sequence[tuple[str, Record]]) -> tuple[TradeReport, ...]:
        if not rows:
            return ()
        symbols = self._symbols()
        return tuple(trade_from(key, each, symbols) for key, each in rows)

    def _all_named(self, method: str, name: str, ids: Sequence[str]) -> list[tuple[str, Record]]:
        rows: dict[str, Record] = {}
        for some in _chunks(ids, FEWER_IDS):
            rows.update(self._named(method, {name: ",".join(some)}, some))
        return sorted(rows.items())

    def _named(
        self, method: str, params: Mapping[str, str], ids: Sequence[str]
    ) -> dict[str, Record]:
        """Ask for rows by their id; what was not asked for is another request's answer."""
        rows = dict(record(self._ask(method, params), method).records())
        strange = sorted(rows.keys() - set(ids))
        if strange:
            raise UnexpectedReplyError(f"{method}: asked for {len(ids)} ids, {strange} came too")
        return rows

    def _reports(self, rows: Mapping[str, Record]) -> dict[str, OrderReport]:
        if not rows:
            return {}
        symbols = self._symbols()
        return {key: order_from(key, each, symbols) for key, each in rows.items()}

    def _ask(self, method: str, params: Mapping[str, str]) -> object:
        return self._line.call(method, params, call=Call.READ)


def _of(cl_ord_id: str | None) -> dict[str, str]:
    return {} if cl_ord_id is None else {"cl_ord_id": cl_ord_id}


def _after(cursor: str) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _chunks(ids: Sequence[str], most: int) -> list[Sequence[str]]:
    once = sorted(set(ids))
    return [once[start : start + most] for start in range(0, len(once), most)]
