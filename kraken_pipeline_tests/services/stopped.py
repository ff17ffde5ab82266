"""A paper account whose holdings have stops at the exchange, and whose dust is tended."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.lots import Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, Order, State
from kraken_pipeline.domain.protection import Protection, StopStyle, Unprotected, is_stop
from kraken_pipeline.services.orders.amend import AmendDesk
from kraken_pipeline.services.orders.children import ChildDesk, adopt_children
from kraken_pipeline.services.orders.dust import DustDesk, tend_dust
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline.services.ports.gateway import Gateway
from kraken_pipeline.services.protection.protect import leaves_room, make_room, protect, resize
from kraken_pipeline.services.protection.stops import ProtectDesk
from kraken_pipeline.services.protection.unprotected import watch
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline.store.transfers import SqlTransferStore
from kraken_pipeline_tests.services.paper import DEADLINE, LEASE, Paper

PATIENCE = timedelta(seconds=10)
PLACE = ("trend@1h", "XBTUSD")


class Stopped:
    """One account with the desks that keep its stops and its dust."""

    def __init__(self, paper: Paper, **changes: Any) -> None:  # noqa: ANN401 - fields of the desk
        self.paper = paper
        self.protections = SqlProtectionStore(paper.stores.database)
        self.transfers = SqlTransferStore(paper.stores.database)
        self.gateway: Gateway = paper.trader
        """That takes changes."""
        self.changes = changes

    def protect_desk(self, **changes: Any) -> ProtectDesk:  # noqa: ANN401 - as above
        paper = self.paper
        desk = ProtectDesk(
            is_on=True,
            style=StopStyle(order_type="stop-loss", max_slippage_bps=50),
            action=Unprotected.RETRY,
            patience=PATIENCE,
            market=paper.market,
            account=paper.account,
            orders=paper.stores.orders,
            protections=self.protections,
            halts=paper.stores.halts,
            panic_is_latched=lambda: False,
            resize=self._resize,
            cancel=partial(cancel, paper.settle_desk()),
            clock=paper.clock,
        )
        return replace(desk, **{**self.changes, **changes})

    def dust_desk(self) -> DustDesk:
        paper = self.paper
        return DustDesk(
            market=paper.market,
            books=paper.stores.books,
            transfers=self.transfers,
            protections=self.protections,
            max_slippage_bps=50,
            clock=paper.clock,
        )

    # what a run of the trading job does
    def send(self, **changes: Any) -> Counter[str]:  # noqa: ANN401 - fields of the submit desk
        """Free what stops hold, then send what is planned."""
        desk = self.protect_desk()
        make_room(desk)
        return self.paper.submit(**{"leaves_room": partial(leaves_room, desk), **changes})

    def look(self, **changes: Any) -> tuple[Protection, ...]:  # noqa: ANN401 - as above
        """Settle, book, and keep the stops; return what is unprotected for too long."""
        self.paper.settle()
        self.adopt()
        self.paper.book()
        desk = self.protect_desk()
        protected = protect(desk)
        self.send(**changes)
        overdue = watch(desk, protected)
        self.send(**changes)
        return overdue

    def adopt(self) -> int:
        """Take what the exchange made for fills of ours into the books."""
        desk = ChildDesk(
            account=self.paper.account,
            orders=self.paper.stores.orders,
            halts=self.paper.stores.halts,
            protections=self.protections,
            clock=self.paper.clock,
        )
        return adopt_children(desk)

    def tend(self) -> tuple[Transfer, ...]:
        """Tend the dust."""
        return tend_dust(self.dust_desk())

    # what to look at
    def stops(self) -> list[Order]:
        """Return the stops of ours that may be at the exchange."""
        orders = self.paper.stores.orders.reserving()
        return [each for each in orders if is_stop(each) and each.state in AT_THE_EXCHANGE]

    def stopped_there(self) -> Decimal:
        """Return how much of the exchange's own open orders waits to be sold by a trigger."""
        self.paper.exchange.advance()
        return sum(
            (
                each.left
                for each in self.paper.exchange.account.open.values()
                if each.side.value == "sell" and each.trigger is not None
            ),
            ZERO,
        )

    def sold_there(self) -> Decimal:
        """Return how much the account ever sold."""
        trades = self.paper.exchange.account.trades.values()
        orders = self.paper.exchange.account.orders
        return sum(
            (each.qty for each in trades if orders[each.order_id].side.value == Side.SELL), ZERO
        )

    def held(self) -> Decimal:
        """Return what the book of the trend strategy holds of XBTUSD, booked or not."""
        return self.protections.holdings().get(PLACE, ZERO)

    def bought(self, qty: str = "0.01", **changes: Any) -> Order:  # noqa: ANN401 - of the order
        """Buy at once, and return the order as it is then."""
        order = self.paper.planned(qty=qty, **changes)
        assert self.send()[State.LIVE] == 1
        self.paper.settle()
        self.paper.book()
        return self.paper.now_of(order)

    def _resize(self, order: Order, amendment: Amendment) -> Order:
        desk = AmendDesk(
            settling=self.paper.settle_desk(gateway=self.gateway),
            panic_is_latched=lambda: False,
            owner=f"stops {next(self.paper.serial)}",
            lease=LEASE,
            deadline=DEADLINE,
        )
        return resize(desk, order, amendment)
