"""Two exchanges, one the mirror of the other, both in a time that is turned by hand."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Asset, Pair
from kraken_pipeline.simulator.mirror.mirror import Mirror
from kraken_pipeline.simulator.mirror.upstream import Upstream
from kraken_pipeline.simulator.orders import Order
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.bench import Bench
from kraken_pipeline_tests.simulator.conftest import SECRET

OFTEN = 1e6
"""Calls a second: nothing is paced."""
PAIR = "WELLUSD"
"""One that trades seldom and in a coarse book."""


@dataclass(kw_only=True)
class Glass:
    """A mirror and what it mirrors."""

    upstream: Served
    mirror: Mirror
    bench: Bench
    """Of the mirror."""

    @property
    def exchange(self) -> Exchange:
        return self.bench.exchange

    @property
    def pair(self) -> Pair:
        found = self.mirror.market.listing.pair(PAIR)
        assert found is not None
        return found

    @property
    def clock(self) -> FixedClock:
        clock = self.exchange.clock
        assert isinstance(clock, FixedClock)
        return clock

    def order(self, **wanted: object) -> Order:
        """Place an order after its book was brought, as the server does."""
        if isinstance(wanted.get("price"), Decimal):
            wanted["price"] = Decimal(str(wanted["price"])).quantize(self.pair.tick)
        self.mirror.bring(str(wanted.get("pair", PAIR)))
        return self.bench.add(**({"pair": PAIR, "volume": "100"} | wanted))

    def asks(self) -> list[Resting]:
        """Return what the mirrored exchange itself wants to sell, as its Depth shows it."""
        exchange = self.upstream.exchange
        pair = exchange.market.listing.pair(PAIR)
        assert pair is not None
        shown = exchange.book(pair, exchange.clock.now()).asks
        return [replace(each, qty=round(each.qty, 3)) for each in shown]

    def best(self) -> tuple[Decimal, Decimal]:
        """Return the best bid and ask of the mirrored exchange itself."""
        exchange = self.upstream.exchange
        pair = exchange.market.listing.pair(PAIR)
        assert pair is not None
        book = exchange.book(pair, exchange.clock.now())
        return book.bids[0].price, book.asks[0].price

    def pass_time(self, **span: float) -> None:
        """Let time pass for both, and the mirror look at what happened."""
        self.turn(**span)
        self.mirror.look()
        self.exchange.market.prepare(self.exchange.advance().timestamp())

    def turn(self, **span: float) -> None:
        """Let time pass for both, unseen."""
        for clock in (self.upstream.exchange.clock, self.clock):
            assert isinstance(clock, FixedClock)
            clock.turn(clock.now() + timedelta(**span))


def silence(served: Served) -> None:
    """Take an exchange down for longer than a test lasts, and see that it is."""
    served.service.restart(600)
    at = urlsplit(served.url)
    while True:
        try:
            socket.create_connection((str(at.hostname), at.port or 0), timeout=1).close()
        except OSError:
            return


@contextmanager
def opened_glass(upstream: Served, folder: Path) -> Iterator[Glass]:
    """Open a mirror of an exchange that runs."""
    with ExitStack() as stack:
        clock = FixedClock(upstream.exchange.clock.now())
        mirror = Mirror(Upstream(upstream.url, per_second=OFTEN), clock)
        stack.callback(mirror.close)
        journal = Journal(folder, mirror.market.identity)
        stack.callback(journal.close)
        exchange = mirror.exchange(journal)
        if not exchange.account.events:
            for name, amount in (("ZUSD", 1_000_000), ("WELL", 100_000), ("XXBT", 5)):
                asset = mirror.market.listing.asset(name)
                assert isinstance(asset, Asset)
                exchange.deposit(asset, Decimal(amount))
        exchange.advance()
        yield Glass(upstream=upstream, mirror=mirror, bench=Bench(exchange))


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Served]:
    settings = Settings(folder=tmp_path / "upstream", secret=SECRET, clock="fixed")
    with simulated(settings) as served:
        yield served


@pytest.fixture
def glass(upstream: Served, tmp_path: Path) -> Iterator[Glass]:
    with opened_glass(upstream, tmp_path / "mirror") as made:
        yield made
