"""Sending: once, under the lease, and nothing that a halt or a clock forbids."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from kraken_pipeline.domain.errors import (
    AuthError,
    ConfigurationError,
    ConflictError,
    ExchangeError,
    LeaseLostError,
    ModeRefusedError,
    OrderRefusedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
    UnreachableError,
)
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.kraken.orders import Recorder, Validator
from kraken_pipeline.services.orders.sending import lease_of
from kraken_pipeline_tests.fakes import Crash, Fuse, Interrupted, Lossy, crashing, overriding
from kraken_pipeline_tests.services.paper import LEASE, PLAN_AGE, Paper


def _withdraw(desk: Paper, order: Order) -> None:
    event = Event(fact=Fact.WITHDRAWN, at=desk.clock(), source="operator", detail="changed my mind")
    desk.stores.orders.record(order, event)


def test_an_order_is_sent_once_and_its_id_kept(desk: Paper) -> None:
    order = desk.planned()

    assert desk.submit() == {State.LIVE: 1}
    assert desk.submit() == Counter()
    assert desk.orders_there() == [order.cl_ord_id]
    assert desk.now_of(order).kraken_order_id in desk.exchange.account.orders


def test_nothing_planned_is_nothing_sent(desk: Paper) -> None:
    assert desk.submit() == Counter()
    assert desk.orders_there() == []


def test_reductions_go_first(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.turn(seconds=1)
    buy = desk.planned("ETHUSD", "0.1", "2512")
    sell = desk.planned(side=Side.SELL, limit="51000")
    gateway = Lossy(desk.trader, times=0)

    desk.submit(gateway=gateway)

    assert gateway.asked == [sell.local_id, buy.local_id]


def test_the_request_and_its_deadline_are_on_disk_before_the_first_byte(desk: Paper) -> None:
    order = desk.planned()
    seen = []
    gateway = Interrupted(desk.trader, before=lambda sent: seen.append(desk.now_of(sent)))

    desk.submit(gateway=gateway)

    [kept] = seen
    assert kept.state is State.SENDING
    assert kept.deadline == desk.clock() + timedelta(seconds=5)
    assert desk.now_of(order).state is State.LIVE


def test_an_order_of_a_plan_that_is_too_old_is_taken_back(desk: Paper) -> None:
    orders = [desk.planned(), desk.planned(side=Side.SELL)]
    desk.turn(seconds=PLAN_AGE.total_seconds() + 1)

    assert desk.submit() == {State.WITHDRAWN: 2}
    assert all("PLAN_AGE" in str(desk.now_of(each).last_error) for each in orders)
    assert desk.orders_there() == []


def test_a_buy_whose_wish_is_over_is_taken_back(desk: Paper) -> None:
    order = desk.planned(expires_at=desk.clock() + timedelta(seconds=10))
    desk.turn(seconds=10)

    assert desk.submit() == {State.WITHDRAWN: 1}
    assert "INTENT_EXPIRED" in str(desk.now_of(order).last_error)


def test_a_sell_goes_although_its_wish_is_over(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.planned(side=Side.SELL, limit="49800", expires_at=desk.clock())

    assert desk.submit() == {State.LIVE: 1}


@pytest.mark.parametrize("halted_by", ["halt", "panic file"])
def test_a_halt_between_approval_and_sending_stops_the_buy_and_lets_the_sell_go(
    desk: Paper, halted_by: str
) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    buy = desk.planned("ETHUSD", "0.1", "2512")
    sell = desk.planned(side=Side.SELL, limit="49800")
    if halted_by == "halt":
        desk.stores.halts.latch(HaltKind.OPERATOR, reason="storm", at=desk.clock(), by="me")

    desk.submit(panic_is_latched=lambda: halted_by == "panic file")

    assert desk.now_of(buy).state is State.WITHDRAWN
    assert desk.now_of(sell).state is State.LIVE
    assert desk.orders_there()[1:] == [sell.cl_ord_id]


def test_the_panic_file_is_looked_at_again_after_the_record(desk: Paper) -> None:
    order = desk.planned()
    looks = iter([False, True])

    assert desk.submit(panic_is_latched=lambda: next(looks)) == {State.REJECTED: 1}
    assert "panic" in str(desk.now_of(order).last_error)
    assert desk.orders_there() == []


def test_an_order_whose_record_took_longer_than_its_deadline_is_not_sent(desk: Paper) -> None:
    order = desk.planned()
    real = desk.stores.orders

    def slow(told: Order, event: Event, **kwargs: int) -> Order:
        moved = real.record(told, event, **kwargs)
        desk.turn(seconds=6 if event.fact is Fact.SEND_STARTED else 0)
        return moved

    assert desk.submit(orders=overriding(real, record=slow)) == {State.REJECTED: 1}
    assert "deadline" in str(desk.now_of(order).last_error)
    assert desk.orders_there() == []


def test_while_an_order_is_unknown_its_pair_waits_and_others_go(desk: Paper) -> None:
    desk.planned(qty="0.003")
    desk.submit(gateway=Lossy(desk.trader))
    waiting = desk.planned(strategy_id="second")
    other = desk.planned("ETHUSD", "0.1", "2512", strategy_id="third")

    assert desk.submit() == {"waiting": 1, State.LIVE: 1}
    assert desk.now_of(waiting).state is State.PLANNED
    assert desk.now_of(other).state is State.LIVE


def test_an_order_that_turns_unknown_stops_the_next_of_its_pair_in_the_same_run(
    desk: Paper,
) -> None:
    desk.planned()
    desk.planned(strategy_id="other", attempt=2)  # it goes by itself
    desk.turn(seconds=2)

    counts = desk.submit(gateway=Lossy(desk.trader))

    assert counts == {State.UNKNOWN: 1, "waiting": 1}


def test_more_buys_than_may_rest_together_wait_and_an_exit_never_does(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    for _ in range(3):
        desk.planned("ETHUSD", "0.01", "2400")
    desk.planned(side=Side.SELL, limit="51000")

    assert desk.submit(max_at_exchange=2) == {State.LIVE: 2, "waiting": 2}
    assert desk.submit(max_at_exchange=2) == {"waiting": 2}


@pytest.mark.parametrize("error", [OrderRefusedError, ModeRefusedError])
def test_what_the_exchange_refused_is_rejected_for_good(
    desk: Paper, error: type[ExchangeError]
) -> None:
    order = desk.planned()

    assert desk.submit(gateway=Lossy(desk.trader, arrives=False, error=error)) == {
        State.REJECTED: 1
    }
    assert desk.now_of(order).last_error == "the answer was lost"
    assert desk.submit() == Counter()


@pytest.mark.parametrize("error", [UnreachableError, RateLimitedError])
def test_once_the_exchange_turns_one_away_the_rest_waits(
    desk: Paper, error: type[ExchangeError]
) -> None:
    desk.planned()
    rest = desk.planned("ETHUSD", "0.1", "2512")
    gateway = Lossy(desk.trader, arrives=False, error=error)

    assert desk.submit(gateway=gateway) == {State.REJECTED: 1, "waiting": 1}
    assert desk.submit() == {State.LIVE: 1, "waiting": 1}
    assert desk.now_of(rest).state is State.LIVE


@pytest.mark.parametrize("failure", [OutcomeUnknownError, RateLimitedError])
def test_after_one_of_a_batch_is_unknown_or_turned_away_the_next_does_not_follow(
    desk: Paper, failure: type[ExchangeError]
) -> None:
    for each in range(2):
        desk.planned(limit="49000", strategy_id=f"s{each}")
    desk.planned(limit="49000.05", strategy_id="off the tick")  # it refuses the whole request
    gateway = Lossy(desk.trader, arrives=False, error=failure)

    counts = desk.submit(gateway=overriding(gateway, add_batch=desk.trader.add_batch))

    assert len(gateway.asked) == 1
    assert counts["waiting"] == 2
    assert {each.attempt for each in desk.stores.orders.reserving()} <= {2, 3}


def test_an_answer_that_cannot_be_read_leaves_the_order_unknown(desk: Paper) -> None:
    desk.planned()

    assert desk.submit(gateway=Lossy(desk.trader, error=UnexpectedReplyError)) == {State.UNKNOWN: 1}


@pytest.mark.parametrize("error", [AuthError, ConfigurationError])
def test_a_key_that_is_refused_stops_the_run_and_leaves_the_rest_planned(
    desk: Paper, error: type[ExchangeError]
) -> None:
    first, rest = desk.planned(), desk.planned("ETHUSD", "0.1", "2512")

    with pytest.raises(error):
        desk.submit(gateway=Lossy(desk.trader, arrives=False, error=error))

    assert desk.now_of(first).state is State.REJECTED
    assert desk.now_of(rest).state is State.PLANNED
    assert desk.submit() == {State.LIVE: 1}


def test_an_order_that_cannot_be_written_as_a_request_is_taken_back_and_the_rest_goes(
    desk: Paper,
) -> None:
    odd = desk.planned(time_in_force="whenever")
    desk.planned("ETHUSD", "0.1", "2512")

    assert desk.submit() == {State.REJECTED: 1, State.LIVE: 1}
    assert "whenever" in str(desk.now_of(odd).last_error)


def test_an_order_that_was_taken_back_meanwhile_is_not_sent_and_the_rest_goes(desk: Paper) -> None:
    taken, rest = desk.planned(), desk.planned("ETHUSD", "0.1", "2512")
    real = desk.stores.orders

    def reserving() -> tuple[Order, ...]:
        found = real.reserving()
        if desk.now_of(taken).state is State.PLANNED and len(reads) == 1:
            _withdraw(desk, taken)
        reads.append(1)
        return found

    reads: list[int] = []

    assert desk.submit(orders=overriding(real, reserving=reserving)) == {
        State.WITHDRAWN: 1,
        State.LIVE: 1,
    }
    assert desk.orders_there() == [rest.cl_ord_id]


def test_a_reply_that_comes_after_a_poll_found_the_order_confirms_it(desk: Paper) -> None:
    order = desk.planned()
    gateway = Interrupted(desk.trader, after=lambda sent: desk.settle())

    desk.submit(gateway=gateway)

    assert desk.now_of(order).state is State.FILLED
    assert desk.orders_there() == [order.cl_ord_id]


def test_a_refusal_that_comes_after_another_process_doubts_the_order_settles_nothing(
    desk: Paper,
) -> None:
    order = desk.planned()

    def take_over(sent: Order) -> None:
        desk.turn(seconds=LEASE.total_seconds() + 1)
        desk.submit()

    gateway = Interrupted(
        Lossy(desk.trader, arrives=False, error=OrderRefusedError), after=take_over
    )

    with suppress(LeaseLostError):
        desk.submit(gateway=gateway)

    assert desk.now_of(order).state is State.UNKNOWN


def test_of_two_submitters_at_once_one_sends_and_the_other_loses_the_lease(desk: Paper) -> None:
    order = desk.planned()
    outcomes: list[object] = []

    def other() -> None:
        try:
            outcomes.append(desk.submit())
        except LeaseLostError as lost:
            outcomes.append(lost)

    def meanwhile(sent: Order) -> None:
        thread = Thread(target=other)
        thread.start()
        thread.join()

    assert desk.submit(gateway=Interrupted(desk.trader, before=meanwhile)) == {State.LIVE: 1}

    [lost] = outcomes
    assert isinstance(lost, LeaseLostError)
    assert desk.orders_there() == [order.cl_ord_id]


def test_a_holder_that_slept_through_its_lease_cannot_send(desk: Paper) -> None:
    first, second = desk.planned(), desk.planned("ETHUSD", "0.1", "2512")
    other = desk.submit_desk(owner="other")

    def oversleep(sent: Order) -> None:
        if sent.local_id == first.local_id:
            desk.turn(seconds=LEASE.total_seconds() + 1)
            other.orders.take_lease(
                lease_of(Namespace.TRADE), owner="other", now=desk.clock(), length=LEASE
            )

    with pytest.raises(LeaseLostError):
        desk.submit(gateway=Interrupted(desk.trader, after=oversleep))

    assert desk.orders_there() == [first.cl_ord_id]
    assert desk.now_of(second).state is State.PLANNED


def test_a_holder_whose_lease_ran_out_takes_it_anew_where_nobody_has_it(desk: Paper) -> None:
    first, second = desk.planned(), desk.planned("ETHUSD", "0.1", "2512")
    late = Interrupted(desk.trader, after=lambda sent: desk.turn(seconds=LEASE.total_seconds() + 1))

    assert desk.submit(gateway=late) == {State.LIVE: 2}
    assert desk.orders_there() == [first.cl_ord_id, second.cl_ord_id]


def test_a_pause_between_record_and_request_ends_at_the_deadline_of_the_engine(
    desk: Paper,
) -> None:
    order = desk.planned()
    gateway = Interrupted(desk.trader, before=lambda sent: desk.turn(minutes=10))

    assert desk.submit(gateway=gateway) == {State.UNKNOWN: 1}
    assert "Deadline elapsed" in str(desk.now_of(order).last_error)
    assert desk.orders_there() == []


def test_an_epoch_of_before_is_no_leave_to_send(desk: Paper) -> None:
    order, orders = desk.planned(), desk.stores.orders
    old = orders.take_lease("orders-trade", owner="old", now=desk.clock(), length=LEASE)
    orders.release_lease("orders-trade", owner="old")
    orders.take_lease("orders-trade", owner="new", now=desk.clock(), length=LEASE)

    with pytest.raises(LeaseLostError):
        orders.record(
            order, Event(fact=Fact.SEND_STARTED, at=desk.clock(), source="test"), epoch=old
        )


def test_only_the_orders_of_its_namespace_are_sent(desk: Paper) -> None:
    order = desk.planned(namespace=Namespace.REHEARSAL)

    assert desk.submit() == Counter()
    assert desk.now_of(order).state is State.PLANNED


@pytest.mark.parametrize("gateway", [Recorder, Validator])
def test_a_rehearsal_places_nothing(desk: Paper, gateway: type[Recorder | Validator]) -> None:
    desk.planned(namespace=Namespace.REHEARSAL)
    chosen = Recorder() if gateway is Recorder else Validator(desk.line)

    assert desk.submit(gateway=chosen, namespace=Namespace.REHEARSAL) == {State.REHEARSED: 1}
    assert desk.orders_there() == []


def test_a_rehearsal_that_died_blocks_no_later_one(desk: Paper) -> None:
    died = desk.planned(namespace=Namespace.REHEARSAL)
    rehearsal = {"gateway": Validator(desk.line), "namespace": Namespace.REHEARSAL}
    desk_that_dies = crashing(Validator(desk.line), Fuse(0))
    with suppress(Crash):
        desk.submit(**(rehearsal | {"gateway": desk_that_dies}))
    assert desk.now_of(died).state is State.SENDING
    desk.planned(namespace=Namespace.REHEARSAL)

    desk.turn(seconds=LEASE.total_seconds() + 1)

    assert desk.submit(**rehearsal) == {State.REHEARSED: 1}
    assert desk.now_of(died).state is State.REJECTED


def test_a_changed_order_is_not_written_over(desk: Paper) -> None:
    order = desk.planned()
    _withdraw(desk, order)

    with pytest.raises(ConflictError):
        _withdraw(desk, replace(order, version=0))


def test_where_books_and_exchange_may_differ_a_buy_waits_and_a_sell_goes(desk: Paper) -> None:
    desk.planned(qty="0.02")
    desk.submit()
    desk.settle()
    bought = desk.planned("ETHUSD", "0.1", "2512")
    sold = desk.planned(side=Side.SELL, limit="49750")

    counts = desk.submit(opening_objection=lambda: "NOT_RECONCILED: clean_passes_missing=2")

    assert counts == {State.LIVE: 1, "waiting": 1}
    assert (desk.now_of(bought).state, desk.now_of(sold).state) == (State.PLANNED, State.LIVE)


def test_what_may_be_at_the_exchange_is_asked_for_only_where_something_is_to_be_sent(
    desk: Paper,
) -> None:
    asked: list[int] = []

    def objection() -> str:
        asked.append(len(desk.stores.orders.reserving()))
        return ""

    desk.submit(opening_objection=objection)
    assert asked == []

    desk.planned()
    desk.planned("ETHUSD", "0.1", "2512")
    desk.submit(opening_objection=objection)

    assert asked == [2]
