"""Private replies of Kraken's, read into our words. Pure; what is missing or odd is an error."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError, UnknownNameError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import ZERO, Price
from kraken_pipeline.domain.reports import Balance, OrderReport, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.fields import Record, record

ORDER_STATUSES: Final = frozenset({"pending", "open", "closed", "canceled", "expired"})
"""What an order can be at Kraken."""
LIMITED: Final = frozenset({"limit", "iceberg"})
"""Order types whose `price` is a fixed limit; that of the others is a trigger or an offset."""


def balances_from(reply: object) -> dict[str, Balance]:
    """Read BalanceEx: each bucket by Kraken's own asset id.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    return {
        asset: Balance(total=each.amount("balance"), held=each.unsigned("hold_trade"))
        for asset, each in record(reply, "BalanceEx").records()
    }


def fee_rates_from(reply: object, pairs: Iterable[Pair]) -> dict[str, FeeRates]:
    """Read TradeVolume: what the account pays on each of the pairs, by our name.

    Raises:
        UnexpectedReplyError: a pair is not answered, or a field is odd.
    """
    fields = record(reply, "TradeVolume")
    taker, maker = fields.record("fees"), fields.record("fees_maker")
    return {
        pair.name: FeeRates(maker_pct=_rate(maker, pair), taker_pct=_rate(taker, pair))
        for pair in pairs
    }


def _rate(fields: Record, pair: Pair) -> Decimal:
    # asked by key, Kraken answers by key; the altname is taken too
    name = pair.name if pair.key not in fields.fields else pair.key
    return fields.record(name).amount("fee")


def order_from(kraken_order_id: str, fields: Record, symbols: SymbolTable) -> OrderReport:
    """Read an order of OpenOrders, ClosedOrders or QueryOrders.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    descr = fields.record("descr")
    order_type = descr.name_in("ordertype")
    filled, average = fields.qty("vol_exec"), fields.unsigned("price")
    return OrderReport(
        kraken_order_id=kraken_order_id,
        cl_ord_id=fields.text_or_none("cl_ord_id"),
        pair=_our_name(descr.name_in("pair"), symbols),
        side=descr.side("type"),
        order_type=order_type,
        status=fields.one_of("status", ORDER_STATUSES),
        qty=fields.qty("vol"),
        filled_qty=filled,
        limit_price=descr.positive("price") if order_type in LIMITED else ZERO,
        # at zero the average of a very cheap asset was rounded away
        avg_fill_price=Price(average) if filled and average else None,
        fee=fields.unsigned("fee"),
        opened_at=fields.instant("opentm"),
        reason=fields.text_or_none("reason") or "",
    )


def trade_from(trade_id: str, fields: Record, symbols: SymbolTable) -> TradeReport:
    """Read a trade of TradesHistory.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    return TradeReport(
        trade_id=trade_id,
        kraken_order_id=fields.name_in("ordertxid"),
        pair=_our_name(fields.name_in("pair"), symbols),
        side=fields.side("type"),
        price=fields.price("price"),
        qty=fields.qty("vol"),
        cost=fields.unsigned("cost"),
        fee=fields.unsigned("fee"),
        maker=fields.flag("maker"),
        at=fields.instant("time"),
    )


def entry_from(entry_id: str, fields: Record) -> LedgerEntry:
    """Read an entry of Ledgers.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    return LedgerEntry(
        entry_id=entry_id,
        refid=fields.text("refid"),
        type=fields.name_in("type"),
        subtype=fields.text("subtype"),
        asset=fields.name_in("asset"),
        amount=fields.amount("amount"),
        fee=fields.unsigned("fee"),
        balance=fields.amount("balance"),
        at=fields.instant("time"),
    )


def placed_id_from(reply: object) -> tuple[str, str]:
    """Read AddOrder: the order's id and its description.

    Raises:
        UnexpectedReplyError: there is not exactly one id; the order may exist.
    """
    fields = record(reply, "AddOrder")
    match fields.items("txid"):
        case [str(kraken_order_id)] if kraken_order_id:
            return kraken_order_id, fields.record("descr").text("order")
        case others:
            raise UnexpectedReplyError(f"AddOrder: the field 'txid' is {others} and not one id")


def rehearsed_from(reply: object) -> str:
    """Read AddOrder with `validate`: the description of the order that was only checked.

    Raises:
        UnexpectedReplyError: it has an id, so it was not only checked; the order may exist.
    """
    fields = record(reply, "AddOrder")
    if "txid" in fields.fields:
        raise UnexpectedReplyError(
            f"AddOrder: asked only to validate, Kraken gave the id {fields.fields['txid']}"
        )
    return fields.record("descr").text("order")


def count_from(reply: object, method: str) -> int:
    """Read how many orders a cancel reached.

    Raises:
        UnexpectedReplyError: it does not say.
    """
    return record(reply, method).whole("count")


def _our_name(spelling: str, symbols: SymbolTable) -> str:
    """A pair that is not listed any more keeps Kraken's spelling: it is none of those we trade."""
    try:
        return symbols.pair(spelling).pair
    except UnknownNameError:
        return spelling
