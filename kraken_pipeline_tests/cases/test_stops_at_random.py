"""INV-6, L-4: whatever happens, stops never sell more than is held, and come back in quiet."""

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import ExchangeError, PipelineError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.order_terms import Close
from kraken_pipeline.domain.orders import RESERVING
from kraken_pipeline.domain.protection import is_child
from kraken_pipeline.services.protection.unprotected import is_at_rest
from kraken_pipeline.store.audit import verify
from kraken_pipeline_tests.cases.test_stops import CLOSE
from kraken_pipeline_tests.fakes import Crash, Fuse, Lossy, crashing
from kraken_pipeline_tests.services.paper import LEASE, Paper
from kraken_pipeline_tests.services.stopped import Stopped

STEPS = 25
SEEDS = range(3)


class Life:
    """What happens to an account, from a seed."""

    def __init__(self, paper: Paper, seed: int, close: Close | None) -> None:
        self.account = Stopped(paper)
        self.chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.close = close
        self.said: list[str] = []

    def step(self) -> None:
        """Let something happen."""
        acts: list[Callable[[], object]] = [
            self.buy,
            self.rest_a_buy,
            self.sell,
            self.look,
            self.look,
            self.look_with_losses,
            self.die,
            self.cancel_one,
            self.wait,
            self.tend,
        ]
        act = self.chance.choice(acts)
        self.said.append(act.__name__)
        with suppress(ExchangeError):
            act()
        self.account.paper.turn(seconds=self.chance.choice([1, 11, 70]))

    def buy(self) -> None:
        self.account.paper.planned(qty=self._qty("0.01"), close=self.close)
        self._send()

    def rest_a_buy(self) -> None:
        self.account.paper.planned(qty=self._qty("0.02"), limit="49500", close=self.close)
        self._send()

    def sell(self) -> None:
        held = self.account.held()
        at_work = [
            each
            for each in self.account.paper.stores.orders.reserving()
            if each.side is Side.SELL and each.purpose.value == "close"
        ]
        if held and not at_work:
            qty = (held * self.chance.choice([Decimal(1), Decimal("0.5")])).quantize(
                Decimal("0.00000001")
            )
            limit = self.chance.choice(["49750", "50500"])
            self.account.paper.planned(qty=str(qty), limit=limit, side=Side.SELL)
        self._send()

    def look(self) -> None:
        self.account.look()

    def look_with_losses(self) -> None:
        arrives = self.chance.choice([True, False])
        self.account.look(gateway=Lossy(self.account.paper.trader, arrives=arrives))

    def die(self) -> None:
        paper, fuse = self.account.paper, Fuse(self.chance.randrange(12))
        orders = crashing(paper.stores.orders, fuse)
        doomed = Stopped(paper, orders=orders, protections=crashing(self.account.protections, fuse))
        with suppress(Crash):
            doomed.look(orders=orders, gateway=crashing(paper.trader, fuse))
        paper.turn(seconds=LEASE.total_seconds() + 1)

    def cancel_one(self) -> None:
        self.account.paper.exchange.advance()
        found = sorted(self.account.paper.exchange.account.open)
        if found:
            self.account.paper.call("CancelOrder", {"txid": self.chance.choice(found)})

    def wait(self) -> None:
        self.account.paper.turn(seconds=self.chance.randrange(60, 600))

    def tend(self) -> None:
        self.account.tend()

    def _qty(self, base: str) -> str:
        return str(Decimal(base) + Decimal(self.chance.randrange(1000)) / 10**8)

    def _send(self) -> None:
        self.account.adopt()
        with suppress(PipelineError):
            self.account.send()

    def for_sale(self) -> Decimal:
        """Return what the exchange may still sell, by every order of ours that is open there."""
        self.account.paper.exchange.advance()
        there = self.account.paper.exchange.account.open.values()
        return sum((each.left for each in there if each.side.value == "sell"), ZERO)

    def coins(self) -> Decimal:
        """Return what the account has of XBT."""
        return self.account.paper.exchange.account.balances.get("XXBT", ZERO)


@pytest.mark.parametrize("close", [None, CLOSE], ids=["after_fill", "conditional_close"])
@pytest.mark.parametrize("seed", SEEDS)
def test_l_4_no_more_is_for_sale_than_is_held_and_in_quiet_all_of_it_has_its_stop(
    desk: Paper, seed: int, close: Close | None
) -> None:
    life = Life(desk, seed, close)
    for _ in range(STEPS):
        life.step()
        account = life.account
        own = [each for each in account.stops() if not is_child(each)]
        assert life.for_sale() <= life.coins(), life.said
        assert len(own) <= 1, life.said
        assert all(qty >= 0 for qty in account.paper.held().values())

    desk.turn(seconds=LEASE.total_seconds() + 1)
    for _ in range(15):
        desk.turn(seconds=61)
        life.look()
        account.tend()
    for each in desk.stores.orders.reserving():
        assert each.state in RESERVING
    assert is_at_rest(account.protect_desk()), life.said
    assert account.paper.stores.halts.latched() == (), life.said
    assert account.paper.balances_agree()
    assert verify(desk.stores.database).faults == ()
