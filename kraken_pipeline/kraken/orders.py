"""Where orders go: to an exchange, to be validated there, or nowhere. Chosen when it is made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NoReturn

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import InvalidValueError, OrderRefusedError, RefusedError
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.kraken.batches import (
    MOST_CANCELS,
    batch_request,
    checked_from,
    placed_from,
)
from kraken_pipeline.kraken.echoes import require_echo
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.forms import add_request, amend_request, request_of
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.only_checks import OnlyChecks
from kraken_pipeline.kraken.replies import count_from, placed_id_from, rehearsed_from
from kraken_pipeline.kraken.tickets import Ticket, ticket_of

VALIDATE_ONLY: Final = {"validate": "true"}
VALIDATE_BATCH: Final = {"validate": True}
"""A batch goes as JSON, where true is no text."""


class Trader:
    """Sends orders for real, each once, to the address of its line.

    Nothing here is an edit: Kraken's edit cancels and places anew, an amendment keeps the order.
    """

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
        return self.place(ticket_of(order, deadline=deadline), deadline=deadline)

    def place(self, ticket: Ticket, *, deadline: datetime) -> Placed:
        """Send an order of any type once; see `add` for what may be raised."""
        reply = self._line.call("AddOrder", add_request(ticket, deadline=deadline), call=Call.WRITE)
        kraken_order_id, description = placed_id_from(reply)
        require_echo(ticket, description)
        return Placed(kraken_order_id=kraken_order_id, description=description)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | OrderRefusedError, ...]:
        """Send 2 to 15 orders of one pair in one request, and say what became of each.

        Raises:
            InvalidValueError: Kraken would not take one of them; nothing was sent.
            OrderRefusedError: none will exist.
            UnreachableError: the request never left, or was turned away; none exists.
            AuthError: the key was refused; none exists.
            OutcomeUnknownError: each of them may exist.
            UnexpectedReplyError: likewise.
        """
        return self.place_batch(
            [ticket_of(each, deadline=deadline) for each in orders], deadline=deadline
        )

    def place_batch(
        self, tickets: Sequence[Ticket], *, deadline: datetime
    ) -> tuple[Placed | OrderRefusedError, ...]:
        """Send orders of any type in one request; see `add_batch` for what may be raised."""
        request = batch_request(tickets, deadline=deadline)
        reply = self._line.call("AddOrderBatch", request, call=Call.WRITE)
        return placed_from(reply, tickets)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests, once (OMS-12). Its id stays.

        Raises:
            OrderRefusedError: the order stays as it was, or is not open any more.
            UnreachableError: the request was not done.
            AuthError: the key was refused.
            OutcomeUnknownError: the order may be changed.
            UnexpectedReplyError: the order may be changed.
        """
        request = amend_request(kraken_order_id, amendment, deadline=deadline)
        reply = self._line.call("AmendOrder", request, call=Call.WRITE)
        amend_id = record(reply, "AmendOrder").name_in("amend_id")
        return Amended(amend_id=amend_id, kraken_order_id=kraken_order_id)

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

    def cancel_many(
        self, kraken_order_ids: Sequence[str] = (), *, cl_ord_ids: Sequence[str] = ()
    ) -> int:
        """Ask for up to 50 cancels at once and return how many orders were reached.

        What is not open is passed over by the exchange. As with `cancel`, nothing is proven.

        Raises:
            InvalidValueError: none or too many are named; nothing was sent.
            ExchangeError: as with `cancel`.
        """
        named = len(kraken_order_ids) + len(cl_ord_ids)
        if not 0 < named <= MOST_CANCELS:
            raise InvalidValueError(f"1 to {MOST_CANCELS} orders are canceled at once, not {named}")
        request: dict[str, object] = {}
        if kraken_order_ids:
            request["orders"] = list(kraken_order_ids)
        if cl_ord_ids:
            request["cl_ord_ids"] = list(cl_ord_ids)
        reply = self._line.call("CancelOrderBatch", request, call=Call.WRITE)
        return count_from(reply, "CancelOrderBatch")

    def cancel_all(self) -> int:
        """Ask to cancel every open order of the account and return how many were reached.

        Raises:
            ExchangeError: as with `cancel`.
        """
        return count_from(self._line.call("CancelAll", {}, call=Call.WRITE), "CancelAll")


class Validator(OnlyChecks):
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
        return self.check(ticket_of(order, deadline=deadline), deadline=deadline)

    def check(self, ticket: Ticket, *, deadline: datetime) -> Rehearsed:
        """Have an order of any type checked; see `add` for what may be raised."""
        request = {**add_request(ticket, deadline=deadline), **VALIDATE_ONLY}
        description = rehearsed_from(self._line.call("AddOrder", request, call=Call.REHEARSAL))
        require_echo(ticket, description)
        return Rehearsed(description=description)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Rehearsed | OrderRefusedError, ...]:
        """Have 2 to 15 orders of one pair checked at once; see `add` for what may be raised."""
        return self.check_batch(
            [ticket_of(each, deadline=deadline) for each in orders], deadline=deadline
        )

    def check_batch(
        self, tickets: Sequence[Ticket], *, deadline: datetime
    ) -> tuple[Rehearsed | OrderRefusedError, ...]:
        """Have orders of any type checked at once; see `add` for what may be raised."""
        request = {**batch_request(tickets, deadline=deadline), **VALIDATE_BATCH}
        reply = self._line.call("AddOrderBatch", request, call=Call.REHEARSAL)
        return checked_from(reply, tickets)


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

    def add_batch(self, orders: Sequence[Order], *, deadline: datetime) -> tuple[Rehearsed, ...]:
        """Describe the orders.

        Raises:
            InvalidValueError: Kraken would not take one of them, or not all of them together.
        """
        batch_request([ticket_of(each, deadline=deadline) for each in orders], deadline=deadline)
        return tuple(self.add(each, deadline=deadline) for each in orders)

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> NoReturn:
        """Refuse: nothing was sent that could be amended.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"dry run: {kraken_order_id} is no order of ours to amend")

    def cancel(self, kraken_order_id: str) -> None:
        """Refuse: nothing was sent that could be canceled.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"dry run: {kraken_order_id} is no order of ours to cancel")

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> NoReturn:
        """Refuse, as with `cancel`.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"dry run: {', '.join(kraken_order_ids)} are no orders to cancel")
