"""F-CAN, U-DUP-5, U-DUP-8: a cancel or a change is what the exchange shows of it, nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ExchangeError, OutcomeUnknownError, UnexpectedReplyError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.money import Qty, round_down
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.orders import Fact, Order, State
from kraken_pipeline.services.orders.amend import amend
from kraken_pipeline.services.orders.settle import CANCEL_PATIENCE, cancel, cancel_many
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.fakes import Lossy, overriding
from kraken_pipeline_tests.services.candles import DEEP_DIP, SHY_DIP
from kraken_pipeline_tests.services.paper import DEADLINE, SETTLE_WINDOW, Paper

ENDLESS = timedelta(hours=6)


def _resting(desk: Paper, limit: str = "49500", qty: str = "0.01") -> Order:
    order = desk.planned(limit=limit, qty=qty, expires_at=desk.clock() + ENDLESS)
    desk.submit()
    assert desk.now_of(order).state is State.LIVE
    return desk.now_of(order)


def _part_filled(desk: Paper) -> Order:
    desk.turn_to(SHY_DIP - 2)
    order = _resting(desk)
    desk.turn_to(SHY_DIP)
    desk.settle()
    assert 0 < desk.now_of(order).filled_qty < order.qty
    return desk.now_of(order)


def _facts(desk: Paper, order: Order) -> list[str]:
    return [each.fact for each in desk.events_of(order)]


@pytest.mark.parametrize("error", [OutcomeUnknownError, UnexpectedReplyError])
@pytest.mark.parametrize("arrives", [True, False])
def test_f_can_1_a_cancel_whose_answer_is_lost_is_repeated_until_it_is_proven(
    desk: Paper, error: type[ExchangeError], *, arrives: bool
) -> None:
    orders = [_resting(desk), _resting(desk)]
    lossy = Lossy(desk.trader, arrives=arrives, error=error)

    cancel_many(desk.settle_desk(gateway=lossy), orders)
    desk.settle()

    assert [desk.now_of(each).state for each in orders] == [State.CANCELED] * 2
    assert desk.exchange.account.open == {}


def test_f_can_2_what_fills_before_its_cancel_takes_effect_is_filled_and_held(
    desk: Paper,
) -> None:
    order = _resting(desk)
    late = overriding(desk.trader, cancel=lambda name: desk.turn_to(DEEP_DIP))

    canceled = cancel(desk.settle_desk(gateway=late), order)
    desk.book()

    assert canceled.state is State.FILLED
    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}


def test_f_can_3_a_cancel_that_is_refused_for_a_filled_order_is_a_reason_to_look(
    desk: Paper,
) -> None:
    order = _resting(desk)
    desk.turn_to(DEEP_DIP)

    canceled = cancel(desk.settle_desk(), order)

    assert canceled.state is State.FILLED
    assert Fact.CANCEL_REFUSED not in _facts(desk, order)


def test_a_cancel_that_is_refused_for_an_order_that_is_there_is_written(desk: Paper) -> None:
    order = _resting(desk)
    key = str(order.kraken_order_id)
    shown = desk.account.orders([key])
    desk.trader.cancel(key)
    still_open = overriding(desk.account, orders=lambda ids: shown)

    kept = cancel(desk.settle_desk(account=still_open), order)

    assert kept.state is State.LIVE
    assert _facts(desk, order)[-1] == Fact.CANCEL_REFUSED
    assert desk.settle() == {State.CANCELED: 1}


def test_what_is_past_its_horizon_stays_canceling_although_its_cancel_is_refused(
    desk: Paper,
) -> None:
    order = desk.planned(limit="49500", expires_at=desk.clock() + timedelta(minutes=1))
    desk.submit()
    key = str(desk.now_of(order).kraken_order_id)
    shown = desk.account.orders([key])
    desk.trader.cancel(key)
    still_open = overriding(desk.account, orders=lambda ids: shown)
    desk.turn(minutes=1)

    assert desk.settle(account=still_open) == {State.CANCELING: 1}
    assert desk.settle() == {State.CANCELED: 1}


def test_a_stop_protects_past_the_horizon_of_the_wish_behind_it(desk: Paper) -> None:
    desk.planned(
        limit="49500", purpose=Purpose.PROTECT, expires_at=desk.clock() + timedelta(minutes=1)
    )
    desk.submit()
    desk.turn(minutes=2)

    assert desk.settle() == {State.LIVE: 1}


def test_f_can_4_a_fill_that_is_told_after_the_end_is_booked_and_settles_only_by_the_sum(
    desk: Paper,
) -> None:
    order = _part_filled(desk)
    key = str(order.kraken_order_id)
    desk.trader.cancel(key)
    report = desk.account.orders([key])[key]
    early = replace(report, filled_qty=Qty(report.filled_qty / 2))
    desk.settle(account=overriding(desk.account, orders=lambda ids: {key: early}))
    unsold = overriding(desk.account, trades=lambda *, since: ())
    assert desk.book(account=unsold).settled == 0

    desk.settle()

    assert desk.book().settled == 1
    ended = desk.now_of(order)
    assert (ended.state, ended.filled_qty) == (State.CANCELED, report.filled_qty)
    assert desk.held()["trend@1h", "XBTUSD"] == report.filled_qty


def test_u_dup_5_what_ended_without_a_fill_by_its_report_has_what_its_trades_say(
    desk: Paper,
) -> None:
    order = _part_filled(desk)
    key = str(order.kraken_order_id)
    desk.trader.cancel(key)
    report = replace(desk.account.orders([key])[key], filled_qty=Qty(Decimal(0)))
    desk.settle(account=overriding(desk.account, orders=lambda ids: {key: report}))

    desk.book()

    truth = desk.exchange.account.orders[key]
    assert desk.held()["trend@1h", "XBTUSD"] == truth.executed > 0
    assert desk.now_of(order).filled_qty == truth.executed


def test_u_dup_8_a_cancel_without_effect_is_repeated_and_then_a_person_is_called(
    desk: Paper, served: Served
) -> None:
    order = _resting(desk)
    faults = served.service.faults
    faults.clear()
    faults.add(Rule(kind=Kind.DEAF_CANCEL, subject="CancelOrder", times=7))
    cancel(desk.settle_desk(), order)
    for _ in range(5):
        desk.turn(seconds=CANCEL_PATIENCE.total_seconds() / 5)
        desk.settle()
    assert len(faults.log()) == 6
    assert desk.stores.halts.latched() == ()

    desk.turn(seconds=1)
    desk.settle()

    [halt] = desk.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION
    assert order.local_id in halt.reason
    assert desk.now_of(order).state is State.CANCELING
    assert desk.settle() == {State.CANCELED: 1}


def test_fifty_cancels_are_one_request_and_one_look(desk: Paper) -> None:
    orders = [_resting(desk, qty="0.0005") for _ in range(5)]
    asked: list[int] = []

    def counted(names: Sequence[str]) -> int:
        asked.append(len(names))
        return desk.trader.cancel_many(names)

    several = overriding(desk.trader, cancel_many=counted)

    seen = cancel_many(desk.settle_desk(gateway=several), orders)

    assert asked == [5]
    assert {each.state for each in seen} == {State.CANCELED}


@pytest.mark.parametrize("arrives", [True, False])
def test_f_can_5_a_change_whose_answer_is_lost_is_what_the_order_shows_in_time(
    desk: Paper, *, arrives: bool
) -> None:
    order = _resting(desk)
    lossy = Lossy(desk.trader, arrives=arrives)
    wanted = Amendment(qty=Qty(Decimal("0.006")))

    changed = amend(
        desk.amend_desk(settling=desk.settle_desk(gateway=lossy)), order, wanted, why="a test"
    )
    assert changed.state is (State.LIVE if arrives else State.AMENDING)
    assert changed.open_qty == Decimal("0.006" if arrives else "0.01")
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)
    desk.settle()

    settled = desk.now_of(order)
    assert settled.state is State.LIVE
    assert settled.qty == Decimal("0.006" if arrives else "0.01")
    assert desk.exchange.account.orders[str(order.kraken_order_id)].volume == settled.qty
    assert desk.stores.halts.latched() == ()


def test_f_can_5_a_change_that_the_order_does_not_show_yet_is_found_in_its_history(
    desk: Paper,
) -> None:
    order = _resting(desk)
    key = str(order.kraken_order_id)
    before = desk.account.orders([key])
    stale = overriding(desk.account, orders=lambda ids: before)
    lagging = desk.settle_desk(account=stale)
    wanted = Amendment(qty=Qty(Decimal("0.006")))

    amend(desk.amend_desk(settling=lagging), order, wanted, why="a test")
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)
    desk.settle(account=stale)
    assert desk.now_of(order).state is State.AMENDING

    assert desk.settle() == {State.LIVE: 1}
    assert desk.now_of(order).qty == wanted.qty


def test_f_can_5_a_change_is_not_given_up_before_its_deadline_and_the_window_are_over(
    desk: Paper,
) -> None:
    order = _resting(desk)
    before = desk.account.orders([str(order.kraken_order_id)])
    stale = overriding(desk.account, orders=lambda ids: before, amends=lambda name: ())
    wanted = Amendment(qty=Qty(Decimal("0.006")))
    amend(desk.amend_desk(settling=desk.settle_desk(account=stale)), order, wanted, why="a test")

    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds())
    desk.settle(account=stale)
    assert desk.now_of(order).state is State.AMENDING
    desk.turn(seconds=1)
    desk.settle(account=stale)

    assert desk.now_of(order).state is State.LIVE


def test_a_read_that_still_shows_the_order_before_its_change_says_nothing(desk: Paper) -> None:
    order = _resting(desk)
    key = str(order.kraken_order_id)
    before = desk.account.orders([key])
    stale = overriding(desk.account, orders=lambda ids: before)
    amend(desk.amend_desk(), order, Amendment(qty=Qty(Decimal("0.006"))), why="a test")
    changed = desk.now_of(order)

    desk.settle(account=stale)
    assert desk.now_of(order) == changed
    assert desk.stores.halts.latched() == ()
    desk.turn(seconds=SETTLE_WINDOW.total_seconds() + 1)
    desk.settle(account=stale)

    assert [each.kind for each in desk.stores.halts.latched()] == [HaltKind.CONTRADICTION]


def test_f_can_5_reduced_below_what_has_filled_it_is_what_filled_and_the_rest_is_gone(
    desk: Paper,
) -> None:
    desk.turn_to(SHY_DIP - 2)
    order = _resting(desk)
    desk.turn_to(SHY_DIP)
    key = str(order.kraken_order_id)
    filled = desk.account.orders([key])[key].filled_qty
    assert 0 < filled < order.qty

    # our books have not heard of the fill
    wanted = Amendment(qty=Qty(round_down(filled / 2, Decimal("0.0001"))))
    ended = amend(desk.amend_desk(), order, wanted, why="a test")

    assert ended.state is State.FILLED
    assert (ended.qty, ended.filled_qty, ended.amending) == (filled, filled, None)
    assert desk.book().settled == 1
    assert desk.exchange.account.open == {}
    assert desk.stores.halts.latched() == ()


def test_f_sub_8_what_the_engine_ends_right_after_its_answer_is_canceled_with_its_reason(
    desk: Paper,
) -> None:
    order = desk.planned(limit="50250", post_only=True)
    desk.submit()

    desk.settle()

    ended = desk.now_of(order)
    assert ended.state in {State.CANCELED, State.REJECTED}
    told = desk.events_of(order)[-1].detail
    assert "ost only" in told
    assert desk.stores.orders.reserving() == ()
