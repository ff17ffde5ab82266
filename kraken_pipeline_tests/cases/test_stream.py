"""F-EVT, F-SUB-7, F-CAN-4, U-DUP-6 and -7: the stream is an equal source (OMS-7, STR-5)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.reports import Placed
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.cases.streamed import Frame, Streamed, changed, rows, soon, streamed
from kraken_pipeline_tests.fakes import Crash, Fuse
from kraken_pipeline_tests.services.candles import SHY_DIP
from kraken_pipeline_tests.services.paper import Paper

LOW = "49000"
"""A limit at which a buy rests."""


@pytest.fixture
def ear(desk: Paper) -> Iterator[Streamed]:
    with streamed(desk) as opened:
        yield opened


class Prompt:
    """Sends orders, and has the stream heard before the answer is."""

    def __init__(self, ear: Streamed) -> None:
        self.request_of = ear.paper.trader.request_of
        self._ear = ear

    def add(self, order: Order, *, deadline: datetime) -> Placed:
        placed = self._ear.paper.trader.add(order, deadline=deadline)
        self._ear.tell(self._ear.frames())
        assert self._ear.order(order).state is State.FILLED
        return placed


class Dying:
    """Sends an order, and dies before the answer."""

    def __init__(self, trader: Trader) -> None:
        self.request_of = trader.request_of
        self._trader = trader

    def add(self, order: Order, *, deadline: datetime) -> Placed:
        self._trader.add(order, deadline=deadline)
        raise Crash


def filled(ear: Streamed) -> tuple[Order, list[Frame]]:
    """Send an order that fills at once; return it, and the frames of which nothing was heard."""
    order = ear.paper.planned()
    ear.paper.submit()
    return ear.order(order), ear.frames()


def resting(ear: Streamed, limit: str = LOW) -> Order:
    order = ear.paper.planned(limit=limit)
    ear.paper.submit()
    ear.tell(ear.frames())
    return ear.order(order)


def test_f_sub_7_a_fill_is_heard_before_the_ack(ear: Streamed) -> None:
    order = ear.paper.planned()

    counts = ear.paper.submit(gateway=Prompt(ear))
    ear.compare()

    assert counts == {State.FILLED: 1}
    assert ear.fills == ear.fills_there
    assert ear.order(order).filled_qty == order.qty
    assert ear.halts == []


def test_f_evt_1_frames_that_come_twice_and_a_snapshot_book_one_fill(ear: Streamed) -> None:
    order, frames = filled(ear)

    ear.tell([*frames, *frames])
    ear.compare()
    version = ear.order(order).version
    ear.reconnect()
    ear.tell(frames)
    ear.compare()

    assert ear.fills == ear.fills_there
    assert ear.order(order).version == version
    assert ear.paper.balances_agree()


def test_f_evt_2_states_that_come_in_no_order_turn_nothing_back(ear: Streamed) -> None:
    order, frames = filled(ear)

    ear.tell(frames[::-1])
    ear.compare()

    now = ear.order(order)
    assert (now.state, now.filled_qty, now.fee > 0) == (State.FILLED, order.qty, True)
    assert ear.fills == ear.fills_there
    assert ear.halts == []


def test_f_evt_3_all_fills_of_a_gap_are_booked(ear: Streamed) -> None:
    """U-STR-3."""
    ear.tell(ear.frames())
    ours = ear.paper.planned()
    ear.paper.submit()
    for _ in range(120):
        ear.paper.turn(seconds=10)  # the engine counts orders, and forgets them with time
        order = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.0001"}
        ear.paper.call("AddOrder", order)

    ear.frames()
    ear.reconnect()
    ear.compare()

    assert len(ear.fills_there) == 121
    assert sorted(ear.fills) == sorted(ear.fills_there)
    assert ear.order(ours).state is State.FILLED


def test_f_evt_4_what_was_done_by_hand_in_a_gap_is_shown_and_explained(ear: Streamed) -> None:
    ear.tell(ear.frames())
    by_hand = {"pair": "XBTUSD", "type": "buy", "volume": "0.01", "ordertype": "limit"}
    ear.paper.call("AddOrder", {**by_hand, "price": LOW})
    ear.paper.call("AddOrder", {**by_hand, "ordertype": "market"})

    ear.frames()
    ear.reconnect()
    ear.compare()

    assert ear.foreign == list(ear.paper.exchange.account.open)
    assert ear.paper.held()[MANUAL, "XBTUSD"] == Decimal("0.01")
    assert ear.paper.balances_agree()
    assert ear.halts == []


def test_f_evt_4_a_fill_of_an_order_by_hand_is_booked_as_it_is_heard(ear: Streamed) -> None:
    ear.compare()
    by_hand = {"pair": "XBTUSD", "type": "buy", "volume": "0.01", "ordertype": "market"}
    ear.paper.call("AddOrder", by_hand)

    ear.tell(ear.frames())
    ear.compare()

    assert ear.fills == ear.fills_there != []


def test_f_evt_8_a_status_that_is_new_ends_nothing(ear: Streamed) -> None:
    order = ear.paper.planned(limit=LOW)
    ear.paper.submit()
    frames = ear.frames()

    ear.tell([*frames, changed(frames[-1], order_status="suspended", exec_type="put_aside", new=1)])
    ear.compare()

    assert ear.order(order).state is State.LIVE
    assert ear.halts == []


def test_f_evt_9_an_overfill_halts(ear: Streamed) -> None:
    order, frames = filled(ear)
    [trade, *_] = rows(frames, "trade")

    ear.tell([*frames, changed(trade, exec_id="TOO-MUCH", cum_qty="0.02", last_qty="0.01")])

    assert ear.halts == [HaltKind.OVERFILL]
    assert ear.order(order).filled_qty == order.qty


def test_f_evt_9_a_fill_of_an_order_that_the_account_does_not_have_halts(ear: Streamed) -> None:
    _, frames = filled(ear)
    [trade, *_] = rows(frames, "trade")

    ear.tell([changed(trade, exec_id="T-STRANGE", order_id="O-STRANGE", cl_ord_id=None)])
    ear.compare()
    before = ear.halts
    ear.paper.turn(seconds=121)
    ear.compare(seconds=60)

    assert before == []
    assert ear.halts == [HaltKind.CONTRADICTION]


def test_f_evt_10_times_that_go_back_turn_nothing_back(ear: Streamed) -> None:
    order, frames = filled(ear)
    told = [each for each in frames if each["data"]]
    seen = [_set_back(each, seconds=2 * number) for number, each in enumerate(told)]

    ear.tell(seen)
    ear.compare()

    now = ear.order(order)
    assert (now.state, now.filled_qty) == (State.FILLED, order.qty)
    assert now.updated_at >= now.created_at
    assert ear.fills == ear.fills_there


def test_f_evt_11_a_full_queue_halts_and_loses_nothing(desk: Paper) -> None:
    with streamed(desk, most_news=8) as ear:
        stream = ear.stream.account
        orders = [ear.paper.planned() for _ in range(4)]
        ear.paper.submit()
        for each in ear.frames():
            ear.put(each)
        assert soon(lambda: ear.halts != [])
        is_faulty = stream.mind(0.0)
        ear.streaming.step(0)
        has_room = stream.has_room()
        ear.reconnect()
        ear.reconnect()
        ear.compare()

        assert ear.halts == [HaltKind.DATA]
        assert is_faulty == "news are not taken away fast enough"
        assert has_room
        assert {ear.order(each).state for each in orders} == {State.FILLED}
        assert sorted(ear.fills) == sorted(ear.fills_there)


@pytest.mark.parametrize("steps_before_the_crash", range(4))
def test_f_evt_12_a_crash_between_hearing_and_writing_loses_no_fill(
    desk: Paper, steps_before_the_crash: int
) -> None:
    order = desk.planned()
    with streamed(desk, fuse=Fuse(steps_before_the_crash)) as doomed, suppress(Crash):
        desk.submit()
        doomed.tell(doomed.frames())

    with streamed(desk) as again:
        again.compare()

        assert again.order(order).state is State.FILLED
        assert again.fills == again.fills_there
        assert again.paper.balances_agree()


def test_f_can_4_a_fill_that_is_heard_after_the_cancel_is_booked(ear: Streamed) -> None:
    order = resting(ear, "49500")
    ear.paper.turn_to(SHY_DIP)
    ear.paper.exchange.advance()
    ear.paper.trader.cancel(str(order.kraken_order_id))
    frames = ear.frames()
    late = rows(frames, "trade")
    ended = [changed(each, cum_qty="0", avg_price="0") for each in rows(frames, "canceled")]

    ear.tell(ended)
    at_the_end = ear.order(order)
    ear.tell(late)
    ear.compare()

    now = ear.order(order)
    assert at_the_end.state is State.CANCELED
    assert at_the_end.filled_qty == ZERO
    assert now.state is State.CANCELED
    assert 0 < now.filled_qty < now.qty
    assert ear.fills == ear.fills_there
    assert ear.paper.stores.orders.unmatched() == ()


def test_u_dup_6_a_fill_that_the_stream_never_tells_is_polled(ear: Streamed) -> None:
    order = resting(ear)
    ear.compare()
    ear.paper.turn_to(20)

    ear.compare(seconds=31)

    assert ear.order(order).state is State.FILLED


def test_u_dup_6_an_order_without_an_answer_is_asked_for(ear: Streamed) -> None:
    ear.compare()
    order = ear.paper.planned(limit=LOW)
    with suppress(Crash):
        ear.paper.submit(gateway=Dying(ear.paper.trader))
    assert ear.order(order).state is State.SENDING
    ear.compare(seconds=2)
    ear.paper.turn(seconds=6)

    ear.compare(seconds=2)

    assert ear.order(order).state is State.LIVE


def test_u_dup_7_what_rest_does_not_show_yet_denies_nothing(ear: Streamed, served: Served) -> None:
    order = ear.paper.planned()
    ear.paper.turn(seconds=30)
    ear.paper.submit()
    served.service.faults.add(Rule(kind=Kind.STALE_READ, subject=None, times=None, seconds=20))
    ear.tell(ear.frames())
    ear.compare()
    heard, booked = ear.order(order), ear.fills
    served.service.faults.clear()
    ear.compare(seconds=60)

    assert (heard.state, booked) == (State.FILLED, [])
    assert ear.fills == ear.fills_there
    assert ear.halts == []


def _set_back(frame: Frame, *, seconds: int) -> Frame:
    told = datetime.fromisoformat(frame["data"][0]["timestamp"]) - timedelta(seconds=seconds)
    return changed(frame, timestamp=told.isoformat().replace("+00:00", "Z"))
