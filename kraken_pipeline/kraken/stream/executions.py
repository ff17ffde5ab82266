"""Orders and fills as the stream tells them: each fill once, each order as far as it got. Pure.

Every row is laid over what is known, and only a difference is news. So a snapshot, a doubled frame
and a page of REST all go the same way as a live row, and rows that come late cannot turn anything
back: what filled never falls, and what ended does not begin again.

Source: STR-5, PF-1; docs.kraken.com/api/docs/websocket-v2/executions. A trade row may say
    `partially_filled` although it completes the order, so only the cumulative qty is trusted.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError, UnknownNameError
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.fields import Record
from kraken_pipeline.kraken.stream.news import FillNews, News, OrderNews, OrderSeen, Source
from kraken_pipeline.kraken.stream.numbers import moment_of

REMEMBERED: Final = 100_000
"""Fills and ended orders whose ids are kept, so that they are not told twice."""
TRADE: Final = "trade"
"""The `exec_type` of a fill."""
FILLING: Final = "partially_filled"
MAKER: Final = "m"
FIXED: Final = (None, "static")
"""Types of a price that is not a distance from another."""
RANKS: Final = MappingProxyType(
    {"pending_new": 0, "new": 1, "partially_filled": 2, "filled": 4, "canceled": 4, "expired": 4}
)
"""How far an order got. A word that is new to us stands before the ends, as it ends nothing."""
UNKNOWN_RANK: Final = 3
ENDED: Final = 4
REST_STATUSES: Final = MappingProxyType(
    {
        "pending": "pending_new",
        "open": "new",
        "closed": "filled",
        "canceled": "canceled",
        "expired": "expired",
    }
)
"""What the stream calls what REST calls otherwise."""


class Executions:
    """What is known of the account's orders and fills. Used by one thread."""

    def __init__(self, *, symbols: Callable[[], SymbolTable], since: datetime) -> None:
        """Begin knowing nothing.

        Args:
            symbols: tells the names of pairs.
            since: fills before this instant are no news.
        """
        self._symbols = symbols
        self._since = since
        self._orders: OrderedDict[str, OrderSeen] = OrderedDict()
        self._fills: OrderedDict[str, None] = OrderedDict()
        self._sums: OrderedDict[str, tuple[Decimal, Decimal]] = OrderedDict()
        self.newest_fill_at = since
        """Of all fills that were heard. UTC."""

    def open_orders(self) -> dict[str, OrderSeen]:
        """Return the orders that may still fill, by Kraken's id."""
        return {key: each for key, each in self._orders.items() if not has_ended(each)}

    def order(self, kraken_order_id: str) -> OrderSeen | None:
        """Return an order, or None where nothing was heard of it."""
        return self._orders.get(kraken_order_id)

    def hear(self, row: Mapping[str, object], source: Source) -> tuple[News, ...]:
        """Lay a row of the channel over what is known, and return what was not known.

        Raises:
            UnexpectedReplyError: a field is missing or odd; nothing of the row is kept.
        """
        fields = Record("executions", row)
        seen = self._laid_over(fields)
        if row.get("exec_type") != TRADE:
            return self._order_news(seen, source)
        fills = self._fill_news(self._trade(fields, seen), source)
        # a fill of a snapshot says nothing of how far its order is
        told = self._order_news(seen, source) if row.get("cum_qty") is not None else ()
        return (*fills, *told)

    def hear_trades(self, trades: Iterable[TradeReport]) -> tuple[News, ...]:
        """Take fills that REST shows, and return those that were not known.

        An order of which the last fill was missing is told again, with all its fees.
        """
        return tuple(
            news
            for each in trades
            for told in (self._fill_news(each, Source.PAGE), self._fee_news(each.kraken_order_id))
            for news in told
        )

    def hear_orders(self, reports: Iterable[OrderReport]) -> tuple[News, ...]:
        """Take orders that REST shows, and return what was not known of them."""
        return tuple(
            news for each in reports for news in self._order_news(self._as_seen(each), Source.PAGE)
        )

    def _fill_news(self, trade: TradeReport, source: Source) -> tuple[News, ...]:
        self.newest_fill_at = max(self.newest_fill_at, trade.at)
        if trade.trade_id in self._fills or trade.at < self._since:
            return ()
        self._fills[trade.trade_id] = None
        if len(self._fills) > REMEMBERED:
            self._fills.popitem(last=False)
        self._add_up(trade)
        return (FillNews(trade=trade, source=source),)

    def _add_up(self, trade: TradeReport) -> None:
        qty, fee = self._sums.get(trade.kraken_order_id, (ZERO, ZERO))
        self._sums[trade.kraken_order_id] = qty + trade.qty, fee + trade.fee
        if len(self._sums) > REMEMBERED:
            self._sums.popitem(last=False)

    def _order_news(self, seen: OrderSeen, source: Source) -> tuple[News, ...]:
        known = self._orders.get(seen.kraken_order_id)
        seen = replace(seen, fee=self._fee_of(seen))
        self._orders[seen.kraken_order_id] = seen
        if has_ended(seen):
            self._forget_the_oldest()
        if known is not None and replace(seen, at=known.at) == known:
            return ()
        return (OrderNews(order=seen, source=source),)

    def _fee_news(self, kraken_order_id: str) -> tuple[News, ...]:
        known = self._orders.get(kraken_order_id)
        if known is None or known.fee is not None:
            return ()
        return self._order_news(known, Source.PAGE)

    def _fee_of(self, seen: OrderSeen) -> Decimal | None:
        """Return what an order cost in fees: by its fills if all were heard, else as was said."""
        qty, fee = self._sums.get(seen.kraken_order_id, (ZERO, ZERO))
        return fee if qty == seen.filled_qty else seen.fee

    def _forget_the_oldest(self) -> None:
        while len(self._orders) > REMEMBERED:
            oldest = next((key for key, each in self._orders.items() if has_ended(each)), None)
            if oldest is None:
                return
            del self._orders[oldest]

    def _laid_over(self, fields: Record) -> OrderSeen:
        kraken_order_id = fields.name_in("order_id")
        at = moment_of(fields.text("timestamp"))
        said = fields.name_in("order_status")
        # what a fill says of its order's end cannot be relied on, either way
        status = FILLING if fields.fields.get("exec_type") == TRADE else said
        filled = _amount(fields, "cum_qty")
        known = self._orders.get(kraken_order_id)
        if known is None:
            known = OrderSeen(
                kraken_order_id=kraken_order_id, status=status, filled_qty=NOTHING, at=at
            )
        is_more = filled is not None and filled > known.filled_qty
        return replace(
            _described(known, fields, at, self._our_name),
            status=_further(known.status, status),
            filled_qty=Qty(max(known.filled_qty, filled or ZERO)),
            fee=None if is_more else known.fee,
            avg_fill_price=_average(known, fields, filled),
            at=max(known.at, at),
        )

    def _as_seen(self, report: OrderReport) -> OrderSeen:
        known = self._orders.get(report.kraken_order_id)
        status = REST_STATUSES.get(report.status, report.status)
        more = known is None or report.filled_qty >= known.filled_qty
        return OrderSeen(
            kraken_order_id=report.kraken_order_id,
            cl_ord_id=report.cl_ord_id,
            pair=report.pair,
            side=report.side,
            order_type=report.order_type,
            status=status if known is None else _further(known.status, status),
            qty=report.qty,
            filled_qty=report.filled_qty if more or known is None else known.filled_qty,
            avg_fill_price=report.avg_fill_price if more or known is None else known.avg_fill_price,
            limit_price=report.limit_price,
            trigger_price=report.trigger_price,
            parent_id=report.parent_id,
            fee=report.fee if more or known is None else known.fee,
            reason=report.reason or (known.reason if known is not None else ""),
            at=report.opened_at if known is None else known.at,
        )

    def _trade(self, fields: Record, seen: OrderSeen) -> TradeReport:
        if seen.pair is None or seen.side is None:
            raise UnexpectedReplyError(
                f"executions: a fill of {seen.kraken_order_id} names neither pair nor side"
            )
        price, qty = fields.price("last_price"), fields.qty("last_qty")
        return TradeReport(
            trade_id=fields.name_in("exec_id"),
            kraken_order_id=seen.kraken_order_id,
            pair=seen.pair,
            side=seen.side,
            price=price,
            qty=qty,
            cost=fields.unsigned("cost"),
            fee=self._fee(fields, seen.pair),
            maker=fields.text("liquidity_ind") == MAKER,
            at=moment_of(fields.text("timestamp")),
        )

    def _fee(self, fields: Record, pair: str) -> Decimal:
        """Return the fee in quote. In another asset it is left to REST, which says it in quote."""
        _, _, quote = self._symbol(pair).rpartition("/")
        fee = ZERO
        for index in range(len(fields.items("fees"))):
            each = fields.item("fees", index).record("fees")
            if each.name_in("asset") != quote:
                raise UnexpectedReplyError(f"executions: a fee on {pair} is not in {quote}")
            fee += each.amount("qty")
        return fee

    def _symbol(self, pair: str) -> str:
        try:
            return self._symbols().pair(pair).slashed
        except UnknownNameError:
            return pair

    def _our_name(self, symbol: str) -> str:
        try:
            return self._symbols().pair(symbol).pair
        except UnknownNameError:
            return symbol


def has_ended(order: OrderSeen) -> bool:
    """Tell whether nothing more is expected of an order but a fill that is late."""
    return _rank(order.status) == ENDED


def _rank(status: str) -> int:
    return RANKS.get(status, UNKNOWN_RANK)


def _further(known: str, heard: str) -> str:
    """Return which of two statuses an order has: the one that is further on, at an end the first.

    That an order filled outdoes that it was canceled or expired: all of it went before the end.
    """
    if heard == "filled" or _rank(heard) > _rank(known):
        return heard
    return known


def _described(
    known: OrderSeen, fields: Record, at: datetime, our_name: Callable[[str], str]
) -> OrderSeen:
    """Lay what describes an order over what is known of it; a row from before changes no terms."""
    symbol = fields.text_or_none("symbol")
    side = fields.text_or_none("side")
    is_late = at < known.at
    qty, limit = _amount(fields, "order_qty"), _fixed_price(fields, "limit_price")
    trigger = None if fields.fields.get("triggers") is None else fields.record("triggers")
    return replace(
        known,
        cl_ord_id=fields.text_or_none("cl_ord_id") or known.cl_ord_id,
        parent_id=fields.text_or_none("ord_ref_id") or known.parent_id,
        pair=known.pair if symbol is None else our_name(symbol),
        side=known.side if side is None else fields.side("side"),
        order_type=fields.text_or_none("order_type") or known.order_type,
        qty=known.qty if qty is None or (is_late and known.qty is not None) else Qty(qty),
        limit_price=known.limit_price
        if limit is None or (is_late and known.limit_price is not None)
        else limit,
        trigger_price=known.trigger_price
        if trigger is None or (is_late and known.trigger_price is not None)
        else _fixed_price(trigger, "price"),
        reason=known.reason if is_late else fields.text_or_none("reason") or known.reason,
    )


def _fixed_price(fields: Record, name: str) -> Decimal | None:
    """Return a price; None where it is a distance, in percent or in quote."""
    return _amount(fields, name) if fields.fields.get(f"{name}_type") in FIXED else None


def _average(known: OrderSeen, fields: Record, filled: Decimal | None) -> Decimal | None:
    average = _amount(fields, "avg_price")
    if not average or filled is None or filled <= known.filled_qty:
        return known.avg_fill_price
    return Price(average)


def _amount(fields: Record, name: str) -> Decimal | None:
    return None if fields.fields.get(name) is None else fields.unsigned(name)
