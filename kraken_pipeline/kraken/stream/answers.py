"""What the stream answered to a request of ours: its result, or the error that fits. Pure.

Source: docs.kraken.com/api/docs/websocket-v2/add_order and those beside it.
"""

from collections.abc import Sequence
from datetime import datetime

from kraken_pipeline.domain.errors import (
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.kraken.failures import Call, refusal
from kraken_pipeline.kraken.fields import Record, record
from kraken_pipeline.kraken.stream.frames import Message
from kraken_pipeline.kraken.stream.numbers import moment_of
from kraken_pipeline.kraken.tickets import Ticket


def result_of(answer: Message, *, method: str, call: Call) -> object:
    """Return what a request that was done gave.

    Raises:
        ExchangeError: of the kind that says what may have happened; see `failures`.
        UnexpectedReplyError: it answers another method; after a write it may be done.
    """
    if answer.method != method:
        raise UnexpectedReplyError(f"{method}: the answer is to {answer.method!r}")
    if answer.success is True:
        return answer.result
    if answer.error:
        raise refusal([answer.error], call=call, method=method)
    raise UnexpectedReplyError(f"{method}: the answer says neither that it was done nor why not")


def placed_from(result: object, ticket: Ticket) -> Placed:
    """Read `add_order`, or one of a `batch_add`.

    Raises:
        UnexpectedReplyError: it names no order, or another one; ours may exist.
    """
    fields = record(result, "add_order")
    _require_same(fields, ticket)
    return Placed(kraken_order_id=fields.name_in("order_id"), description=described(ticket))


def rehearsed_from(result: object, ticket: Ticket) -> Rehearsed:
    """Read `add_order` with `validate`.

    Raises:
        UnexpectedReplyError: it has an id, so it was not only checked; the order may exist.
    """
    fields = record({} if result is None else result, "add_order")
    if fields.fields.get("order_id"):
        raise UnexpectedReplyError(
            f"add_order: asked only to validate, Kraken gave the id {fields.fields['order_id']}"
        )
    _require_same(fields, ticket)
    return Rehearsed(description=f"{described(ticket)} (checked)")


def rows_of(result: object, tickets: Sequence[Ticket]) -> list[Record]:
    """Return the answers to the orders of a `batch_add`, in the order in which they were sent.

    Raises:
        UnexpectedReplyError: there are not as many answers as orders; each of them may exist.
    """
    rows = result if isinstance(result, list) else []
    if len(rows) != len(tickets):
        raise UnexpectedReplyError(
            f"batch_add: sent {len(tickets)} orders, Kraken answers for {len(rows)}"
        )
    return [record(each, f"batch_add[{index}]") for index, each in enumerate(rows)]


def refused_in(fields: Record, call: Call) -> OrderRefusedError | None:
    """Return the refusal of one order of a batch, or None where it was taken.

    Raises:
        OutcomeUnknownError: the words do not prove that it was not placed.
    """
    said = fields.text_or_none("error")
    if said is None:
        return None
    error = refusal([said], call=call, method=fields.where)
    if isinstance(error, OutcomeUnknownError):
        raise error
    # what surely did not happen is refused: the orders beside it may stand already
    return error if isinstance(error, OrderRefusedError) else OrderRefusedError(str(error))


def require_order(result: object, kraken_order_id: str) -> None:
    """Let the answer to a cancel pass if it is to the order that was named.

    Raises:
        UnexpectedReplyError: it names another one.
    """
    said = record(result, "cancel_order").name_in("order_id")
    if said != kraken_order_id:
        raise UnexpectedReplyError(f"cancel_order: sent {kraken_order_id}, answered for {said}")


def armed_from(result: object) -> datetime | None:
    """Read `cancel_all_orders_after`: when everything will be canceled, or None where never."""
    fields = record(result, "cancel_all_orders_after")
    said = fields.text_or_none("triggerTime")
    return None if said in {None, "", "0"} else moment_of(str(said))


def described(ticket: Ticket) -> str:
    """Say an order in words, as the stream's answer does not."""
    qty = ticket.cash if ticket.qty is None else ticket.qty
    prices = [each.amount for each in (ticket.trigger, ticket.limit) if each is not None]
    at = f" {' -> '.join(map(str, prices))}" if prices else ""
    return f"{ticket.side} {qty} {ticket.pair} @ {ticket.order_type}{at}"


def _require_same(fields: Record, ticket: Ticket) -> None:
    """Let an answer pass if it is to the order that was sent (F-SUB-11)."""
    said = fields.text_or_none("cl_ord_id")
    if said is not None and said != ticket.cl_ord_id:
        raise UnexpectedReplyError(f"add_order: sent {ticket.cl_ord_id}, Kraken answers for {said}")
