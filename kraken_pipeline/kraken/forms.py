"""Writing a ticket as REST reads it: a form for one order, JSON for one of several. Pure.

Source: NET-2; docs.kraken.com/api/docs/rest-api/add-order and add-order-batch.
"""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.timeframes import require_utc
from kraken_pipeline.kraken.terms import Close, FeeCurrency, PriceKind, PriceTerm, SelfTrade
from kraken_pipeline.kraken.tickets import Ticket, ticket_of

POST_ONLY: Final = "post"
IN_CASH: Final = "viqc"
FEES: Final = MappingProxyType({FeeCurrency.QUOTE: "fciq", FeeCurrency.BASE: "fcib"})
"""The flag that says in which asset the fee is paid, so that no setting of the account does."""


def request_of(order: Order, *, deadline: datetime) -> dict[str, str]:
    """Return the fields of an AddOrder request for an order of ours, without the nonce.

    Raises:
        InvalidValueError: the order says what Kraken would not take; the message names it.

    Source: OMS-4, NET-2.
    """
    return add_request(ticket_of(order, deadline=deadline), deadline=deadline)


def add_request(ticket: Ticket, *, deadline: datetime) -> dict[str, str]:
    """Return the fields of an AddOrder request for a ticket, without the nonce."""
    return {**form_fields(ticket), "deadline": deadline_text(deadline)}


def amend_request(
    kraken_order_id: str, amendment: Amendment, *, deadline: datetime
) -> dict[str, str]:
    """Return the fields of an AmendOrder request, without the nonce.

    Source: docs.kraken.com/api/docs/rest-api/amend-order.
    """
    told = {
        "order_qty": amendment.qty,
        "display_qty": amendment.display_qty,
        "limit_price": amendment.limit_price,
        "trigger_price": amendment.trigger_price,
    }
    return {
        "txid": kraken_order_id,
        **{name: plain(value) for name, value in told.items() if value is not None},
        **({"post_only": "true"} if amendment.post_only else {}),
        "deadline": deadline_text(deadline),
    }


def form_fields(ticket: Ticket) -> dict[str, str]:
    """Return the fields of an AddOrder request, without nonce and deadline."""
    close = {} if ticket.close is None else _prices_of_close(ticket.close)
    return {
        **_fields(ticket),
        "pair": ticket.pair,
        **{f"close[{name}]": value for name, value in close.items()},
    }


def batch_fields(ticket: Ticket) -> dict[str, object]:
    """Return one order of an AddOrderBatch request; the pair stands beside the orders."""
    if ticket.close is None:
        return {**_fields(ticket)}
    return {**_fields(ticket), "close": _prices_of_close(ticket.close)}


def price_text(term: PriceTerm) -> str:
    """Write a price: `50000.1`, a distance in quote `+5`, or one in percent `-2.5%`."""
    if term.kind is PriceKind.STATIC:
        return plain(term.amount)
    sign = "-" if term.amount < 0 else "+"
    percent = "%" if term.kind is PriceKind.PERCENT else ""
    return f"{sign}{plain(term.amount.copy_abs())}{percent}"


def deadline_text(deadline: datetime) -> str:
    """Write the instant after which the engine refuses the request, to the millisecond.

    Raises:
        InvalidValueError: it is not in UTC.

    Source: OMS-4; Kraken takes 2 s to 60 s from now.
    """
    text = require_utc(deadline).astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _fields(ticket: Ticket) -> dict[str, str]:
    return {
        "ordertype": ticket.order_type.value,
        "type": ticket.side.value,
        **_amounts(ticket),
        **_prices(ticket.limit, ticket.trigger),
        **_given("trigger", ticket.reference),
        "oflags": ",".join(_flags(ticket)),
        **_given("timeinforce", ticket.time_in_force),
        **_given("starttm", _unix(ticket.starts_at)),
        **_given("expiretm", _unix(ticket.expires_at)),
        **_given("stptype", _self_trade(ticket)),
        **_given("cl_ord_id", ticket.cl_ord_id),
        **_given("userref", None if ticket.userref is None else str(ticket.userref)),
    }


def _amounts(ticket: Ticket) -> dict[str, str]:
    told = [each for each in (ticket.qty, ticket.cash) if each is not None]
    shown = {} if ticket.display_qty is None else {"displayvol": plain(ticket.display_qty)}
    return {"volume": plain(told[0]), **shown}


def _prices_of_close(close: Close) -> dict[str, str]:
    return {"ordertype": close.order_type.value, **_prices(close.limit, close.trigger)}


def _prices(limit: PriceTerm | None, trigger: PriceTerm | None) -> dict[str, str]:
    """Where there is a trigger, Kraken's first price is that and the limit is its second."""
    told = [price_text(each) for each in (trigger, limit) if each is not None]
    return dict(zip(("price", "price2"), told, strict=False))


def _flags(ticket: Ticket) -> list[str]:
    return [
        *([POST_ONLY] if ticket.post_only else []),
        FEES[ticket.fee_currency],
        *([IN_CASH] if ticket.cash is not None else []),
    ]


def _self_trade(ticket: Ticket) -> SelfTrade | None:
    """Kraken's own choice goes unsaid."""
    return None if ticket.self_trade is SelfTrade.CANCEL_NEWEST else ticket.self_trade


def _unix(moment: datetime | None) -> str | None:
    return None if moment is None else str(int(moment.timestamp()))


def _given(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: str(value)}
