"""An exchange that answers at once, in this process: what is left is what our own side costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from kraken_pipeline.domain.errors import RefusedError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.money import NOTHING, ZERO
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Balance, OrderReport, Placed, TradeReport
from kraken_pipeline.kraken.forms import request_of


class InstantExchange:
    """Takes every order and shows it. It has the ports of an account and of a gateway."""

    def __init__(self, name: str) -> None:
        """Begin with no order; the name is in the ids of those that come."""
        self._name = name
        self._orders: dict[str, OrderReport] = {}
        self.queries = 0
        """How many reads of orders were asked for."""

    def fill_all(self) -> None:
        """Fill whatever is open."""
        for key, each in self._orders.items():
            self._orders[key] = replace(
                each, status="closed", filled_qty=each.qty, avg_fill_price=each.limit_price
            )

    def request_of(self, order: Order, *, deadline: datetime) -> Mapping[str, str]:
        """Return what would be sent."""
        return request_of(order, deadline=deadline)

    def add(self, order: Order, *, deadline: datetime) -> Placed:
        """Take an order."""
        del deadline
        key = f"O{self._name}-{len(self._orders)}"
        self._orders[key] = OrderReport(
            kraken_order_id=key,
            cl_ord_id=order.cl_ord_id,
            pair=order.pair,
            side=order.side,
            order_type=order.order_type,
            status="open",
            qty=order.qty,
            filled_qty=NOTHING,
            limit_price=order.limit_price,
            avg_fill_price=None,
            fee=ZERO,
            opened_at=order.created_at,
            reason="",
        )
        return Placed(kraken_order_id=key, description="")

    def add_batch(self, orders: Sequence[Order], *, deadline: datetime) -> tuple[Placed, ...]:
        """Take several orders."""
        return tuple(self.add(each, deadline=deadline) for each in orders)

    def orders(self, kraken_order_ids: Sequence[str]) -> Mapping[str, OrderReport]:
        """Return orders by their id, at most 50 a query as Kraken has it."""
        self.queries += -(-len(kraken_order_ids) // 50)
        return {each: self._orders[each] for each in kraken_order_ids if each in self._orders}

    def open_orders(self, cl_ord_id: str | None = None) -> tuple[OrderReport, ...]:
        """Return what is open."""
        self.queries += 1
        return tuple(
            each
            for each in self._orders.values()
            if each.status == "open" and cl_ord_id in {None, each.cl_ord_id}
        )

    def closed_orders(
        self, *, since: datetime, cl_ord_id: str | None = None
    ) -> tuple[OrderReport, ...]:
        """Return what ended."""
        del since
        self.queries += 1
        return tuple(
            each
            for each in self._orders.values()
            if each.status != "open" and cl_ord_id in {None, each.cl_ord_id}
        )

    def trades(self, *, since: datetime | None) -> tuple[TradeReport, ...]:
        """Return no trade: fills are counted by the orders here."""
        del since
        return ()

    def ledger(self, *, since: datetime | None) -> tuple[Any, ...]:
        """Return no entry."""
        del since
        return ()

    def balances(self) -> Mapping[str, Balance]:
        """Return plenty of dollars."""
        return {"ZUSD": Balance(total=Decimal(10**12), held=ZERO)}

    def fee_rates(self, pairs: Sequence[Pair]) -> Mapping[str, Any]:
        """Return no rate."""
        del pairs
        return {}

    def cancel(self, kraken_order_id: str) -> None:
        """Cancel an order."""
        self._orders[kraken_order_id] = replace(self._orders[kraken_order_id], status="canceled")

    def cancel_many(self, kraken_order_ids: Sequence[str]) -> int:
        """Cancel several orders."""
        for each in kraken_order_ids:
            self.cancel(each)
        return len(kraken_order_ids)

    def amends(self, kraken_order_id: str) -> tuple[Any, ...]:
        """Return no change."""
        del kraken_order_id
        return ()

    def amend(self, kraken_order_id: str, amendment: Any, *, deadline: datetime) -> Any:  # noqa: ANN401 - never asked for here
        """Refuse: nothing here changes an order."""
        raise RefusedError(f"{kraken_order_id} stays as it is: {amendment} by {deadline}")
