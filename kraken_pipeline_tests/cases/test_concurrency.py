"""Many at once: caps hold, one sends, and what two hear of one order agrees."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from kraken_pipeline.domain.errors import LeaseLostError
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.services.risk.assess import assess
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.paper import WIDE, Paper, stores_at

CAP = Decimal(3_000)
DAY = timedelta(days=1)


def _together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same time, each in a thread of its own."""
    barrier = Barrier(len(acts))

    def started(act: Callable[[], object]) -> object:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(started, acts))


def test_f_rsk_1_plans_that_are_approved_together_stay_within_the_cap(desk: Paper) -> None:
    desk.wants("XBTUSD", strategy="first")
    limits = replace(WIDE, max_pair_notional=CAP)

    def decide_and_assess(name: str) -> object:
        desk.wants("XBTUSD", strategy=name, confidence=Decimal("0.1"))
        return assess(desk.risk_desk(limits=limits), namespace=Namespace.TRADE, run_id=name)

    acts = [lambda name=f"s{each}": decide_and_assess(name) for each in range(8)]
    _together(*acts)
    desk.assess(limits=limits)

    worst = sum(each.open_notional for each in desk.stores.orders.reserving())
    assert desk.stores.decisions.pending(Namespace.TRADE) == ()
    assert Decimal(2_900) < worst * Decimal("1.008") <= CAP


def test_f_rsk_1_a_look_from_before_anothers_approval_gives_no_room_twice(desk: Paper) -> None:
    limits = replace(WIDE, max_pair_notional=CAP)
    desk.wants("XBTUSD")
    real = desk.market

    def status_after_another_assessed() -> str:
        desk.wants("XBTUSD", strategy="other")
        desk.assess(limits=limits)
        return real.system_status()

    desk.assess(limits=limits, market=overriding(real, system_status=status_after_another_assessed))

    worst = sum(each.open_notional for each in desk.stores.orders.reserving())
    assert worst * Decimal("1.008") <= CAP


def test_f_rsk_1_nor_does_one_from_before_anothers_fill(desk: Paper) -> None:
    limits = replace(WIDE, max_pair_notional=CAP)
    desk.wants("XBTUSD")
    real = desk.market
    entered: list[int] = []

    def status_after_another_traded() -> str:
        if not entered:
            entered.append(1)
            desk.wants("ETHUSD", strategy="unrelated")
            desk.planned("XBTUSD", "0.05", strategy_id="other")
            desk.submit()
            desk.settle()
        return real.system_status()

    desk.assess(limits=limits, market=overriding(real, system_status=status_after_another_traded))

    reserved = sum(each.open_notional for each in desk.stores.orders.reserving())
    assert Decimal("0.05") * 50_250 + reserved <= CAP


def test_f_sub_12_of_many_submitters_one_sends_each_order_once(desk: Paper) -> None:
    orders = [desk.planned(limit="49000", strategy_id=f"s{each}") for each in range(3)]

    def send() -> object:
        try:
            return desk.submit()
        except LeaseLostError as lost:
            return lost

    outcomes = _together(*[send] * 4)

    assert any(not isinstance(each, LeaseLostError) for each in outcomes)
    assert sorted(desk.orders_there()) == sorted(each.cl_ord_id for each in orders)


def test_polls_and_books_at_once_lose_and_double_nothing(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()

    _together(desk.settle, desk.settle, desk.book, desk.book)
    desk.settle()
    desk.book()

    assert desk.now_of(order).state is State.FILLED
    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}
    assert desk.balances_agree()
    assert desk.stores.halts.latched() == ()


@pytest.mark.parametrize("asleep", ["before it writes that it sends", "before the first byte"])
def test_f_sub_13_an_old_holder_that_wakes_after_ten_minutes_sends_nothing(
    desk: Paper, asleep: str
) -> None:
    order = desk.planned(limit="49000")
    old_gateway, new_gateway = (Lossy(desk.trader, times=0) for _ in range(2))
    with stores_at(desk.url) as old, stores_at(desk.url) as new:

        def sleep() -> None:
            desk.turn(minutes=10)
            desk.submit(orders=new.orders, gateway=new_gateway, max_plan_age=DAY)

        def record(told: Order, event: Event, **more: int) -> Order:
            is_leaving = event.fact is Fact.SEND_STARTED
            if is_leaving and asleep == "before it writes that it sends":
                sleep()
            moved = old.orders.record(told, event, **more)
            if is_leaving and asleep == "before the first byte":
                sleep()
            return moved

        with suppress(LeaseLostError):
            desk.submit(
                orders=overriding(old.orders, record=record),
                gateway=old_gateway,
                max_plan_age=DAY,
            )

    is_sent = new_gateway.asked == [order.local_id]
    assert old_gateway.asked == []
    assert is_sent is (asleep == "before it writes that it sends")
    assert desk.orders_there() == [order.cl_ord_id] * is_sent
    assert desk.now_of(order).state is (State.LIVE if is_sent else State.UNKNOWN)
