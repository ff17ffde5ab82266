"""F-GRD, F-EXC-3: nothing rests at the exchange that nobody looks after (DMS-1 to DMS-6)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from kraken_pipeline.domain.errors import OutcomeUnknownError, UnreachableError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.switch import OFF, Keeper, Life, SwitchReport, Window
from kraken_pipeline.kraken.guard import Guard
from kraken_pipeline.services.protection.guard import (
    GuardDesk,
    is_guarded,
    needs_tending,
    stand_down,
    tend,
)
from kraken_pipeline.services.protection.guardian import Guardian
from kraken_pipeline_tests.services.candles import SHY_DIP
from kraken_pipeline_tests.services.paper import Paper

LOW = "49000"
"""A limit at which a buy rests for the hour."""
TIMEOUT, INTERVAL = 60, 20


@dataclass
class Line:
    """The guard's line, which may be cut, or lose what comes back."""

    guard: Guard
    error: type[Exception] | None = None
    arrives: bool = False

    def cancel_all_after(self, seconds: int) -> SwitchReport:
        report = None
        if self.error is None or self.arrives:
            report = self.guard.cancel_all_after(seconds)
        if self.error is not None:
            raise self.error("the line is cut")
        assert report is not None
        return report


class Watched:
    """An account with a guardian, and an order service that lives or does not."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.line = Line(Guard(paper.line))
        self.keeper = Keeper.GUARDIAN
        self.lives = True
        self.settles = True
        self._silent = timedelta(0)
        self._unsettled = timedelta(0)
        self.guardian = Guardian(self.desk(is_guardian=True), life=self.life)

    def desk(self, **changes: Any) -> GuardDesk:  # noqa: ANN401 - fields of the desk
        usual = {"keeper": lambda: self.keeper, "timer": lambda: self.line}
        return self.paper.guard_desk(**{**usual, **changes})

    def submit(self, **changes: Any) -> object:  # noqa: ANN401 - fields of the desk
        return self.paper.submit(is_guarded=self.guarded(**changes))

    def guarded(self, **changes: Any) -> Callable[[Order], bool]:  # noqa: ANN401 - as above
        return lambda order: is_guarded(self.desk(**changes), order)

    def life(self) -> Life:
        return Life(beat_age=self._silent, settled_age=self._unsettled, epoch=1)

    def pass_seconds(self, seconds: int, *, guarded: bool = True) -> list[str]:
        """Let time pass, second by second; return what the guardian said."""
        said = []
        for _ in range(seconds):
            self.paper.turn(seconds=1)
            step = timedelta(seconds=1)
            self._silent = timedelta(0) if self.lives else self._silent + step
            self._unsettled = timedelta(0) if self.settles else self._unsettled + step
            said += [self.guardian.step()] if guarded else []
        return said

    @property
    def timer_seconds(self) -> float | None:
        """Until the exchange's own timer runs out; None where it is off."""
        timer = self.paper.exchange.account.timer
        return None if timer is None else (timer - self.paper.clock()).total_seconds()

    @property
    def open_there(self) -> int:
        self.paper.exchange.advance()
        return len(self.paper.exchange.account.open)

    @property
    def halts(self) -> list[HaltKind]:
        return [each.kind for each in self.paper.stores.halts.latched()]


@pytest.fixture
def watched(desk: Paper) -> Watched:
    return Watched(desk)


def _rest(watched: Watched, **changes: Any) -> Order:  # noqa: ANN401 - fields of the order
    order = watched.paper.planned(limit=LOW, **changes)
    assert watched.submit() == {State.LIVE: 1}
    return order


def test_f_grd_1_the_order_service_is_killed_and_its_orders_go(watched: Watched) -> None:
    order = _rest(watched)
    watched.pass_seconds(65)
    assert watched.open_there == 1

    watched.lives = False
    said = watched.pass_seconds(INTERVAL + TIMEOUT + 5)

    assert "no sign of life" in said[-1]
    assert watched.open_there == 0
    watched.paper.settle()
    assert watched.paper.now_of(order).state is State.CANCELED


def test_while_both_live_the_switch_is_renewed_every_interval_and_never_fires(
    watched: Watched,
) -> None:
    _rest(watched)
    left = []
    for _ in range(100):
        watched.pass_seconds(3)
        left.append(watched.timer_seconds or 0)

    assert watched.open_there == 1
    assert min(left) >= TIMEOUT - INTERVAL - 4
    assert watched.halts == []


def test_f_grd_2_an_order_service_that_is_frozen_is_as_good_as_dead(watched: Watched) -> None:
    # its daemon still comes by, but its runs hang: no order is compared with the exchange
    _rest(watched)
    watched.settles = False

    said = watched.pass_seconds(180 + TIMEOUT + 5)

    assert "not looked at" in said[-1]
    assert watched.open_there == 0


def test_f_grd_3_the_guardian_is_killed_and_nothing_opens_until_it_is_back(
    watched: Watched,
) -> None:
    order = _rest(watched)
    watched.keeper = Keeper.LOST
    tend(watched.desk())
    assert watched.halts == [HaltKind.GUARD]

    watched.pass_seconds(TIMEOUT + 1, guarded=False)
    assert watched.open_there == 0
    watched.paper.planned(limit=LOW)
    assert watched.submit() == {"waiting": 1}
    tend(watched.desk())
    assert watched.paper.now_of(order).state is State.CANCELED
    assert watched.halts == [HaltKind.GUARD]

    watched.keeper = Keeper.GUARDIAN
    watched.pass_seconds(2)
    assert watched.halts == []


def test_what_reduces_goes_also_without_the_guardian(watched: Watched) -> None:
    watched.paper.planned(limit="50250")
    watched.submit()
    watched.keeper = Keeper.LOST
    tend(watched.desk())

    watched.paper.planned(limit="51500", side=Side.SELL)

    assert watched.submit() == {State.LIVE: 1}


@pytest.mark.parametrize("arrives", [True, False])
def test_f_grd_4_a_renewal_without_an_answer_counts_as_armed_to_the_earliest_firing(
    watched: Watched, *, arrives: bool
) -> None:
    order = _rest(watched)
    first = watched.guardian.switch()
    watched.line.error, watched.line.arrives = OutcomeUnknownError, arrives
    watched.pass_seconds(INTERVAL + 2)
    unheard = watched.guardian.switch()

    assert unheard.armed_until == unheard.may_fire_at == first.armed_until
    assert watched.halts == [HaltKind.GUARD]
    watched.pass_seconds(TIMEOUT - INTERVAL - 1)
    # in doubt the exchange was asked: what rests there still rests in the books
    state = watched.paper.now_of(order).state
    assert state is (State.LIVE if arrives else State.CANCELED)


def test_a_line_that_comes_back_clears_the_halt_by_itself(watched: Watched) -> None:
    _rest(watched)
    watched.line.error = UnreachableError
    watched.pass_seconds(INTERVAL + 2)
    assert watched.halts == [HaltKind.GUARD]
    watched.line.error = None

    watched.pass_seconds(2)

    assert watched.halts == []
    assert watched.timer_seconds == TIMEOUT - 1 or watched.timer_seconds == TIMEOUT


def test_f_grd_5_after_a_cut_of_ninety_seconds_nothing_is_taken_as_alive_or_sent_again(
    watched: Watched,
) -> None:
    order = _rest(watched)
    real = watched.guardian
    dead = watched.desk(is_guardian=True, prove=_unreachable)
    watched.guardian = Guardian(dead, life=watched.life)
    watched.line.error = UnreachableError
    watched.pass_seconds(90)
    assert watched.paper.now_of(order).state is State.LIVE

    watched.line.error, watched.guardian = None, real
    watched.pass_seconds(2)

    assert watched.paper.now_of(order).state is State.CANCELED
    assert watched.submit() == {}
    assert watched.paper.orders_there() == [order.cl_ord_id]
    assert (watched.halts, watched.guardian.switch().may_fire_at) == ([], None)


def _unreachable() -> object:
    raise UnreachableError("the line is cut")


def test_f_grd_6_a_fill_that_the_firing_raced_is_booked(watched: Watched) -> None:
    watched.paper.turn_to(SHY_DIP - 1)
    order = watched.paper.planned(limit="49500")
    watched.submit()
    watched.keeper = Keeper.LOST

    watched.pass_seconds(TIMEOUT + 2, guarded=False)
    tend(watched.desk())
    watched.paper.book()

    ended = watched.paper.now_of(order)
    assert ended.state is State.CANCELED
    assert 0 < ended.filled_qty < ended.qty
    assert watched.paper.held()["trend@1h", "XBTUSD"] == ended.filled_qty
    assert watched.paper.balances_agree()


def test_f_exc_3_an_engine_that_returns_with_the_switch_armed_takes_the_orders_along(
    watched: Watched,
) -> None:
    watched.keeper = Keeper.SCHEDULE
    order = _rest(watched)
    watched.paper.exchange.set_system("maintenance")
    watched.paper.turn(minutes=20)
    tend(watched.desk())
    assert watched.halts == [HaltKind.GUARD]
    assert watched.paper.now_of(order).state is State.LIVE

    watched.paper.exchange.set_system("online")
    tend(watched.desk())

    assert watched.open_there == 0
    assert watched.paper.now_of(order).state is State.CANCELED
    assert watched.halts == []
    watched.paper.book()
    watched.paper.wants("XBTUSD")
    assert watched.paper.assess()["XBTUSD"].approved


def test_f_exc_1_before_an_announced_maintenance_nothing_is_left_that_could_fire_after_it(
    watched: Watched,
) -> None:
    watched.keeper = Keeper.SCHEDULE
    order = _rest(watched)
    begins = watched.paper.clock() + timedelta(minutes=12)
    windows = (Window(begins=begins, ends=begins + timedelta(minutes=5)),)
    tend(watched.desk(windows=windows))
    assert watched.open_there == 1

    watched.paper.turn(minutes=3)
    tend(watched.desk(windows=windows))

    assert watched.paper.now_of(order).state is State.CANCELED
    assert (watched.timer_seconds, watched.halts) == (None, [HaltKind.GUARD])
    watched.paper.planned(limit=LOW)
    assert watched.submit(windows=windows) == {"waiting": 1}
    watched.paper.turn(minutes=14)
    tend(watched.desk(windows=windows))
    assert watched.halts == []


def test_dms_2_the_first_order_that_rests_waits_until_the_switch_is_confirmed(
    watched: Watched,
) -> None:
    watched.line.error = OutcomeUnknownError
    order = watched.paper.planned(limit=LOW)
    assert watched.submit() == {"waiting": 1}
    assert watched.open_there == 0

    watched.line.error = None
    assert watched.submit() == {State.LIVE: 1}
    assert watched.timer_seconds == TIMEOUT
    assert watched.paper.now_of(order).state is State.LIVE


@pytest.mark.parametrize("changes", [{"time_in_force": "IOC"}, {"limit": "50250"}])
def test_the_switch_is_off_once_nothing_rests_any_more(
    watched: Watched, changes: dict[str, str]
) -> None:
    watched.paper.planned(**{"limit": LOW, **changes})
    watched.submit()
    watched.paper.settle()

    tend(watched.desk(is_guardian=True))

    assert watched.timer_seconds is None
    assert not needs_tending(watched.desk(is_guardian=True))


def test_dms_5_where_only_stops_rest_the_switch_is_off_unless_they_shall_go_too(
    watched: Watched,
) -> None:
    stop = replace(watched.paper.planned(side=Side.SELL, limit="48000"), order_type="stop-loss")

    assert is_guarded(watched.desk(), stop)
    assert watched.timer_seconds is None
    assert is_guarded(watched.desk(spares_stops=False), stop)
    assert watched.timer_seconds == TIMEOUT


def test_dms_6_orders_that_are_not_ours_are_named_when_it_is_armed(watched: Watched) -> None:
    fields = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    watched.paper.call("AddOrder", {**fields, "price": LOW})

    _rest(watched)

    [foreign] = watched.guardian.switch().foreign
    assert "buy 0.01000000 XBTUSD" in foreign


def test_shd_1_standing_down_cancels_ours_proves_it_and_leaves_what_is_not_ours(
    watched: Watched,
) -> None:
    order = _rest(watched)
    fields = {"ordertype": "limit", "type": "buy", "volume": "0.01", "pair": "XBTUSD"}
    watched.paper.call("AddOrder", {**fields, "price": LOW})

    assert stand_down(watched.desk()) == ()

    assert watched.paper.now_of(order).state is State.CANCELED
    assert (watched.open_there, watched.timer_seconds) == (1, None)


def test_a_guardian_that_leaves_hands_over_where_somebody_lives_and_cancels_where_nobody_does(
    watched: Watched,
) -> None:
    _rest(watched)
    assert watched.guardian.leave().handed_over
    assert watched.timer_seconds == 600

    watched.lives = False
    watched.pass_seconds(30, guarded=False)
    left = watched.guardian.leave()

    assert (left.handed_over, left.still_there) == (False, ())
    assert watched.open_there == 0
    assert watched.timer_seconds is None


def test_while_somebody_sends_the_switch_is_not_turned_off(watched: Watched) -> None:
    watched.paper.planned(limit="50250")
    watched.submit()
    watched.paper.settle()
    sender = watched.paper.submit_desk()
    watched.paper.stores.orders.take_lease(
        "orders-trade", owner="a sender", now=watched.paper.clock(), length=sender.lease
    )

    tend(watched.desk(is_guardian=True))

    assert watched.timer_seconds == TIMEOUT


def test_without_a_switch_nothing_is_asked_and_nothing_waits(watched: Watched) -> None:
    terms = {each: replace(watched.desk().terms[each], timeout=timedelta(0)) for each in Keeper}
    watched.line.error = OutcomeUnknownError
    watched.paper.planned(limit=LOW)

    assert watched.submit(terms=terms) == {State.LIVE: 1}
    assert tend(watched.desk(terms=terms)) == OFF
