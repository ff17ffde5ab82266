"""An order at the exchange over bars, and what became of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.ids import ClOrdId
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import LIMITED, TRIGGERED, Close, Trigger
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.domain.symbols import Asset


@dataclass(slots=True, kw_only=True)
class Resting:
    """An order that the exchange took. It is written here alone, and told in reports."""

    kraken_order_id: str
    order: Order
    """As it was sent."""
    pair: Pair
    column: int
    """Of the pair in the tape."""
    opened_at: datetime
    qty: Decimal
    limit: Decimal | None
    trigger: Decimal | None
    """What fires it; None for what is in the market at once, or follows the price."""
    waits: bool
    """Whether it has a trigger that has not fired."""
    is_taker: bool
    """Whether it takes what is there as long as something of it is left."""
    closes: str | None = None
    """The order for a fill of which the exchange made this one."""
    arrived: float | None = None
    """When it first met the market, Unix seconds; None while it is on its way."""
    status: str = "open"
    reason: str = ""
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    fee: Decimal = ZERO
    turn: int = 0
    """Rises with each change; what was foreseen before is void."""

    @property
    def left(self) -> Decimal:
        """What may still fill, in base."""
        return self.qty - self.filled

    @property
    def buys(self) -> bool:
        """Whether it buys."""
        return self.order.side is Side.BUY

    @property
    def asset_held(self) -> Asset:
        """What of the account it holds: a buy the quote, a sale the base."""
        return self.pair.quote if self.buys else self.pair.base

    @property
    def held(self) -> Decimal:
        """What is held for it: of the quote for a buy, at its limit; of the base for a sell."""
        return self.left * self.order.limit_price if self.buys else self.left

    def report(self) -> OrderReport:
        """Return it as the exchange shows it."""
        order = self.order
        return OrderReport(
            kraken_order_id=self.kraken_order_id,
            cl_ord_id=order.cl_ord_id or None,
            pair=order.pair,
            side=order.side,
            order_type=order.order_type,
            status=self.status,
            qty=Qty(self.qty),
            filled_qty=Qty(self.filled) if self.filled else NOTHING,
            limit_price=self.limit if order.order_type in LIMITED else None,
            avg_fill_price=Price(self.cost / self.filled) if self.filled else None,
            fee=self.fee,
            opened_at=self.opened_at,
            reason=self.reason,
            trigger_price=self.trigger if order.order_type in TRIGGERED else None,
            cost=self.cost,
            parent_id=self.closes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What happened to one order."""

    report: OrderReport
    trade: TradeReport | None
    """None where nothing traded."""
    child: OrderReport | None = None
    """What the exchange placed to close what traded; None where nothing was asked for."""


def closing(order: Order, close: Close, qty: Decimal) -> Order:
    """Return the order that the exchange places on the other side for a fill.

    It has no word of ours on it and stays until it is done or canceled.

    Args:
        order: that traded.
        close: as it was asked for with it.
        qty: what traded, in base.
    """
    trigger = close.trigger_price
    return replace(
        order,
        cl_ord_id=ClOrdId(""),
        side=Side.SELL if order.side is Side.BUY else Side.BUY,
        order_type=close.order_type,
        time_in_force="GTC",
        post_only=False,
        qty=Qty(qty),
        limit_price=close.limit_price or trigger or order.limit_price,
        trigger=None if trigger is None else Trigger(price=trigger),
        close=None,
    )
