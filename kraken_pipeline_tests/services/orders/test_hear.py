"""Hearing of an order: any source, any sequence, any number of times, one truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.amendments import Amendment
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Close, Trigger
from kraken_pipeline.domain.orders import FATE_OPEN, Event, Fact, Order, State, advance
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.services.orders.echoes import OLD_TERMS_SHOW
from kraken_pipeline.services.orders.hear import (
    TRIES,
    HearDesk,
    contradict,
    hear,
    hear_all,
)
from kraken_pipeline.services.ports.halts import HaltStore
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline_tests.builders import NOW, order

NAME = "OAAAAA-BBBBB-CCCCCC"
LIMIT = Decimal(50_000)


@dataclass
class Books:
    """Orders and halts in memory, with the rules of the real ones."""

    held: Order
    told: list[Event] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    faster: int = 0
    """How many writers are still to be faster than whoever writes next."""
    now: datetime = NOW

    @property
    def desk(self) -> HearDesk:
        return HearDesk(
            orders=cast("OrderStore", self), halts=cast("HaltStore", self), clock=lambda: self.now
        )

    def order(self, local_id: str) -> Order:
        assert local_id == self.held.local_id
        return self.held

    def record(self, seen: Order, event: Event) -> Order:
        if self.faster:
            self.faster -= 1
            self.held = replace(self.held, version=self.held.version + 1)
        if seen.version != self.held.version:
            raise ConflictError("another was first")
        moved = advance(self.held, event)
        assert moved.version == self.held.version + 1
        assert moved.filled_qty >= self.held.filled_qty
        self.held = moved
        self.told.append(event)
        return moved

    def record_all(self, told: Sequence[tuple[Order, Event]]) -> tuple[Order, ...]:
        return tuple(self.record(seen, event) for seen, event in told)

    def changes(self, local_id: str, *, since: datetime) -> tuple[Event, ...]:
        assert local_id == self.held.local_id
        return tuple(each for each in self.told if each.fact is Fact.AMENDED and each.at >= since)

    def latch(self, kind: HaltKind, *, reason: str, at: datetime, by: str) -> bool:
        assert kind in {HaltKind.CONTRADICTION, HaltKind.OVERFILL}
        assert (kind is HaltKind.OVERFILL) is ("filled 11 of 10" in reason)
        assert (at, bool(by)) == (self.now, True)
        self.reasons.append(reason)
        return True

    def hears(self, *reports: OrderReport, source: str = "stream") -> Order:
        for each in reports:
            hear(self.desk, self.held, each, source=source)
        return self.held


def _ours(state: State, **changes: object) -> Order:
    name = None if state in FATE_OPEN else NAME
    sized = {"qty": Qty(Decimal(10)), "limit_price": Price(LIMIT)}
    return replace(order(state=state, kraken_order_id=name), **{**sized, **changes})  # type: ignore[arg-type]  # fields of the order


def _report(status: str = "open", filled: int = 0, **changes: object) -> OrderReport:
    made = OrderReport(
        kraken_order_id=NAME,
        cl_ord_id=order().cl_ord_id,
        pair="XBTUSD",
        side=Side.BUY,
        order_type="limit",
        status=status,
        qty=Qty(Decimal(10)),
        filled_qty=Qty(Decimal(filled)),
        limit_price=LIMIT,
        avg_fill_price=Price(LIMIT - filled) if filled else None,
        fee=Decimal(filled) / 100,
        opened_at=NOW,
        reason="",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of the report


def _truth(kept: Order) -> Order:
    """Return an order without what depends on how often something was written."""
    return replace(kept, version=0, updated_at=NOW)


CHANGING = st.sampled_from([State.AMENDING, State.CANCELING])


@st.composite
def lives(draw: st.DrawFn) -> tuple[Order, list[OrderReport]]:
    """Return an order and what the exchange shows of it, one after the other.

    It fills in steps, may be changed between two of them, and may end, at once or after that.
    """
    asked = draw(st.none() | st.integers(1, 10))
    state = draw(st.sampled_from(sorted(FATE_OPEN)) if asked is None else CHANGING)
    amending = None if asked is None else Amendment(qty=Qty(Decimal(asked)), limit_price=None)
    before = draw(st.lists(st.integers(0, 9), max_size=4).map(sorted))
    reports = [_report("open", each) for each in before]
    filled, qty = (before or [0])[-1], 10
    if asked is not None and draw(st.booleans()):
        qty = asked
        later = draw(st.lists(st.integers(0, 10), max_size=3).map(sorted))
        more = [each for each in later if filled <= each < qty]
        reports += [_report("open", each, qty=Qty(Decimal(qty))) for each in more]
        filled = (more or [filled])[-1]
    end = draw(st.sampled_from(["", "closed", "canceled", "expired"]))
    if filled >= qty:
        end = "closed"
    if end:
        filled = max(filled, qty) if end == "closed" else filled
        reports.append(_report(end, filled, qty=Qty(Decimal(qty))))
    return _ours(state, amending=amending), reports


@given(life=lives(), data=st.data())
def test_p_4_reports_in_any_sequence_leave_the_same_order(
    life: tuple[Order, list[OrderReport]], data: st.DataObject
) -> None:
    ours, reports = life
    shuffled = data.draw(st.permutations(reports))

    straight, mixed = Books(ours), Books(ours)

    assert _truth(mixed.hears(*shuffled)) == _truth(straight.hears(*reports))
    assert mixed.reasons == straight.reasons == []


@given(life=lives(), data=st.data())
def test_p_5_reports_that_were_heard_change_nothing(
    life: tuple[Order, list[OrderReport]], data: st.DataObject
) -> None:
    ours, reports = life
    books = Books(ours)
    known = books.hears(*reports)
    again = data.draw(st.lists(st.sampled_from(reports))) if reports else []

    assert books.hears(*again) == known
    assert books.reasons == []


@given(life=lives(), data=st.data())
def test_p_6_however_it_is_heard_fills_never_fall_and_each_write_is_one_version(
    life: tuple[Order, list[OrderReport]], data: st.DataObject
) -> None:
    ours, reports = life
    heard = data.draw(st.lists(st.sampled_from(reports))) if reports else []
    books = Books(ours)

    last = books.hears(*heard)

    # each write was looked at as it was made
    assert last.version == len(books.told)
    assert last.filled_qty == max((each.filled_qty for each in heard), default=Decimal(0))


@given(life=lives())
def test_hearing_of_many_is_hearing_of_each(life: tuple[Order, list[OrderReport]]) -> None:
    ours, reports = life
    alone, together = Books(ours), Books(ours)
    for report in reports:
        hear_all(together.desk, [(together.held, report)], source="poll")

    assert _truth(together.held) == _truth(alone.hears(*reports))
    assert [each.fact for each in together.told] == [each.fact for each in alone.told]
    assert together.reasons == []


def test_what_closed_with_less_than_was_ordered_ended_canceled() -> None:
    books = Books(_ours(State.LIVE))

    ended = books.hears(_report("closed", filled=4))

    assert (ended.state, ended.filled_qty) == (State.CANCELED, Decimal(4))
    assert books.reasons == []


def test_hearing_of_many_halts_over_what_contradicts() -> None:
    books = Books(_ours(State.LIVE))

    [kept] = hear_all(books.desk, [(books.held, _report("open", 11))], source="poll")

    assert kept == books.held
    assert len(books.reasons) == 1


@pytest.mark.parametrize("state", sorted(FATE_OPEN))
def test_what_is_the_echo_of_what_was_sent_is_adopted(state: State) -> None:
    books = Books(_ours(state))

    adopted = books.hears(_report("open", 3))

    assert (adopted.state, adopted.kraken_order_id) == (State.LIVE, NAME)
    assert adopted.filled_qty == Decimal(3)


@pytest.mark.parametrize("state", sorted(FATE_OPEN))
@pytest.mark.parametrize(
    "changes",
    [
        {"pair": "ETHUSD"},
        {"side": Side.SELL},
        {"order_type": "market", "limit_price": None},
        {"qty": Qty(Decimal(11))},
        {"limit_price": LIMIT + 1},
        {"trigger_price": LIMIT},
        {"close_description": "close position @ limit 60000.0"},
    ],
)
def test_f_sub_11_what_differs_in_any_part_is_left_to_a_person(
    state: State, changes: dict[str, Any]
) -> None:
    books = Books(_ours(state))

    left = books.hears(_report(**changes))

    assert (left.state, left.kraken_order_id) == (State.MANUAL, None)
    assert len(books.reasons) == (0 if state is State.MANUAL else 1)


def test_f_sub_11_the_halt_names_both_sides() -> None:
    books = Books(_ours(State.UNKNOWN))

    books.hears(_report(qty=Qty(Decimal(11))))

    [reason] = books.reasons
    assert "buy 10 XBTUSD limit, limit 50000" in reason
    assert "buy 11 XBTUSD limit, limit 50000" in reason
    assert NAME in reason


STOP = Trigger(price=Price(Decimal(49_000)))
STOPPED = {"order_type": "stop-loss", "trigger": STOP}


@pytest.mark.parametrize(("told", "state"), [(49_000, State.LIVE), (48_999, State.MANUAL)])
def test_what_fires_a_stop_is_a_part_of_it(told: int, state: State) -> None:
    books = Books(_ours(State.UNKNOWN, **STOPPED))
    shown: dict[str, Any] = {
        "order_type": "stop-loss",
        "limit_price": None,
        "trigger_price": Decimal(told),
    }

    assert books.hears(_report(**shown)).state is state


def test_a_stop_that_is_known_by_its_id_may_be_told_without_what_fires_it() -> None:
    books = Books(_ours(State.LIVE, **STOPPED))

    heard = books.hears(_report("open", 1, order_type="stop-loss", limit_price=None))

    assert heard.filled_qty == Decimal(1)
    assert books.reasons == []


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("close position @ stop loss 45000.0 -> limit 44000.0", State.LIVE),
        ("close position @ stop loss 45000.0 -> limit 44001.0", State.MANUAL),
        ("", State.LIVE),
    ],
)
def test_a_conditional_close_is_compared_where_it_is_told(told: str, state: State) -> None:
    close = Close(
        order_type="stop-loss-limit",
        trigger_price=Price(Decimal(45_000)),
        limit_price=Price(Decimal(44_000)),
    )
    books = Books(_ours(State.UNKNOWN, close=close))

    assert books.hears(_report(close_description=told)).state is state


def test_f_evt_9_more_than_was_ordered_halts_and_changes_nothing() -> None:
    books = Books(_ours(State.LIVE))
    before = books.held

    assert books.hears(_report("open", 11)) == before
    assert len(books.reasons) == 1


def test_u_dup_7_a_page_that_lags_turns_nothing_back() -> None:
    books = Books(_ours(State.LIVE))
    filled = books.hears(_report("closed", 10))

    assert books.hears(_report("open", 4), source="poll") == filled
    assert books.reasons == []


def test_f_can_4_a_fill_that_is_told_after_the_end_is_kept() -> None:
    books = Books(_ours(State.CANCELING))
    books.hears(_report("canceled", 4))

    ended = books.hears(_report("canceled", 6))

    assert (ended.state, ended.filled_qty) == (State.CANCELED, Decimal(6))


def test_what_is_closed_with_a_part_of_it_filled_is_canceled() -> None:
    books = Books(_ours(State.LIVE))

    ended = books.hears(_report("closed", 4))

    assert (ended.state, ended.filled_qty) == (State.CANCELED, Decimal(4))
    assert books.reasons == []


def test_f_can_2_that_it_filled_outdoes_that_it_was_canceled() -> None:
    books = Books(_ours(State.CANCELING))
    books.hears(_report("canceled", 4))

    assert books.hears(_report("closed", 10)).state is State.FILLED


def test_f_sub_20_what_was_written_off_is_back_with_a_halt_that_tells_the_story() -> None:
    books = Books(_ours(State.WRITTEN_OFF, kraken_order_id=None))

    back = books.hears(_report("closed", 10))

    assert (back.state, back.filled_qty) == (State.FILLED, Decimal(10))
    [reason] = books.reasons
    assert "was written off and is there as" in reason


@pytest.mark.parametrize("state", [State.ABSENT, State.REJECTED, State.WITHDRAWN])
def test_what_never_was_there_and_is_shown_halts(state: State) -> None:
    books = Books(_ours(state, kraken_order_id=None))

    assert books.hears(_report("open")).state is state
    assert len(books.reasons) == 1


def test_an_order_before_its_change_may_show_for_a_while() -> None:
    books = Books(_ours(State.AMENDING, amending=Amendment(qty=Qty(Decimal(6)))))
    changed = books.hears(_report(qty=Qty(Decimal(6))))
    assert (changed.state, changed.qty) == (State.LIVE, Decimal(6))
    assert books.told[-1].amendment == Amendment(qty=Qty(Decimal(10)), limit_price=Price(LIMIT))

    assert books.hears(_report()) == changed
    assert books.reasons == []
    books.now += OLD_TERMS_SHOW + timedelta(seconds=1)
    books.hears(_report(), source="poll")

    assert len(books.reasons) == 1


def test_an_order_before_the_last_of_several_changes_may_show_too() -> None:
    books = Books(_ours(State.LIVE))
    for qty in (8, 6):
        wish = Amendment(qty=Qty(Decimal(qty)))
        books.held = replace(books.held, state=State.AMENDING, amending=wish)
        books.hears(_report(qty=Qty(Decimal(qty))))

    assert books.hears(_report(), _report(qty=Qty(Decimal(8)))).qty == Decimal(6)
    assert books.reasons == []


def test_a_change_that_nobody_asked_for_halts() -> None:
    books = Books(_ours(State.LIVE))

    assert books.hears(_report(qty=Qty(Decimal(6))), source="poll").qty == Decimal(10)
    assert len(books.reasons) == 1


@pytest.mark.parametrize("status", ["open", "canceled"])
def test_what_the_stream_has_of_before_a_change_is_left_to_the_poll(status: str) -> None:
    books = Books(_ours(State.LIVE))

    assert books.hears(_report(status, qty=Qty(Decimal(6)))) == _ours(State.LIVE)
    assert books.reasons == []


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [("canceled", 2, State.CANCELED), ("closed", 6, State.CANCELED), ("closed", 10, State.FILLED)],
)
def test_l_1_an_order_that_somebody_changed_there_ends_in_our_books_when_it_ended(
    status: str, filled: int, state: State
) -> None:
    books = Books(_ours(State.LIVE))
    dearer = Price(LIMIT + 1)
    assert books.hears(_report(limit_price=dearer), source="poll").state is State.LIVE
    report = _report(status, filled, qty=Qty(Decimal(max(6, filled))), limit_price=dearer)

    ended = books.hears(report, source="poll")

    assert (ended.state, ended.filled_qty) == (state, Decimal(filled))
    assert len(books.reasons) == 2
    assert books.hears(report, source="poll") == ended
    assert len(books.reasons) == 2


@pytest.mark.parametrize(
    ("status", "filled", "ends"), [("canceled", 12, State.CANCELED), ("closed", 15, State.FILLED)]
)
@pytest.mark.parametrize("state", [State.LIVE, State.AMENDING, State.CANCELING, State.WRITTEN_OFF])
def test_l_1_an_order_that_somebody_enlarged_is_what_it_filled_when_it_ended(
    state: State, status: str, filled: int, ends: State
) -> None:
    books = Books(_ours(state))
    fifteen = Qty(Decimal(15))
    assert books.hears(_report("open", 11, qty=fifteen), source="poll").state is state

    ended = books.hears(_report(status, filled, qty=fifteen), source="poll")

    assert (ended.state, ended.qty, ended.filled_qty) == (ends, Decimal(filled), Decimal(filled))
    [enlarged] = [each for each in books.told if each.fact is Fact.ENLARGED_SEEN]
    assert enlarged.amendment == Amendment(qty=Qty(Decimal(10)))
    assert "sent as buy 10 XBTUSD limit" in enlarged.detail
    assert books.hears(_report(status, filled, qty=fifteen), source="poll") == ended


def test_f_evt_9_no_order_is_believed_to_have_filled_more_than_it_was_enlarged_to() -> None:
    books = Books(_ours(State.LIVE))

    seen = books.hears(_report("closed", 12, qty=Qty(Decimal(11))), source="poll")

    assert seen == _ours(State.LIVE)
    assert len(books.reasons) == 1


def test_f_evt_8_a_status_that_is_new_ends_nothing_and_halts() -> None:
    books = Books(_ours(State.LIVE))

    assert books.hears(_report("vanished")).state is State.LIVE
    assert "'vanished' is unknown" in books.reasons[0]


def test_who_was_slower_writes_what_is_still_news() -> None:
    books = Books(_ours(State.LIVE), faster=TRIES - 1)

    assert books.hears(_report("open", 3)).filled_qty == Decimal(3)


def test_who_is_slower_every_time_leaves_it_to_the_next_poll() -> None:
    books = Books(_ours(State.LIVE), faster=TRIES)

    assert books.hears(_report("open", 3)).filled_qty == Decimal(0)
    assert books.reasons == []


def test_an_order_that_waits_for_a_person_already_is_not_halted_over_again() -> None:
    books = Books(_ours(State.MANUAL))

    contradict(books.desk, books.held, "two of one name", source="search")

    assert books.reasons == []
    assert books.held.version == 0
