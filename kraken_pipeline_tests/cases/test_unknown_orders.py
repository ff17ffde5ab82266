"""F-SUB, U-DUP: what became of an order whose reply was lost is found out, never guessed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.fate import READ_SPACING, UNRESOLVED_AFTER
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reports import OrderReport, TradeReport
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline_tests.fakes import Interrupted, Lossy, overriding
from kraken_pipeline_tests.services.paper import DEADLINE, LEASE, SETTLE_WINDOW, Paper

POLL = timedelta(seconds=21)
FINAL_LIMIT = "49000"
"""Below everything that trades before the hour is over: the order rests."""


def _lose_reply(desk: Paper, *, arrives: bool, limit: str = "50250") -> Order:
    order = desk.planned(limit=limit)
    gateway = Lossy(desk.trader, arrives=arrives)
    assert desk.submit(gateway=gateway) == {State.UNKNOWN: 1}
    return order


def _pass_window(desk: Paper) -> None:
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)


def _look(desk: Paper, times: int, **changes: object) -> None:
    for _ in range(times):
        desk.settle(**changes)
        desk.turn(seconds=READ_SPACING.total_seconds())


def _blind(desk: Paper) -> ReadOnlyAccount:
    """Return an account that shows no order by its name, open or closed."""
    return overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: (),
        closed_orders=lambda *, since, cl_ord_id=None: (),
    )


def test_f_sub_2_an_order_that_filled_behind_a_lost_reply_is_adopted(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True)

    desk.settle()
    booked = desk.book()

    adopted = desk.now_of(order)
    assert adopted.state is State.FILLED
    assert adopted.filled_qty == order.qty
    assert booked.fills == 1
    assert booked.settled == 1
    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}
    assert desk.balances_agree()


def test_an_order_that_rests_behind_a_lost_reply_is_adopted(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True, limit=FINAL_LIMIT)

    assert desk.settle() == {State.LIVE: 1}
    assert desk.now_of(order).kraken_order_id in desk.exchange.account.open


def test_u_dup_4_a_fill_before_the_reply_is_written_is_booked_to_its_strategy(desk: Paper) -> None:
    _lose_reply(desk, arrives=True)

    desk.book()

    assert set(desk.held()) == {("trend@1h", "XBTUSD")}


def test_a_fill_that_was_taken_for_manual_moves_to_its_strategy(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True)
    blind = overriding(desk.stores.orders, reserving=lambda: ())
    desk.book(orders=blind)
    assert desk.held()["manual", "XBTUSD"] == order.qty

    desk.settle()
    desk.book()

    assert desk.held() == {("trend@1h", "XBTUSD"): order.qty}


def test_f_sub_3_what_never_arrived_is_absent_only_after_the_window_and_three_reads(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=False)
    states = []
    desk.settle()
    _pass_window(desk)
    for _ in range(3):
        states.append(desk.now_of(order).state)
        desk.settle()
        desk.turn(seconds=POLL.total_seconds())

    assert states == [State.UNKNOWN] * 3
    assert desk.now_of(order).state is State.ABSENT


def test_f_sub_5_reads_before_the_window_is_over_never_count(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    for _ in range(5):
        desk.turn(seconds=POLL.total_seconds())
        desk.settle()

    assert desk.stores.orders.clean_reads(order.local_id) == ()


def test_f_sub_5_what_arrives_just_before_its_deadline_is_adopted_after_reads_without_it(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=False, limit=FINAL_LIMIT)
    desk.settle()
    deadline = desk.now_of(order).deadline
    assert deadline is not None
    desk.turner.turn(deadline - timedelta(milliseconds=1))
    desk.settle()
    assert desk.now_of(order).state is State.UNKNOWN

    desk.trader.add(order, deadline=deadline)

    _pass_window(desk)
    assert desk.settle() == {State.LIVE: 1}
    assert desk.stores.orders.clean_reads(order.local_id) == ()
    assert desk.orders_there() == [order.cl_ord_id]


def test_three_reads_in_a_hurry_are_one(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    _pass_window(desk)
    for _ in range(3):
        desk.settle()
        desk.turn(seconds=1)

    assert len(desk.stores.orders.clean_reads(order.local_id)) == 1
    assert desk.now_of(order).state is State.UNKNOWN


def test_until_then_reservation_and_pair_are_kept(desk: Paper) -> None:
    _lose_reply(desk, arrives=False)
    desk.settle()
    desk.wants("XBTUSD")

    verdict = desk.assess()["XBTUSD"]

    assert "UNKNOWN_ORDER" in {each.code for each in verdict.objections}
    assert '"exposure_pair":"506.52"' in verdict.figures


def test_after_it_is_absent_the_next_wish_is_an_order_of_its_own(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    _pass_window(desk)
    for _ in range(3):
        desk.settle()
        desk.turn(seconds=POLL.total_seconds())
    desk.book()
    desk.wants("XBTUSD")
    desk.assess()

    assert desk.submit() == {State.LIVE: 1}
    assert order.cl_ord_id not in desk.orders_there()


def test_f_sub_4_a_request_that_comes_after_its_deadline_makes_no_order(desk: Paper) -> None:
    order = desk.planned()
    late = Interrupted(desk.trader, before=lambda sent: desk.turn(seconds=DEADLINE.seconds + 1))
    desk.submit(gateway=late)
    _pass_window(desk)
    for _ in range(3):
        desk.settle()
        desk.turn(seconds=POLL.total_seconds())

    assert desk.now_of(order).state is State.ABSENT
    assert desk.orders_there() == []


def test_u_dup_7_reads_that_lag_adopt_the_order_when_they_catch_up(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True)
    stale = overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: (),
        closed_orders=lambda *, since, cl_ord_id=None: (),
    )
    _pass_window(desk)
    desk.settle(account=stale)
    state = desk.now_of(order).state

    # the fill on the pair is found, and its order is ours
    assert state is State.FILLED


def test_a_hold_without_an_open_order_keeps_an_order_unknown(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True, limit=FINAL_LIMIT)
    stale = overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: (),
        closed_orders=lambda *, since, cl_ord_id=None: (),
    )
    _pass_window(desk)
    for _ in range(5):
        desk.settle(account=stale)
        desk.turn(seconds=POLL.total_seconds())

    assert len(desk.stores.orders.clean_reads(order.local_id)) == 5
    assert desk.now_of(order).state is State.UNKNOWN
    assert desk.settle() == {State.LIVE: 1}


def test_a_hold_that_hides_behind_another_order_keeps_it_unknown(desk: Paper) -> None:
    other = desk.planned("ETHUSD", "0.1", "2400")
    desk.submit()
    order = _lose_reply(desk, arrives=True, limit=FINAL_LIMIT)
    shown = [each for each in desk.account.open_orders() if each.cl_ord_id == other.cl_ord_id]
    stale = overriding(
        desk.account,
        open_orders=lambda cl_ord_id=None: () if cl_ord_id else tuple(shown),
        closed_orders=lambda *, since, cl_ord_id=None: (),
    )
    _pass_window(desk)
    for _ in range(4):
        desk.settle(account=stale)
        desk.turn(seconds=POLL.total_seconds())

    assert desk.now_of(order).state is State.UNKNOWN


def _place_foreign(desk: Paper, price: str) -> None:
    fields = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    desk.call("AddOrder", {**fields, "price": price})


def test_u_dup_2_an_order_of_the_same_userref_is_not_taken_for_ours(desk: Paper) -> None:
    order = desk.planned(limit=FINAL_LIMIT, userref=7)
    desk.submit(gateway=Lossy(desk.trader, arrives=False))
    told = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    for _ in range(2):  # the exchange takes as many of one as it is told
        desk.call("AddOrder", {**told, "price": FINAL_LIMIT, "userref": "7"})
    _pass_window(desk)
    _look(desk, times=3)

    assert desk.now_of(order).state is State.ABSENT
    assert len(desk.exchange.account.open) == 2


@pytest.mark.parametrize("price", ["49000", "50250"])
def test_orders_and_fills_of_somebody_else_do_not_stand_against_absence(
    desk: Paper, price: str
) -> None:
    order = _lose_reply(desk, arrives=False)
    _place_foreign(desk, price)
    _pass_window(desk)
    _look(desk, times=3)

    assert desk.now_of(order).state is State.ABSENT


def test_a_fill_whose_order_the_exchange_does_not_show_stands_against_absence(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=False)
    _place_foreign(desk, "50250")
    hiding = overriding(desk.account, orders=lambda ids: {})
    _pass_window(desk)
    for _ in range(4):
        desk.settle(account=hiding)
        desk.turn(seconds=POLL.total_seconds())

    assert desk.now_of(order).state is State.UNKNOWN


def test_f_sub_11_an_order_that_is_not_in_every_part_ours_is_not_adopted(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    fields = {"ordertype": "limit", "type": "buy", "volume": "0.02", "pair": "XBTUSD"}
    desk.call("AddOrder", {**fields, "price": "49000", "cl_ord_id": order.cl_ord_id})

    desk.settle()

    assert desk.now_of(order).state is State.MANUAL
    assert desk.now_of(order).kraken_order_id is None
    [halt] = desk.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION
    assert "buy 0.01 XBTUSD limit, limit 50250" in halt.reason
    assert "buy 0.02 XBTUSD limit, limit 49000" in halt.reason


def test_two_orders_of_one_client_id_halt(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    for _ in range(2):
        # the exchange takes an id again once its order has ended
        fields = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
        desk.call("AddOrder", {**fields, "price": "50250", "cl_ord_id": order.cl_ord_id})

    desk.settle()

    [halt] = desk.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION
    assert "is at the exchange as" in halt.reason


def test_f_sub_19_while_one_is_unknown_other_pairs_trade(desk: Paper) -> None:
    desk.planned(qty="0.0039")  # 1.96 % of NAV
    assert desk.submit(gateway=Lossy(desk.trader, arrives=False)) == {State.UNKNOWN: 1}
    desk.wants("ETHUSD", strategy="other")

    assert desk.assess()["ETHUSD"].approved
    assert desk.submit() == {State.LIVE: 1}


def test_f_sub_19_without_a_proof_in_a_quarter_of_an_hour_a_person_must_look(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=True, limit=FINAL_LIMIT)
    _pass_window(desk)
    _look(desk, times=3, account=_blind(desk))
    assert desk.now_of(order).state is State.UNKNOWN

    desk.turn(seconds=UNRESOLVED_AFTER.total_seconds())
    desk.settle(account=_blind(desk))

    left = desk.now_of(order)
    assert left.state is State.MANUAL
    assert left.open_notional == order.open_notional
    assert left.local_id in {each.local_id for each in desk.stores.orders.reserving()}
    [halt] = desk.stores.halts.latched()
    assert str(halt.scope) == "pair:XBTUSD"
    assert "STRAY_HOLD" in halt.reason


def test_another_late_part_at_each_look_calls_no_person(desk: Paper) -> None:
    """A fill each time, of an order of a person's that is not shown until the next look."""
    order = _lose_reply(desk, arrives=False)
    _pass_window(desk)
    before: set[str] = set()
    late = overriding(
        desk.account,
        orders=lambda ids: desk.account.orders([each for each in ids if each in before]),
    )
    for _ in range(4):
        desk.turn(seconds=UNRESOLVED_AFTER.total_seconds() / 2)
        _place_foreign(desk, "50250")
        desk.settle(account=late)
        before |= {each.kraken_order_id for each in desk.account.trades(since=order.created_at)}

    [*_, read] = desk.stores.orders.clean_reads(order.local_id)
    assert len(read.doubts) == 1
    assert desk.now_of(order).state is State.UNKNOWN
    assert desk.stores.halts.latched() == ()
    desk.settle()
    assert desk.now_of(order).state is State.ABSENT


def test_what_a_person_was_called_for_is_adopted_when_it_shows_up(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True, limit=FINAL_LIMIT)
    _pass_window(desk)
    _look(desk, times=3, account=_blind(desk))
    desk.turn(seconds=UNRESOLVED_AFTER.total_seconds())
    desk.settle(account=_blind(desk))
    assert desk.now_of(order).state is State.MANUAL

    assert desk.settle() == {State.LIVE: 1}


def test_after_a_long_outage_what_never_arrived_is_proven_absent_all_the_same(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=False)
    desk.turn(minutes=60)
    _look(desk, times=3)

    assert desk.now_of(order).state is State.ABSENT


def test_f_sub_16_what_its_sender_never_wrote_an_answer_of_is_settled_by_evidence(
    desk: Paper,
) -> None:
    order = _sent_by_nobody(desk, desk.planned())
    desk.settle()
    assert desk.now_of(order).state is State.SENDING

    _pass_window(desk)
    _look(desk, times=3)

    assert desk.now_of(order).state is State.ABSENT


def test_f_sub_17_each_of_fifteen_whose_replies_were_lost_is_resolved_alone(desk: Paper) -> None:
    orders = [desk.planned(qty="0.001", limit=FINAL_LIMIT) for _ in range(15)]
    for number, order in enumerate(orders):
        sending = _sent_by_nobody(desk, order)
        if number % 3 == 0:
            desk.trader.add(sending, deadline=desk.clock() + DEADLINE)
    calls = _Counted(desk.account)

    desk.settle(account=calls.account)

    assert calls.count <= 6
    states = [desk.now_of(each).state for each in orders]
    assert states == [State.LIVE if each % 3 == 0 else State.SENDING for each in range(15)]
    _pass_window(desk)
    _look(desk, times=3)
    states = [desk.now_of(each).state for each in orders]
    assert states == [State.LIVE if each % 3 == 0 else State.ABSENT for each in range(15)]


def _sent_by_nobody(desk: Paper, order: Order) -> Order:
    orders = desk.stores.orders
    epoch = orders.take_lease("orders-trade", owner="dead", now=desk.clock(), length=LEASE)
    deadline = desk.clock() + DEADLINE
    started = Event(fact=Fact.SEND_STARTED, at=desk.clock(), source="submit", deadline=deadline)
    return orders.record(order, started, epoch=epoch)


class _Counted:
    """Counts what is asked of an account."""

    def __init__(self, account: ReadOnlyAccount) -> None:
        self.count = 0
        self.account = overriding(
            account,
            **{
                name: self._counting(getattr(account, name))
                for name in ("open_orders", "closed_orders", "orders", "trades", "balances")
            },
        )

    def _counting(self, ask: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            self.count += 1
            return ask(*args, **kwargs)

        return counted


def test_u_dup_9_at_start_every_order_is_settled_by_evidence_whatever_its_age(
    desk: Paper,
) -> None:
    order = _lose_reply(desk, arrives=True, limit="49500")
    desk.turn(minutes=5 * 60)

    desk.settle()

    assert desk.now_of(order).state is State.FILLED


def test_f_rd_7_an_old_page_of_open_orders_declares_nothing_closed(desk: Paper) -> None:
    order = desk.planned(limit=FINAL_LIMIT, expires_at=desk.clock() + timedelta(days=1))
    desk.submit()
    desk.turn(minutes=10)

    desk.settle(account=overriding(desk.account, open_orders=lambda cl_ord_id=None: ()))

    assert desk.now_of(order).state is State.LIVE
    assert desk.stores.halts.latched() == ()


def test_u_dup_6_a_stream_that_missed_something_is_no_proof(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    _pass_window(desk)
    asked: list[tuple[datetime, datetime]] = []

    def shows_absence(sent_at: datetime, settled_at: datetime) -> bool:
        asked.append((sent_at, settled_at))
        return len(asked) > 3

    _look(desk, times=3, stream_shows_absence=shows_absence)
    assert desk.now_of(order).state is State.UNKNOWN
    _look(desk, times=1, stream_shows_absence=shows_absence)

    assert desk.now_of(order).state is State.ABSENT
    [sent_at, settled_at] = asked[0]
    unknown = desk.now_of(order)
    assert sent_at == unknown.created_at
    assert unknown.deadline is not None
    assert settled_at == unknown.deadline + SETTLE_WINDOW


def test_balances_that_the_ledger_does_not_tell_of_stand_against_absence(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    _place_foreign(desk, "50250")
    _pass_window(desk)
    _look(desk, times=4, account=overriding(desk.account, ledger=lambda *, since: ()))
    assert desk.now_of(order).state is State.UNKNOWN

    _look(desk, times=1)

    assert desk.now_of(order).state is State.ABSENT


def test_what_moved_before_it_was_sent_and_is_not_booked_yet_says_nothing(desk: Paper) -> None:
    desk.book()
    desk.planned()
    assert desk.submit() == {State.LIVE: 1}
    desk.settle()
    desk.turn(minutes=10)
    order = _lose_reply(desk, arrives=False)

    _pass_window(desk)
    _look(desk, times=3)

    assert desk.now_of(order).state is State.ABSENT


def test_an_order_that_ended_between_the_two_reads_is_taken_as_ended(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=True, limit="49500")
    real = desk.account
    reads: list[tuple[OrderReport, ...]] = []

    def closed_after(**asked: object) -> tuple[OrderReport, ...]:
        desk.turn_to(25)
        reads.append(real.closed_orders(**asked))  # type: ignore[arg-type]  # passed on as it came
        return reads[-1]

    desk.settle(account=overriding(real, closed_orders=closed_after))

    assert desk.now_of(order).state is State.FILLED
    assert desk.now_of(order).filled_qty == Decimal("0.01")
    assert len(reads[0]) == 1


def test_a_stray_fill_on_another_pair_says_nothing(desk: Paper) -> None:
    order = _lose_reply(desk, arrives=False)
    stray = TradeReport(
        trade_id="T1",
        kraken_order_id="OABCDE-FGHIJ-KLMNOP",
        pair="ETHUSD",
        side=order.side,
        price=order.limit_price,
        qty=order.qty,
        cost=Decimal(1),
        fee=Decimal(0),
        maker=False,
        at=desk.clock(),
    )
    elsewhere = overriding(desk.account, trades=lambda *, since: (stray,))
    _pass_window(desk)
    for _ in range(3):
        desk.settle(account=elsewhere)
        desk.turn(seconds=POLL.total_seconds())

    assert desk.now_of(order).state is State.ABSENT
