"""An exchange without HTTP, its clock turned by hand: for what happens inside of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kraken_pipeline.simulator.api import order_shapes, trading
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.params import Params, RefusedError
from kraken_pipeline.simulator.simulation import Settings, opened

Json = Any  # answers have as many shapes as there are methods; each test looks into its own
FUNDS = {"ZUSD": Decimal(100_000), "XXBT": Decimal(5)}


@dataclass
class Bench:
    """An exchange, and what happened on it since the test began."""

    exchange: Exchange
    told: list[Event] = field(default_factory=list)

    @property
    def pair(self) -> Pair:
        found = self.exchange.market.listing.pair("XBTUSD")
        assert found is not None
        return found

    @property
    def last(self) -> Decimal:
        return self.exchange.last(self.pair, self.exchange.clock.now())

    def call(self, method: str, /, **params: object) -> Json:
        """Return the result of a trading method."""
        return json.loads(getattr(trading, method)(self.exchange, Params(params)))

    def add(self, **changed: object) -> Order:
        """Place a market sell of 0.01 XBTUSD, changed as told, and return it as it stands then."""
        wanted = {"pair": "XBTUSD", "type": "sell", "ordertype": "market", "volume": "0.01"}
        answer = self.call("add_order", **(wanted | changed))
        return self.order(answer["txid"][0])

    def order(self, txid: str) -> Order:
        return self.exchange.account.orders[txid]

    def now(self, order: Order) -> Order:
        """Return an order as it stands now."""
        return self.order(order.id)

    def half_filled(self) -> Order:
        """Return an order of which the market took a part."""
        pair = self.exchange.market.listing.pair("WELLUSD")
        assert pair is not None
        bid = self.exchange.book(pair, self.exchange.clock.now()).bids[0].price
        order = self.add(pair="WELLUSD", type="buy", ordertype="limit", price=bid, volume="3000")
        while not self.now(order).executed:
            self.turn(minutes=1)
        order = self.now(order)
        assert order.status == "open"
        return order

    def words(self, order: Order) -> str:
        """Return an order as it stands now, in words."""
        now = self.now(order)
        return order_shapes.order_text(now, self.exchange.account.pair_of(now))

    def refused(self, method: str = "add_order", /, **params: object) -> str:
        """Return why a call is refused."""
        act = self.add if method == "add_order" else partial(self.call, method)
        with pytest.raises(RefusedError) as refusal:
            act(**params)
        return refusal.value.text

    def turn(self, **span: float) -> None:
        """Let time pass."""
        clock = self.exchange.clock
        assert isinstance(clock, FixedClock)
        clock.turn(clock.now() + timedelta(**span))
        self.exchange.advance()

    def kinds(self, order: Order) -> list[str]:
        """Return the names of what happened to an order, but for how its stop moved."""
        names = []
        for event in self.told:
            about = getattr(event, "order_id", None) or getattr(
                getattr(event, "order", None), "id", None
            )
            if about == order.id:
                names.append(type(event).__name__.removeprefix("Order"))
        return [name for name in names if name != "TriggerMoved"]


@contextmanager
def benched(settings: Settings, **changed: Any) -> Iterator[Bench]:  # noqa: ANN401 any setting
    """Open an exchange with enough of everything."""
    with opened(replace(settings, **({"deposits": FUNDS} | changed))) as service:
        made = Bench(service.exchange)
        service.exchange.watchers.append(made.told.extend)
        yield made
