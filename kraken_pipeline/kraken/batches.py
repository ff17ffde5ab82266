"""Several orders in one request: what is sent, and what became of each. Pure.

Source: docs.kraken.com/api/docs/rest-api/add-order-batch.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.errors import (
    InvalidValueError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.kraken.echoes import require_echo
from kraken_pipeline.kraken.failures import Call, refusal
from kraken_pipeline.kraken.fields import Record, record
from kraken_pipeline.kraken.forms import batch_fields, deadline_text
from kraken_pipeline.kraken.tickets import Ticket

METHOD: Final = "AddOrderBatch"
FEWEST_ORDERS: Final = 2
MOST_ORDERS: Final = 15
MOST_CANCELS: Final = 50
"""Orders that one CancelOrderBatch may name."""


def batch_request(tickets: Sequence[Ticket], *, deadline: datetime) -> dict[str, object]:
    """Return what an AddOrderBatch request says, without the nonce.

    Raises:
        InvalidValueError: too few or too many orders, of several pairs, or two of one id.
    """
    pairs = {each.pair for each in tickets}
    ids = [each.cl_ord_id for each in tickets if each.cl_ord_id is not None]
    if not FEWEST_ORDERS <= len(tickets) <= MOST_ORDERS:
        raise InvalidValueError(
            f"a batch holds {FEWEST_ORDERS} to {MOST_ORDERS} orders, not {len(tickets)}"
        )
    if len(pairs) != 1:
        raise InvalidValueError(f"a batch is of one pair, not of {', '.join(sorted(pairs))}")
    if len(set(ids)) != len(ids):
        raise InvalidValueError("two orders of the batch have the same cl_ord_id")
    return {
        "pair": tickets[0].pair,
        "orders": [batch_fields(each) for each in tickets],
        "deadline": deadline_text(deadline),
    }


def placed_from(reply: object, tickets: Sequence[Ticket]) -> tuple[Placed | OrderRefusedError, ...]:
    """Read what became of each order of a batch, in the order in which they were sent.

    Raises:
        OutcomeUnknownError: of one it is not clear; each is then settled by what is seen of it.
        UnexpectedReplyError: an answer is missing or describes another order; likewise.
    """
    rows = _rows(reply, tickets)
    outcomes = tuple(map(_placed, rows, tickets))
    ids = [each.kraken_order_id for each in outcomes if isinstance(each, Placed)]
    if len(set(ids)) != len(ids):
        raise UnexpectedReplyError(f"{METHOD}: two orders have one id: {', '.join(ids)}")
    return outcomes


def checked_from(
    reply: object, tickets: Sequence[Ticket]
) -> tuple[Rehearsed | OrderRefusedError, ...]:
    """Read the check of each order of a batch.

    Raises:
        UnexpectedReplyError: an order has an id, so it was not only checked; or an answer is
            missing or describes another order.
    """
    return tuple(map(_checked, _rows(reply, tickets), tickets))


def _rows(reply: object, tickets: Sequence[Ticket]) -> list[Record]:
    listed = record(reply, METHOD).items("orders")
    if len(listed) != len(tickets):
        raise UnexpectedReplyError(
            f"{METHOD}: sent {len(tickets)} orders, Kraken answers for {len(listed)}"
        )
    return [record(each, f"{METHOD}.orders[{index}]") for index, each in enumerate(listed)]


def _placed(fields: Record, ticket: Ticket) -> Placed | OrderRefusedError:
    refused = _refusal(fields, Call.WRITE)
    if refused is not None:
        return refused
    description = fields.record("descr").text("order")
    require_echo(ticket, description)
    return Placed(kraken_order_id=fields.name_in("txid"), description=description)


def _checked(fields: Record, ticket: Ticket) -> Rehearsed | OrderRefusedError:
    if "txid" in fields.fields:
        raise UnexpectedReplyError(
            f"{fields.where}: asked only to validate, Kraken gave the id {fields.fields['txid']}"
        )
    refused = _refusal(fields, Call.REHEARSAL)
    if refused is not None:
        return refused
    description = fields.record("descr").text("order")
    require_echo(ticket, description)
    return Rehearsed(description=description)


def _refusal(fields: Record, call: Call) -> OrderRefusedError | None:
    """Whatever surely did not happen is refused: the orders beside it may stand already."""
    said = fields.text_or_none("error")
    if said is None:
        return None
    error = refusal([said], call=call, method=fields.where)
    if isinstance(error, OutcomeUnknownError):
        raise error
    return error if isinstance(error, OrderRefusedError) else OrderRefusedError(str(error))
