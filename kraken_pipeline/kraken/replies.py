"""Private replies of Kraken's, read into our words. Pure; what is missing or odd is an error."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError, UnknownNameError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.ledger import LedgerEntry
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.reports import Balance, OrderReport, TradeReport
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.fields import Record, exact, record

LIMITED: Final = frozenset({"limit", "iceberg"})
"""Order types whose `price` is a limit; that of the others is a trigger, if they have one."""
NO_TIME: Final = frozenset({None, 0, "0"})
"""How Kraken writes a time that is not set."""


def balances_from(reply: object) -> dict[str, Balance]:
    """Read BalanceEx: each bucket by Kraken's own asset id.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    return {
        asset: Balance(
            total=each.amount("balance"),
            held=each.unsigned("hold_trade"),
            credit=_given(each, "credit"),
            credit_used=_given(each, "credit_used"),
        )
        for asset, each in record(reply, "BalanceEx").records()
    }


def fee_rates_from(reply: object, pairs: Iterable[Pair]) -> dict[str, FeeRates]:
    """Read TradeVolume: what the account pays on each of the pairs, by our name.

    A pair that only the takers' list holds makes no difference between the two.

    Raises:
        UnexpectedReplyError: a pair is not answered, or a field is odd.

    Source: docs.kraken.com/api/docs/rest-api/get-trade-volume.
    """
    fields = record(reply, "TradeVolume")
    taker, maker = fields.record("fees"), fields.record("fees_maker")
    rates = {}
    for pair in pairs:
        makers = maker if {pair.key, pair.name} & maker.fields.keys() else taker
        rates[pair.name] = FeeRates(maker_pct=_rate(makers, pair), taker_pct=_rate(taker, pair))
    return rates


def _rate(fields: Record, pair: Pair) -> Decimal:
    # asked by key, Kraken answers by key; the altname is taken too
    name = pair.name if pair.key not in fields.fields else pair.key
    return fields.record(name).amount("fee")


def order_from(kraken_order_id: str, fields: Record, symbols: SymbolTable) -> OrderReport:
    """Read an order of OpenOrders, ClosedOrders or QueryOrders.

    A status or a type that is new is kept as it is said: whoever acts on it must know it.

    Raises:
        UnexpectedReplyError: a field is missing or odd.
    """
    descr = fields.record("descr")
    order_type = descr.name_in("ordertype")
    limit, trigger = _prices_of(order_type, descr)
    filled, average = fields.qty("vol_exec"), fields.unsigned("price")
    return OrderReport(
        kraken_order_id=kraken_order_id,
        cl_ord_id=fields.text_or_none("cl_ord_id"),
        pair=_our_name(descr.name_in("pair"), symbols),
        side=descr.side("type"),
        order_type=order_type,
        status=fields.name_in("status"),
        qty=fields.qty("vol"),
        filled_qty=filled,
        limit_price=limit,
        # at zero the average of a very cheap asset was rounded away
        avg_fill_price=Price(average) if filled and average else None,
        fee=fields.unsigned("fee"),
        opened_at=fields.instant("opentm"),
        reason=fields.text_or_none("reason") or "",
        description=descr.text_or_none("order") or "",
        close_description=descr.text_or_none("close") or "",
        trigger_price=trigger,
        cost=_given(fields, "cost"),
        flags=_flags(fields),
        userref=_userref(fields),
        closed_at=_instant(fields, "closetm"),
        expires_at=_instant(fields, "expiretm"),
        parent_id=_parent(fields),
        trade_ids=fields.texts("trades") if "trades" in fields.fields else None,
    )


def _prices_of(order_type: str, descr: Record) -> tuple[Decimal | None, Decimal | None]:
    """Return limit and trigger, each if it is a price: a distance starts with its sign."""
    if order_type in LIMITED:
        return descr.positive("price"), None
    if order_type == "market":
        return None, None
    return _price(descr, "price2"), _price(descr, "price")


def _price(descr: Record, name: str) -> Decimal | None:
    price = exact(descr.fields.get(name))
    is_distance = str(descr.fields.get(name)).startswith(("+", "-"))
    return price if price is not None and price > 0 and not is_distance else None


def _given(fields: Record, name: str) -> Decimal | None:
    return None if fields.fields.get(name) is None else fields.unsigned(name)


def _instant(fields: Record, name: str) -> datetime | None:
    value = fields.fields.get(name)
    is_unset = isinstance(value, int | str | None) and value in NO_TIME
    return None if is_unset else fields.instant(name)


def _flags(fields: Record) -> frozenset[str] | None:
    said = fields.text_or_none("oflags")
    return None if said is None else frozenset(said.split(",")) - {""}


def _userref(fields: Record) -> int | None:
    """Kraken says 0, or nothing, where there is none."""
    value = fields.fields.get("userref")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise UnexpectedReplyError(f"{fields.where}: the field 'userref' is {value!r:.40}")
    return value or None


def _parent(fields: Record) -> str | None:
    said = fields.text_or_none("refid")
    return None if said in {None, "", "None"} else said


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
        subtype=fields.text_or_none("subtype") or "",
        asset=fields.name_in("asset"),
        amount=fields.amount("amount"),
        fee=fields.amount("fee"),
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
