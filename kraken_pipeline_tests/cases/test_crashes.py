"""F-SUB-1: a process that dies anywhere, and another that takes over its books (INV-1, INV-2)."""

from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest

from kraken_pipeline.domain.orders import ENDED, State
from kraken_pipeline_tests.fakes import Crash, Fuse, crashing
from kraken_pipeline_tests.services.candles import SHY_DIP
from kraken_pipeline_tests.services.paper import LEASE, Paper, stores_at

AT_ONCE: Final = 27
"""Steps of a cycle whose order fills at once: before and after each write and each request."""
RESTING: Final = 20
"""The same of a cycle that cancels an order which filled in part."""

MOST_CYCLES: Final = 6
"""Until an order that never arrived is proven absent."""


def _cycle_that_dies(desk: Paper, fuse: Fuse) -> bool:
    """Run a cycle as a process of its own; tell whether it came to its end."""
    with suppress(Crash), stores_at(desk.url) as stores:
        orders = crashing(stores.orders, fuse)
        gateway = crashing(desk.trader, fuse)
        desk.assess(orders=orders, decisions=stores.decisions, books=stores.books)
        desk.submit(orders=orders, gateway=gateway)
        desk.settle(orders=orders, gateway=gateway)
        desk.book(orders=orders, books=crashing(stores.books, fuse))
        return True
    return False


def _go_on(desk: Paper) -> None:
    """Let the lease run out, then run cycles until all that can be proven is proven."""
    desk.turn(seconds=LEASE.total_seconds() + 1)
    for _ in range(MOST_CYCLES):
        desk.assess()
        desk.submit()
        desk.settle()
        desk.book()
        if not desk.stores.orders.reserving():
            break
        desk.turn(seconds=45)


@pytest.mark.parametrize("steps_before_the_crash", range(AT_ONCE))
def test_f_sub_1_after_a_crash_anywhere_there_is_one_order_or_none(
    desk: Paper, steps_before_the_crash: int
) -> None:
    desk.wants("XBTUSD")
    assert not _cycle_that_dies(desk, Fuse(steps_before_the_crash))

    _go_on(desk)

    there = desk.orders_there()
    assert len(there) <= 1
    assert desk.stores.orders.reserving() == ()
    assert desk.balances_agree()
    assert desk.held().get(("trend@1h", "XBTUSD"), 0) == desk.exchange.account.balances.get(
        "XXBT", 0
    )
    assert desk.stores.halts.latched() == ()
    for each in desk.exchange.account.orders.values():
        [ours] = desk.stores.orders.with_exchange_ids([each.id])
        assert (ours.state, ours.filled_qty) == (State.FILLED, each.executed)


def test_f_sub_1_the_crashes_are_at_every_step_of_the_cycle(desk: Paper) -> None:
    desk.wants("XBTUSD")

    assert _cycle_that_dies(desk, Fuse(AT_ONCE))


@pytest.mark.parametrize("steps_before_the_crash", range(RESTING))
def test_a_crash_while_a_part_filled_order_is_canceled_loses_no_fill(
    desk: Paper, steps_before_the_crash: int
) -> None:
    desk.turn_to(SHY_DIP - 2)
    order = desk.planned(limit="49500", expires_at=desk.clock() + timedelta(minutes=1))
    desk.submit()
    desk.turn_to(SHY_DIP)

    _cycle_that_dies(desk, Fuse(steps_before_the_crash))
    _go_on(desk)

    ended = desk.now_of(order)
    assert ended.state is State.CANCELED
    assert ended.state in ENDED
    assert 0 < ended.filled_qty < ended.qty
    assert desk.held()["trend@1h", "XBTUSD"] == ended.filled_qty
    assert desk.balances_agree()
    assert desk.stores.orders.unmatched() == ()
