"""Orders as the stream tells them, in REST's words: so that both are heard alike."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.kraken.stream.news import OrderSeen

STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pending_new": "pending",
        "new": "open",
        "partially_filled": "open",
        "filled": "closed",
        "canceled": "canceled",
        "expired": "expired",
    }
)
"""The stream's word for how an order is, to REST's."""
OPEN: Final = "open"


def report_of(order: OrderSeen) -> OrderReport | None:
    """Return an order as REST would show it, or None where the stream did not say all of it yet.

    A status that is new to us ends nothing (F-EVT-8): the order counts as open until REST or a
    later word says otherwise.
    """
    told = order.pair, order.side, order.order_type, order.qty, order.fee
    pair, side, order_type, qty, fee = told
    if pair is None or side is None or order_type is None or qty is None or fee is None:
        return None
    average = order.avg_fill_price
    return OrderReport(
        kraken_order_id=order.kraken_order_id,
        cl_ord_id=order.cl_ord_id,
        pair=pair,
        side=side,
        order_type=order_type,
        status=STATUSES.get(order.status, OPEN),
        qty=qty,
        filled_qty=order.filled_qty,
        limit_price=order.limit_price,
        avg_fill_price=None if average is None else Price(average),
        fee=fee,
        opened_at=order.at,
        reason=order.reason,
        trigger_price=order.trigger_price,
        parent_id=order.parent_id,
    )
