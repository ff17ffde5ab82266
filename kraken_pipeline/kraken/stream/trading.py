"""Orders over the private stream, behind the same port as over REST.

Each is sent once. What was sent and not answered may exist, and is settled by looking, never by
sending it again (NET-5).

Source: docs.kraken.com/api/docs/websocket-v2/add_order; ws answers may come after the fill.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.amendments import Amended, Amendment
from kraken_pipeline.domain.errors import (
    InvalidValueError,
    OrderRefusedError,
)
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.batches import batch_request
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.fields import record
from kraken_pipeline.kraken.forms import add_request, amend_request
from kraken_pipeline.kraken.only_checks import OnlyChecks
from kraken_pipeline.kraken.stream.answers import (
    armed_from,
    placed_from,
    refused_in,
    rehearsed_from,
    require_order,
    rows_of,
)
from kraken_pipeline.kraken.stream.desk import Bookkeeping, Caller, Counted, OrderDesk
from kraken_pipeline.kraken.stream.requests import milliseconds, written
from kraken_pipeline.kraken.tickets import Ticket, ticket_of

LONGEST_TIMER_SECONDS: Final = 86_400


class StreamTrader:
    """Sends orders for real, each once, over the private stream."""

    def __init__(
        self, caller: Caller, *, symbols: Callable[[], SymbolTable], books: Bookkeeping
    ) -> None:
        """Take who carries the orders.

        Args:
            caller: the private stream.
            symbols: tells the names of pairs; it must not block.
            books: count and keep what is sent; the same as REST's, as the engine counts both.
        """
        self._desk = OrderDesk(caller, symbols=symbols, books=books)

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without token, to be written down first."""
        return _as_text(self._desk.order(ticket_of(order, deadline=deadline), deadline))

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
        counted = Counted(method="AddOrder", params=add_request(ticket, deadline=deadline))
        params = self._desk.order(ticket, deadline)
        return placed_from(self._desk.send("add_order", params, counted, call=Call.WRITE), ticket)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Placed | OrderRefusedError, ...]:
        """Send 2 to 15 orders of one pair in one request, and say what became of each.

        Raises:
            ExchangeError: what it says holds of every one of the orders; see `add`.
            InvalidValueError: they cannot be written as one request; nothing was sent.
        """
        tickets = [ticket_of(each, deadline=deadline) for each in orders]
        params = self._desk.batch(tickets, deadline)
        counted = Counted(method="AddOrderBatch", params=batch_request(tickets, deadline=deadline))
        result = self._desk.send("batch_add", params, counted, call=Call.WRITE)
        return tuple(
            refused_in(row, Call.WRITE) or placed_from(row.fields, ticket)
            for row, ticket in zip(rows_of(result, tickets), tickets, strict=True)
        )

    def amend(self, kraken_order_id: str, amendment: Amendment, *, deadline: datetime) -> Amended:
        """Change an order that rests, once (OMS-12). Its id stays.

        Raises:
            OrderRefusedError: the order stays as it was, or is not open any more.
            UnreachableError: the request was not done.
            AuthError: the key was refused.
            OutcomeUnknownError: the order may be changed.
            UnexpectedReplyError: the order may be changed.
        """
        told = {
            "order_qty": amendment.qty,
            "limit_price": amendment.limit_price,
            "trigger_price": amendment.trigger_price,
            "display_qty": amendment.display_qty,
            "post_only": True if amendment.post_only else None,
        }
        params = {
            "order_id": kraken_order_id,
            **{name: value for name, value in told.items() if value is not None},
            "deadline": milliseconds(deadline),
        }
        counted = Counted(
            method="AmendOrder",
            params=amend_request(kraken_order_id, amendment, deadline=deadline),
        )
        reply = self._desk.send("amend_order", params, counted, call=Call.WRITE)
        amend_id = record(reply, "amend_order").name_in("amend_id")
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
        counted = Counted(method="CancelOrder", params={"txid": kraken_order_id})
        params = {"order_id": [kraken_order_id]}
        require_order(
            self._desk.send("cancel_order", params, counted, call=Call.WRITE), kraken_order_id
        )

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        """Ask for each cancel in turn and return how many orders were open.

        Raises:
            ExchangeError: as with `cancel`, but for a refusal; the orders after it were not asked.
        """
        reached = 0
        for each in kraken_order_ids:
            with suppress(OrderRefusedError):
                self.cancel(each)
                reached += 1
        return reached

    def cancel_all(self) -> int:
        """Ask to cancel every open order of the account and return how many were reached.

        Raises:
            ExchangeError: as with `cancel`.
        """
        counted = Counted(method="CancelAll", params={})
        reply = self._desk.send("cancel_all", {}, counted, call=Call.WRITE)
        return record(reply, "cancel_all").whole("count")

    def cancel_all_after(self, seconds: int) -> datetime | None:
        """Set the timer that cancels everything of the account, and return when it will.

        Args:
            seconds: until then, below a day; zero turns it off, and None is returned.

        Raises:
            InvalidValueError: more than a day, or below zero; nothing was sent.
            ExchangeError: as with `cancel`.
        """
        if not 0 <= seconds < LONGEST_TIMER_SECONDS:
            raise InvalidValueError(
                f"the timer takes 0 to {LONGEST_TIMER_SECONDS} s, not {seconds}"
            )
        counted = Counted(method="CancelAllOrdersAfter", params={"timeout": str(seconds)})
        reply = self._desk.send(
            "cancel_all_orders_after", {"timeout": seconds}, counted, call=Call.WRITE
        )
        return armed_from(reply) if seconds else None


class StreamValidator(OnlyChecks):
    """Has orders checked over the stream and never placed: it can't send without `validate`.

    A check says nothing of funds; the exchange does not look at them.
    """

    def __init__(
        self, caller: Caller, *, symbols: Callable[[], SymbolTable], books: Bookkeeping
    ) -> None:
        """Take who carries the questions; see `StreamTrader`."""
        self._desk = OrderDesk(caller, symbols=symbols, books=books)

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what `add` would send, without token."""
        return _as_text(_validated(self._desk.order(ticket_of(order, deadline=deadline), deadline)))

    def add(self, order: Order, *, deadline: datetime) -> Rehearsed:
        """Have the order checked.

        Raises:
            InvalidValueError: Kraken would not take it; nothing was sent.
            OrderRefusedError: the exchange would refuse it.
            UnreachableError: it was not checked; it may be repeated.
            AuthError: the key was refused.
            UnexpectedReplyError: the answer is no answer to a check.
        """
        ticket = ticket_of(order, deadline=deadline)
        params = _validated(self._desk.order(ticket, deadline))
        counted = Counted(method="AddOrder", params=add_request(ticket, deadline=deadline))
        reply = self._desk.send("add_order", params, counted, call=Call.REHEARSAL)
        return rehearsed_from(reply, ticket)

    def add_batch(
        self, orders: Sequence[Order], *, deadline: datetime
    ) -> tuple[Rehearsed | OrderRefusedError, ...]:
        """Have 2 to 15 orders of one pair checked at once; see `add` for what may be raised."""
        tickets = [ticket_of(each, deadline=deadline) for each in orders]
        params = _validated(self._desk.batch(tickets, deadline))
        counted = Counted(method="AddOrderBatch", params=batch_request(tickets, deadline=deadline))
        result = self._desk.send("batch_add", params, counted, call=Call.REHEARSAL)
        return tuple(
            refused_in(row, Call.REHEARSAL) or rehearsed_from(row.fields, ticket)
            for row, ticket in zip(rows_of(result, tickets), tickets, strict=True)
        )


def _validated(params: Mapping[str, object]) -> dict[str, object]:
    return {**params, "validate": True}


def _as_text(params: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else written(value) for name, value in params.items()
    }
