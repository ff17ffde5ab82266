from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.activity import day_of
from kraken_pipeline.domain.errors import ConflictError, RefusedError, UnknownNameError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import Event, Fact, State
from kraken_pipeline.services.backtest.kept import KeptBooks
from kraken_pipeline.services.backtest.kept_halts import KeptHalts
from kraken_pipeline.services.backtest.kept_orders import KeptOrders
from kraken_pipeline_tests.builders import fill, order
from kraken_pipeline_tests.services.backtest.runs import BEGUN

STARTED = Event(fact=Fact.SEND_STARTED, at=BEGUN, source="submit", deadline=BEGUN)


def test_an_order_moves_by_the_table_and_each_move_is_kept() -> None:
    orders, planned = KeptOrders(KeptHalts()), order()
    orders.plan(planned)

    sending = orders.record(planned, STARTED)
    orders.record(sending, Event(fact=Fact.REFUSED, at=BEGUN, source="submit"))

    assert orders.order(planned.local_id).state is State.REJECTED
    assert [each.event.fact for each in orders.moves] == [Fact.SEND_STARTED, Fact.REFUSED]
    assert orders.reserving() == ()


def test_an_order_that_moved_meanwhile_is_not_moved_again() -> None:
    orders, planned = KeptOrders(KeptHalts()), order()
    orders.plan(planned)
    orders.record(planned, STARTED)

    with pytest.raises(ConflictError, match="version"):
        orders.record(planned, STARTED)


def test_a_halt_keeps_what_opens_from_leaving() -> None:
    halts = KeptHalts()
    orders, buy = KeptOrders(halts), replace(order(), side=Side.BUY)
    orders.plan(buy)
    halts.latch(HaltKind.DRAWDOWN, reason="fell", at=BEGUN, by="bars")

    with pytest.raises(RefusedError, match="KILL_DRAWDOWN"):
        orders.record(buy, STARTED)


def test_a_halt_is_latched_once() -> None:
    halts = KeptHalts()

    first, second = (
        halts.latch(HaltKind.DRAWDOWN, reason="fell", at=BEGUN, by="bars") for _ in range(2)
    )

    assert (first, second, len(halts.halts)) == (True, False, 1)


def test_an_order_is_planned_once() -> None:
    orders = KeptOrders(KeptHalts())
    orders.plan(order())

    with pytest.raises(ConflictError, match="planned already"):
        orders.plan(order())


def test_an_order_that_nobody_planned_is_not_known() -> None:
    with pytest.raises(UnknownNameError):
        KeptOrders(KeptHalts()).order("O1")


def test_fills_move_the_position_of_their_book() -> None:
    books = KeptBooks()

    books.book(fill(side=Side.BUY))
    now = books.book(fill(side=Side.SELL))

    assert now.qty == 0
    assert books.held() == {}
    assert len(books.fills) == 2


def test_what_a_day_traded_begins_anew_with_the_next() -> None:
    books, first = KeptBooks(), fill(side=Side.BUY)
    today, tomorrow = day_of(first.at), day_of(first.at) + timedelta(days=1)
    books.book(first)
    books.book(first)
    twice = books.traded_of_day(today)

    books.book(replace(first, at=tomorrow))

    worth, paid = first.cost * first.quote_rate, first.fee * first.quote_rate
    assert twice == (2 * worth, 2 * paid)
    assert books.traded_of_day(tomorrow) == (worth, paid)
    assert books.traded_of_day(tomorrow + timedelta(days=1)) == (ZERO, ZERO)


def test_what_is_held_follows_each_fill() -> None:
    books = KeptBooks()
    before = books.held()

    now = books.book(fill(side=Side.BUY))

    assert before == {}
    assert books.held() == {(now.book, now.pair): now}
