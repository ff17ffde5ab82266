"""Settling: what the exchange shows becomes what the books say, and cancels prove themselves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import (
    ConflictError,
    ImpossibleFactError,
    OutcomeUnknownError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.candles import DEEP_DIP, SHY_DIP
from kraken_pipeline_tests.services.paper import SETTLE_WINDOW, Paper


def _resting(desk: Paper, expires_at: datetime | None = None) -> Order:
    until = expires_at or desk.clock() + timedelta(hours=2)
    order = desk.planned(limit="49500", expires_at=until)
    assert desk.submit() == {State.LIVE: 1}
    return desk.now_of(order)


def _part_filled(desk: Paper, expires_at: datetime | None = None) -> Order:
    desk.turn_to(SHY_DIP - 2)
    order = _resting(desk, expires_at)
    desk.turn_to(SHY_DIP)
    assert desk.settle() == {State.LIVE: 1}
    return desk.now_of(order)


def _showing(desk: Paper, order: Order, **changes: object) -> object:
    """Return an account that shows the order with some of it changed."""
    key = str(order.kraken_order_id)
    report = replace(desk.account.orders([key])[key], **changes)  # type: ignore[arg-type]
    return overriding(desk.account, orders=lambda ids: {key: report})


def test_with_nothing_open_nothing_is_asked(desk: Paper) -> None:
    def refuse(*asked: object, **more: object) -> None:
        pytest.fail(f"the exchange was asked for {asked} {more}")

    silent = overriding(desk.account, orders=refuse, open_orders=refuse, closed_orders=refuse)

    assert desk.settle(account=silent) == Counter()


def test_an_order_that_filled_at_once_is_filled(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()

    assert desk.settle() == {State.FILLED: 1}
    filled = desk.now_of(order)
    assert filled.filled_qty == order.qty
    assert filled.avg_fill_price == Decimal("50000.6")
    assert filled.fee > 0


def test_a_resting_order_stays_live_and_nothing_is_written(desk: Paper) -> None:
    order = _resting(desk)

    assert desk.settle() == {State.LIVE: 1}
    assert desk.now_of(order).version == order.version


def test_a_part_fill_is_written_once(desk: Paper) -> None:
    order = _part_filled(desk)

    assert 0 < order.filled_qty < order.qty
    assert desk.settle() == {State.LIVE: 1}
    assert desk.now_of(order).version == order.version


def test_the_rest_fills_later(desk: Paper) -> None:
    _part_filled(desk)
    desk.turn_to(DEEP_DIP)

    assert desk.settle() == {State.FILLED: 1}


def test_what_rests_past_its_horizon_is_canceled_with_what_it_filled(desk: Paper) -> None:
    order = _part_filled(desk, expires_at=desk.clock() + timedelta(minutes=12))
    desk.turn(minutes=2)

    assert desk.settle() == {State.CANCELED: 1}
    assert desk.now_of(order).filled_qty == order.filled_qty
    assert desk.exchange.account.open == {}


@pytest.mark.parametrize("error", [OutcomeUnknownError, UnexpectedReplyError])
@pytest.mark.parametrize("arrives", [True, False])
def test_f_can_1_a_cancel_without_an_answer_is_repeated_until_it_is_proven(
    desk: Paper, error: type[OutcomeUnknownError | UnexpectedReplyError], *, arrives: bool
) -> None:
    order = _resting(desk)
    lossy = Lossy(desk.trader, arrives=arrives, error=error)

    cancel(desk.settle_desk(gateway=lossy), order)
    desk.settle()

    assert desk.now_of(order).state is State.CANCELED
    assert desk.exchange.account.open == {}


def test_a_cancel_that_the_exchange_never_heard_leaves_the_order_canceling(desk: Paper) -> None:
    order = _resting(desk)
    lossy = Lossy(desk.trader, arrives=False)

    assert cancel(desk.settle_desk(gateway=lossy), order).state is State.CANCELING


def test_f_can_2_and_3_an_order_that_filled_before_the_cancel_is_filled(desk: Paper) -> None:
    order = _resting(desk)
    desk.turn_to(DEEP_DIP)

    canceled = cancel(desk.settle_desk(), order)

    assert canceled.state is State.FILLED
    assert canceled.filled_qty == order.qty


def test_a_cancel_during_an_outage_is_made_up_for(desk: Paper) -> None:
    order = _resting(desk)
    lossy = Lossy(desk.trader, arrives=False, error=UnreachableError)

    with pytest.raises(UnreachableError):
        cancel(desk.settle_desk(gateway=lossy), order)

    assert desk.settle() == {State.CANCELED: 1}


def test_an_order_without_an_id_there_cannot_be_canceled(desk: Paper) -> None:
    order = desk.planned()

    with pytest.raises(ImpossibleFactError, match=order.local_id):
        cancel(desk.settle_desk(), order)


def _ended_showing(desk: Paper, filled: str) -> Order:
    """Return an order that filled in part, was canceled, and then showed another fill."""
    desk.turn_to(SHY_DIP - 2)
    order = _resting(desk)
    desk.turn_to(SHY_DIP)
    desk.trader.cancel(str(order.kraken_order_id))
    desk.settle(account=_showing(desk, order, filled_qty=Qty(Decimal(filled))))
    assert desk.now_of(order).state is State.CANCELED
    assert desk.now_of(order).filled_qty == Decimal(filled)
    return order


@pytest.mark.parametrize("shown", ["0", "0.001"])
def test_f_can_4_and_u_dup_5_what_filled_of_a_canceled_order_is_booked_whatever_it_showed(
    desk: Paper, shown: str
) -> None:
    order = _ended_showing(desk, shown)

    assert desk.book().settled == 1

    truth = desk.exchange.account.orders[str(order.kraken_order_id)]
    known = desk.now_of(order)
    assert known.state is State.CANCELED
    assert (known.filled_qty, known.fee) == (truth.executed, truth.fee)
    assert desk.held()["trend@1h", "XBTUSD"] == truth.executed


def test_an_ended_order_whose_fills_do_not_add_up_is_read_again(desk: Paper) -> None:
    order = _ended_showing(desk, "0.001")

    desk.settle()

    truth = desk.exchange.account.orders[str(order.kraken_order_id)]
    assert desk.now_of(order).filled_qty == truth.executed


@pytest.mark.parametrize(
    "changes",
    [
        {"side": Side.SELL},
        {"qty": Qty(Decimal("0.02"))},
        {"pair": "ETHUSD"},
        {"limit_price": Decimal(1)},
        {"filled_qty": Qty(Decimal("0.03"))},
        {"status": "vanished"},
    ],
)
def test_what_contradicts_the_books_halts_and_changes_nothing(
    desk: Paper, changes: dict[str, object]
) -> None:
    order = _resting(desk)

    desk.settle(account=_showing(desk, order, **changes))

    [halt] = desk.stores.halts.latched()
    overfilled = "filled_qty" in changes
    assert halt.kind is (HaltKind.OVERFILL if overfilled else HaltKind.CONTRADICTION)
    assert order.local_id in halt.reason
    assert desk.now_of(order) == order


def test_an_order_that_the_exchange_does_not_know_any_more_halts_after_the_window(
    desk: Paper,
) -> None:
    order = _resting(desk)
    forgetful = overriding(desk.account, orders=lambda ids: {})
    desk.settle(account=forgetful)
    assert desk.stores.halts.latched() == ()

    desk.turn(seconds=SETTLE_WINDOW.total_seconds() + 1)
    desk.settle(account=forgetful)

    [halt] = desk.stores.halts.latched()
    assert str(order.kraken_order_id) in halt.reason


def test_more_fills_than_were_ordered_halt(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()
    filled = desk.now_of(order)
    overfilled = overriding(
        desk.stores.orders, unmatched=lambda: ((filled, filled.qty + Decimal("0.001")),)
    )

    desk.settle(orders=overfilled)

    [halt] = desk.stores.halts.latched()
    assert "ordered" in halt.reason


def test_a_foreign_order_is_left_alone(desk: Paper) -> None:
    fields = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    desk.call("AddOrder", {**fields, "price": "49000"})
    ours = _resting(desk, expires_at=desk.clock() + timedelta(minutes=1))
    desk.turn(minutes=2)

    assert desk.settle() == {State.CANCELED: 1}
    [left] = desk.exchange.account.open.values()
    assert left.id != ours.kraken_order_id


def test_an_order_that_another_process_changed_meanwhile_waits_for_the_next_poll(
    desk: Paper,
) -> None:
    order = desk.planned()
    desk.submit()
    real = desk.stores.orders

    def record(*told: object, **kwargs: int) -> Order:
        raise ConflictError("another was first")

    busy = overriding(real, record=record, record_all=record)

    assert desk.settle(orders=busy) == {State.LIVE: 1}
    assert desk.settle() == {State.FILLED: 1}
    assert desk.now_of(order).state is State.FILLED


def _all_filled(desk: Paper) -> list[Order]:
    orders = [_resting(desk) for _ in range(3)]
    desk.turn_to(DEEP_DIP)
    return orders


def test_what_fills_together_is_written_together(desk: Paper) -> None:
    _all_filled(desk)

    def record(*told: object, **kwargs: int) -> Order:
        pytest.fail(f"{told} was written by itself")

    together = overriding(desk.stores.orders, record=record)

    assert desk.settle(orders=together) == {State.FILLED: 3}


def test_one_that_moved_meanwhile_holds_up_no_other(desk: Paper) -> None:
    moved, *_ = _all_filled(desk)
    real = desk.stores.orders
    tries = []

    def record_all(told: Sequence[tuple[Order, Event]]) -> tuple[Order, ...]:
        tries.append(len(told))
        started = Event(fact=Fact.CANCEL_STARTED, at=desk.clock(), source="another")
        real.record(real.order(moved.local_id), started)
        return real.record_all(told)

    assert desk.settle(orders=overriding(real, record_all=record_all)) == {State.FILLED: 3}
    assert tries == [3]


def test_a_poll_during_sending_sees_the_order_before_its_reply(desk: Paper) -> None:
    order = desk.planned()
    epoch = desk.stores.orders.take_lease(
        "orders-trade", owner="me", now=desk.clock(), length=timedelta(seconds=30)
    )
    deadline = desk.clock() + timedelta(seconds=5)
    started = Event(fact=Fact.SEND_STARTED, at=desk.clock(), source="submit", deadline=deadline)
    desk.stores.orders.record(order, started, epoch=epoch)
    assert desk.settle() == {State.SENDING: 1}

    desk.trader.add(order, deadline=deadline)

    assert desk.settle() == {State.FILLED: 1}


def test_a_rehearsal_whose_answer_could_not_be_read_is_proven_absent(desk: Paper) -> None:
    order = desk.planned(namespace=Namespace.REHEARSAL)
    garbled = Lossy(desk.trader, arrives=False, error=UnexpectedReplyError)
    desk.submit(gateway=garbled, namespace=Namespace.REHEARSAL)
    desk.turn(seconds=SETTLE_WINDOW.total_seconds() + 6)
    for _ in range(3):
        desk.settle()
        desk.turn(seconds=21)

    assert desk.now_of(order).state is State.ABSENT


def test_reports_are_of_the_status_that_kraken_gives(desk: Paper) -> None:
    order = _resting(desk)
    shown: OrderReport = desk.account.orders([str(order.kraken_order_id)])[
        str(order.kraken_order_id)
    ]

    assert shown.status == "open"
    desk.settle(account=_showing(desk, order, status="pending"))
    assert desk.now_of(order).state is State.LIVE
    desk.settle(account=_showing(desk, order, status="expired"))
    assert desk.now_of(order).state is State.EXPIRED


def test_a_market_order_of_ours_is_ours_although_it_was_sent_without_its_limit(
    desk: Paper,
) -> None:
    order = desk.planned(order_type="market")
    desk.submit()

    assert desk.settle() == {State.FILLED: 1}
    assert desk.now_of(order).filled_qty == order.qty
    assert desk.stores.halts.latched() == ()


@pytest.mark.parametrize("order_type", ["market", "stop-loss-limit"])
def test_an_order_of_another_type_than_was_sent_is_none_of_ours(
    desk: Paper, order_type: str
) -> None:
    order = _resting(desk)
    desk.settle(account=_showing(desk, order, order_type=order_type))

    assert [each.kind for each in desk.stores.halts.latched()] == [HaltKind.CONTRADICTION]
