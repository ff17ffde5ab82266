"""Which open orders of the account are ours, and which are somebody else's."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reconciliations import ForeignOrder
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.ports.orders import OrderStore


def ours_among(orders: OrderStore, reports: Sequence[OrderReport]) -> Mapping[str, Order | None]:
    """Return which of the reports are of orders of ours, by Kraken's id.

    An order is known by Kraken's id or, where its reply never came, by the id that we gave it. None
    stands for what Kraken placed itself for a fill of ours, as a conditional close.

    Source: OMS-7, OMS-13.
    """
    names = [each.kraken_order_id for each in reports]
    parents = [each.parent_id for each in reports if each.parent_id]
    clients = [each.cl_ord_id for each in reports if each.cl_ord_id]
    by_id = {each.kraken_order_id or "": each for each in orders.with_exchange_ids(names + parents)}
    by_client = {str(each.cl_ord_id): each for each in orders.with_client_ids(clients)}
    ours: dict[str, Order | None] = {}
    for report in reports:
        order = by_id.get(report.kraken_order_id) or by_client.get(report.cl_ord_id or "")
        if order is not None or report.parent_id in by_id:
            ours[report.kraken_order_id] = order
    return ours


def strangers_among(orders: OrderStore, reports: Sequence[OrderReport]) -> list[OrderReport]:
    """Return the reports that are of no order of ours."""
    ours = ours_among(orders, reports)
    return [each for each in reports if each.kraken_order_id not in ours]


def foreign(report: OrderReport, *, at: datetime) -> ForeignOrder:
    """Return a report of somebody else's order as it is kept, seen at an instant."""
    return ForeignOrder(
        kraken_order_id=report.kraken_order_id,
        pair=report.pair,
        side=report.side,
        order_type=report.order_type,
        status=report.status,
        qty=report.qty,
        filled_qty=report.filled_qty,
        limit_price=report.limit_price,
        description=report.description,
        first_seen_at=at,
        last_seen_at=at,
    )
