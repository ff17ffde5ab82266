"""Protective stops in a run: planned, resized and freed by the code that does so in life (OMS-14).

The exchange answers at once here, so that a stop stands one latency after the fill that it is for.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.ids import IntentId
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import NOTHING, ZERO, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Event, Fact, Order
from kraken_pipeline.domain.protection import Step, StopStyle, is_stop
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.backtest.exchanges import RunExchange
from kraken_pipeline.services.backtest.kept import KeptBooks
from kraken_pipeline.services.backtest.kept_orders import KeptOrders
from kraken_pipeline.services.orders.children import adopt_child
from kraken_pipeline.services.orders.hear import STREAM, HearDesk, hear
from kraken_pipeline.services.protection.protect import BY, make_room, protect
from kraken_pipeline.services.protection.stops import StopDesk
from kraken_pipeline.services.risk.standing import place_of


class KeptProtections:
    """What books hold, and orders that reduce it."""

    def __init__(self, orders: KeptOrders, books: KeptBooks) -> None:
        """Take where they are kept."""
        self._orders = orders
        self._books = books
        self._children: defaultdict[str, list[str]] = defaultdict(list)
        """What the exchange made for an order, by our ids."""

    def holdings(self) -> Mapping[tuple[str, str], Qty]:
        """Return what each book holds of each pair; every fill is booked at once here."""
        return {place: each.qty for place, each in self._books.held().items()}

    def entry(self, book: str, pair: str) -> Order | None:
        """Return the newest buy of a book and a pair that filled."""
        return self._orders.entry(book, pair)

    def closing_since(self, at: datetime) -> tuple[Order, ...]:
        """Return none: what closes a fill is told with it here, and need not be looked for."""
        return ()

    def closed_qty(self, local_id: str) -> Decimal:
        """Return how much of an order has stops that the exchange made for it, standing or not."""
        children = map(self._orders.order, self._children.get(local_id, ()))
        return sum((each.qty for each in children), ZERO)

    def adopt(self, order: Order, *, why: str) -> bool:
        """Write an order that the exchange made for one of ours."""
        self._orders.plan(order)
        self._children[str(order.parent_id)].append(order.local_id)
        return True

    def next_attempt(self, intent: IntentId, purpose: Purpose) -> int:
        """Return which attempt of an intent for a purpose would be the next; 1 for the first."""
        return self._orders.last_attempt(intent, purpose) + 1

    def plan(self, order: Order, *, by: str, why: str) -> None:
        """Reserve an order that reduces, outside an assessment.

        Raises:
            ConflictError: its book does not hold so much that nothing else sells, or a stop is
                there already.
        """
        place = place_of(order)
        here = [each for each in self._orders.reserving() if place_of(each) == place]
        if is_stop(order) and any(is_stop(each) for each in here):
            raise ConflictError(f"a stop of {order.pair} in {place[0]} is there already")
        held = self.holdings().get(place, NOTHING)
        selling = sum((each.open_qty for each in here if each.side is Side.SELL), ZERO)
        if not 0 < order.qty <= held - selling:
            raise ConflictError(f"{order.qty} {order.pair}: {place[0]} holds {held - selling} free")
        self._orders.plan(order)


class Stops:
    """The stops of a run."""

    def __init__(
        self,
        style: StopStyle | None,
        exchange: RunExchange,
        orders: KeptOrders,
        books: KeptBooks,
        hearing: HearDesk,
    ) -> None:
        """Take where they are placed.

        Args:
            style: how they are; None where none are wanted.
            exchange: that holds them.
            orders: where they are written.
            books: what they protect.
            hearing: what hearing of them needs.
        """
        self._exchange = exchange
        self._orders = orders
        self._hearing = hearing
        self.are_there = style is not None
        """Whether any are wanted, or the exchange made some."""
        self._protections = KeptProtections(orders, books)
        self.desk = StopDesk(
            is_on=style is not None,
            style=style or StopStyle(order_type="stop-loss", max_slippage_bps=0),
            market=exchange,
            account=exchange,
            orders=orders,
            protections=self._protections,
            panic_is_latched=lambda: False,
            resize=self._resized,
            cancel=self._canceled,
            clock=hearing.clock,
        )

    def tend(self, send: Callable[[], object]) -> None:
        """Bring every stop to what is held, and send what is planned for that."""
        if self.are_there and protect(self.desk).steps[Step.PLACE]:
            send()

    def adopt(self, entry: Order, report: OrderReport) -> None:
        """Take what the exchange placed for a fill into the books."""
        adopt_child(self._hearing, self._protections, entry, report)
        self.are_there = True

    def give_way(self) -> None:
        """Free what stops hold of what is about to be sold."""
        if self.are_there:
            make_room(self.desk)

    def _resized(self, order: Order, amendment: Amendment) -> Order:
        now = self._hearing.clock()
        name = str(order.kraken_order_id)
        started = Event(fact=Fact.AMEND_STARTED, at=now, source=BY, amendment=amendment)
        amending = self._orders.record(order, started)
        report = self._exchange.amended(name, amendment)
        return hear(self._hearing, amending, report, source=STREAM)

    def _canceled(self, order: Order) -> Order:
        started = Event(fact=Fact.CANCEL_STARTED, at=self._hearing.clock(), source=BY)
        canceling = self._orders.record(order, started)
        report = self._exchange.withdrawn(str(order.kraken_order_id))
        return hear(self._hearing, canceling, report, source=STREAM)
