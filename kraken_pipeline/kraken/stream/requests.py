"""What we say to the stream, as JSON text in which every number is exact. Pure.

Kraken takes prices and quantities as JSON numbers and refuses strings.

Source: docs.kraken.com/api/docs/websocket-v2; `Limit_price field must be a number_float` was seen.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import require_utc
from kraken_pipeline.kraken.terms import Close, OrderType, PriceKind, PriceTerm, SelfTrade
from kraken_pipeline.kraken.tickets import Ticket

STP: Final = MappingProxyType(
    {
        SelfTrade.CANCEL_NEWEST: "cancel_newest",
        SelfTrade.CANCEL_OLDEST: "cancel_oldest",
        SelfTrade.CANCEL_BOTH: "cancel_both",
    }
)
"""How the stream spells what happens where two orders of ours would meet."""


def rendered(method: str, params: Mapping[str, object], req_id: int) -> bytes:
    """Return a request as text.

    Raises:
        InvalidValueError: a value has no exact text, such as a float.
    """
    return written({"method": method, "params": params, "req_id": req_id}).encode()


def ping(req_id: int) -> bytes:
    """Return the question whether somebody is there. It may have no params."""
    return rendered_bare("ping", req_id)


def rendered_bare(method: str, req_id: int) -> bytes:
    """Return a request without params."""
    return written({"method": method, "req_id": req_id}).encode()


def written(value: object) -> str:
    """Write a value as JSON: an amount with the digits that it has, and without an exponent.

    Raises:
        InvalidValueError: it has no exact text.
    """
    if isinstance(value, Decimal):
        return plain(decimal_from(value))
    if isinstance(value, str | bool | int):
        return json.dumps(value)
    if isinstance(value, Mapping):
        fields = (f"{json.dumps(str(key))}:{written(each)}" for key, each in value.items())
        return f"{{{','.join(fields)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(written(each) for each in value)}]"
    raise InvalidValueError(f"{type(value).__name__} has no exact text")


def order_params(ticket: Ticket, *, symbol: str) -> dict[str, object]:
    """Return what a ticket says as an `add_order`, without token and deadline.

    Args:
        ticket: what is ordered.
        symbol: its pair as the stream spells it.

    Raises:
        InvalidValueError: the stream has no words for it.

    Source: docs.kraken.com/api/docs/websocket-v2/add_order.
    """
    return {"symbol": symbol, **batched_params(ticket)}


def batched_params(ticket: Ticket) -> dict[str, object]:
    """Return what a ticket says as one of a `batch_add`, which names symbol and token once."""
    said: dict[str, object | None] = {
        "order_type": ticket.order_type.value,
        "side": ticket.side.value,
        "order_qty": ticket.qty,
        "cash_order_qty": ticket.cash,
        "display_qty": ticket.display_qty,
        **_limit(ticket.order_type, ticket.limit),
        "triggers": _trigger(ticket),
        "time_in_force": ticket.time_in_force and ticket.time_in_force.value.lower(),
        "effective_time": ticket.starts_at and whole_seconds(ticket.starts_at),
        "expire_time": ticket.expires_at and whole_seconds(ticket.expires_at),
        "post_only": True if ticket.post_only else None,
        "fee_preference": ticket.fee_currency.value,
        "stp_type": STP[ticket.self_trade],
        "conditional": ticket.close and _conditional(ticket.close),
        "cl_ord_id": ticket.cl_ord_id,
        "order_userref": ticket.userref,
    }
    return {name: value for name, value in said.items() if value is not None}


def milliseconds(moment: datetime) -> str:
    """Write an instant as a deadline is written.

    Raises:
        InvalidValueError: it is not in UTC.
    """
    text = require_utc(moment).astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def whole_seconds(moment: datetime) -> str:
    """Write an instant to the second."""
    text = require_utc(moment).astimezone(UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _limit(order_type: OrderType, term: PriceTerm | None) -> dict[str, object | None]:
    if term is None:
        return {}
    if term.kind is PriceKind.STATIC and order_type is not OrderType.TRAILING_STOP_LIMIT:
        return {"limit_price": term.amount}
    return {"limit_price": term.amount, "limit_price_type": term.kind.value}


def _trigger(ticket: Ticket) -> dict[str, object] | None:
    if ticket.trigger is None or ticket.reference is None:
        return None
    return {
        "price": ticket.trigger.amount,
        "price_type": ticket.trigger.kind.value,
        "reference": ticket.reference.value,
    }


def _conditional(close: Close) -> dict[str, object]:
    said: dict[str, object] = {"order_type": close.order_type.value}
    if close.limit is not None:
        said |= {"limit_price": close.limit.amount, "limit_price_type": close.limit.kind.value}
    if close.trigger is not None:
        said |= {
            "trigger_price": close.trigger.amount,
            "trigger_price_type": close.trigger.kind.value,
        }
    return said
