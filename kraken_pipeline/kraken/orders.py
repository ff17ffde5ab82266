"""Where orders go: to an exchange, to be validated there, or nowhere. Chosen when it is made."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError, RefusedError
from kraken_pipeline.domain.money import plain
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.domain.timeframes import require_utc
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.replies import (
    count_from,
    placed_id_from,
    rehearsed_from,
    require_echo,
)

FEE_IN_QUOTE: Final = "fciq"
"""The order flag that says in which asset the fee is paid, so that no account setting does."""
POST_ONLY: Final = "post"
RESTING: Final = "GTC"
TIMES_IN_FORCE: Final = frozenset({RESTING, "IOC", "FOK"})
VALIDATE_ONLY: Final = {"validate": "true"}


def request_of(order: Order, *, deadline: datetime) -> dict[str, str]:
    """Return the fields of an AddOrder request, without the nonce.

    Raises:
        InvalidValueError: the order says what Kraken would not take; the message names it.

    Source: OMS-4, NET-2; docs.kraken.com/api/docs/rest-api/add-order. `userref` may not stand
        beside `cl_ord_id`, so it is not sent. A market order never rests, so it has no time in
        force.
    """
    _require_sound(order)
    request = {
        "ordertype": order.order_type,
        "type": order.side.value,
        "volume": plain(order.qty),
        "pair": order.pair,
        "oflags": f"{POST_ONLY},{FEE_IN_QUOTE}" if order.post_only else FEE_IN_QUOTE,
        "cl_ord_id": order.cl_ord_id,
        "deadline": _rfc3339(deadline),
    }
    if order.order_type == "limit":
        request["price"] = plain(order.limit_price)
        request["timeinforce"] = order.time_in_force.upper()
    return request


def _require_sound(order: Order) -> None:
    if order.order_type not in {"limit", "market"}:
        raise InvalidValueError(
            f"order {order.local_id}: the type {order.order_type!r} is neither limit nor market"
        )
    time_in_force = order.time_in_force.upper()
    if time_in_force not in TIMES_IN_FORCE:
        known = ", ".join(sorted(TIMES_IN_FORCE))
        raise InvalidValueError(
            f"order {order.local_id}: time in force {order.time_in_force!r} is none of {known}"
        )
    rests = order.order_type == "limit" and time_in_force == RESTING
    if order.post_only and not rests:
        raise InvalidValueError(
            f"order {order.local_id}: only a limit order with {RESTING} can be post-only, "
            f"not {order.order_type} with {order.time_in_force}"
        )
    if order.qty <= 0 or order.limit_price <= 0:
        raise InvalidValueError(
            f"order {order.local_id}: qty {order.qty} and limit {order.limit_price} "
            "must be above zero"
        )


def _rfc3339(moment: datetime) -> str:
    text = require_utc(moment).astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class Trader:
    """Sends orders for real, each once, to the address of its line."""

    def __init__(self, line: PrivateLine) -> None:
        """Take the line that carries the orders."""
        self._line = line

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without nonce, to be written down first."""
        return request_of(order, deadline=deadline)

    def add(self, order: Order, *, deadline: datetime) -> Placed:
        """Send the order once.

        Raises:
            InvalidValueError: Kraken would not take it; nothing was sent.
            OrderRefusedError: it will not exist.
            UnreachableError: it never left, or was turned away; it does not exist.
            AuthError: the key was refused; it does not exist.
            OutcomeUnknownError: it may exist.
            UnexpectedReplyError: it may exist.
        """
        request = request_of(order, deadline=deadline)
        reply = self._line.call("AddOrder", request, call=Call.WRITE)
        kraken_order_id, description = placed_id_from(reply)
        require_echo(order, description, request)
        return Placed(kraken_order_id=kraken_order_id, description=description)

    def cancel(self, kraken_order_id: str) -> None:
        """Ask for a cancel; it is proven only by what the exchange shows later (OMS-11).

        Raises:
            OrderRefusedError: the order is not open any more, or never was.
            UnreachableError: the request was not done; it may be repeated.
            AuthError: the key was refused.
            OutcomeUnknownError: it may be canceled.
            UnexpectedReplyError: it may be canceled.
        """
        reply = self._line.call("CancelOrder", {"txid": kraken_order_id}, call=Call.WRITE)
        count_from(reply, "CancelOrder")


class Validator:
    """Has orders checked by the exchange and never placed: it can't send without `validate`.

    A check says nothing of funds; the exchange does not look at them.
    """

    def __init__(self, line: PrivateLine) -> None:
        """Take the line that carries the questions."""
        self._line = line

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without nonce."""
        return {**request_of(order, deadline=deadline), **VALIDATE_ONLY}

    def add(self, order: Order, *, deadline: datetime) -> Rehearsed:
        """Have the order checked.

        Raises:
            InvalidValueError: Kraken would not take it; nothing was sent.
            OrderRefusedError: the exchange would refuse it.
            UnreachableError: it was not checked; it may be repeated.
            AuthError: the key was refused.
            UnexpectedReplyError: the answer is no answer to a check.
        """
        request = self.request_of(order, deadline=deadline)
        description = rehearsed_from(self._line.call("AddOrder", request, call=Call.REHEARSAL))
        require_echo(order, description, request)
        return Rehearsed(description=description)

    def cancel(self, kraken_order_id: str) -> None:
        """Refuse: nothing that was only checked can be canceled.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"only validating: {kraken_order_id} is no order of ours to cancel")


class Recorder:
    """Says what would be sent and sends nothing: it has no connection."""

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what would be sent, without nonce."""
        return request_of(order, deadline=deadline)

    def add(self, order: Order, *, deadline: datetime) -> Rehearsed:
        """Describe the order.

        Raises:
            InvalidValueError: Kraken would not take it.
        """
        request = request_of(order, deadline=deadline)
        at = f" {request['price']}" if "price" in request else ""
        words = f"{order.side} {request['volume']} {order.pair} @ {order.order_type}{at}"
        return Rehearsed(description=f"{words} (dry run: not sent)")

    def cancel(self, kraken_order_id: str) -> None:
        """Refuse: nothing was sent that could be canceled.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"dry run: {kraken_order_id} is no order of ours to cancel")
