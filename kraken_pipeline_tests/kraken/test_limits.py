from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.kraken.limits import (
    HEADROOM,
    LONGEST_FLIGHT_SECONDS,
    ORPHAN_SECONDS,
    SLACK,
    TIERS,
    Counter,
    Flight,
    Lane,
    headroom,
    lane_of,
    rest_cost,
)
from kraken_pipeline.simulator import rest_limits

STARTER = TIERS["starter"]
DECAY, MOST = STARTER.rest_decay, STARTER.rest_most
START = datetime(2026, 11, 2, tzinfo=UTC)


def flight(cost: float, since: float = 0, pid: int = 1) -> Flight:
    return Flight(cost=cost, since=since, pid=pid)


@pytest.mark.parametrize(
    ("method", "lane", "cost"),
    [
        ("Balance", Lane.READ, 1),
        ("Ledgers", Lane.READ, 2),
        ("ClosedOrders", Lane.READ, 2),
        ("GetWebSocketsToken", Lane.READ, 1),
        ("never heard of", Lane.READ, 1),
        ("AddOrder", Lane.ORDER, 0),
        ("AmendOrder", Lane.ORDER, 0),
        ("CancelOrder", Lane.GUARD, 0),
        ("CancelAllOrdersAfter", Lane.GUARD, 0),
    ],
)
def test_each_method_has_a_lane_and_a_cost(method: str, lane: Lane, cost: int) -> None:
    assert (lane_of(method), rest_cost(method)) == (lane, cost)


def test_later_pages_of_a_history_leave_room_for_a_look_at_the_whole_account() -> None:
    assert headroom("Ledgers", {"ofs": "50"}) == HEADROOM
    assert headroom("Ledgers", {"ofs": "0"}) == 0
    assert headroom("Ledgers", {}) == 0
    assert headroom("Balance", {"ofs": "50"}) == 0


@pytest.mark.parametrize("tier", TIERS.values())
def test_every_tier_has_room_for_a_page_beside_a_reconcile(tier: object) -> None:
    assert HEADROOM + SLACK + rest_cost("Ledgers") <= min(each.rest_most for each in TIERS.values())


def test_what_is_on_its_way_does_not_fall() -> None:
    counter = Counter()
    counter.depart("a", flight(4))

    assert counter.standing(1000, DECAY) == 4


def test_what_arrived_falls_from_when_its_answer_came() -> None:
    counter = Counter()
    counter.depart("a", flight(4))
    counter.land("a", now=10, decay=DECAY)

    assert counter.standing(10, DECAY) == 4
    assert counter.standing(13, DECAY) == pytest.approx(4 - 3 * DECAY)
    assert counter.standing(100, DECAY) == 0


def test_what_never_left_counts_nothing() -> None:
    counter = Counter()
    counter.depart("a", flight(4))
    counter.land("a", now=1, decay=DECAY, counts=False)

    assert counter.standing(1, DECAY) == 0


def test_what_a_dead_process_sent_is_taken_for_arrived_after_a_while() -> None:
    counter = Counter()
    counter.depart("a", flight(4))
    for now in (5, 5 + ORPHAN_SECONDS, 6 + ORPHAN_SECONDS):
        counter.sweep(now=now, decay=DECAY, alive=lambda pid: False)
        assert counter.standing(now, DECAY) == 4

    assert not counter.flights


def test_what_a_process_forgot_is_taken_for_arrived_in_the_end() -> None:
    counter = Counter()
    counter.depart("a", flight(4))
    counter.sweep(now=LONGEST_FLIGHT_SECONDS, decay=DECAY, alive=lambda pid: True)
    assert counter.flights
    counter.sweep(now=LONGEST_FLIGHT_SECONDS + 1, decay=DECAY, alive=lambda pid: True)

    assert not counter.flights


def test_after_the_wait_that_was_named_there_is_room() -> None:
    counter = Counter()
    counter.add(14, now=0, decay=DECAY)
    wait = counter.wait(3, now=0, decay=DECAY, most=MOST)

    assert wait == pytest.approx(2 / DECAY)
    assert counter.wait(3, now=wait + 1e-9, decay=DECAY, most=MOST) == 0


def test_a_clock_that_steps_back_lets_nothing_fall() -> None:
    counter = Counter()
    counter.add(5, now=100, decay=DECAY)

    assert counter.standing(50, DECAY) == 5


@dataclass
class Wire:
    """Client and exchange with a way between them: what each counts of the same calls."""

    model: Counter = field(default_factory=Counter)
    exchange: rest_limits.Counter = field(
        default_factory=lambda: rest_limits.Counter(rest_limits.Budget(10**9, DECAY), START)
    )
    now: float = 0

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.compare()

    def compare(self) -> None:
        there = self.exchange.count(START + timedelta(seconds=self.now))
        assert self.model.standing(self.now, DECAY) >= there - 1e-4

    def call(self, number: int, cost: int, there: float, back: float) -> None:
        self.model.depart(str(number), flight(cost, self.now))
        self.passes(there)
        self.exchange.spend(cost, START + timedelta(seconds=self.now))
        self.passes(back)
        self.model.land(str(number), now=self.now, decay=DECAY)
        self.compare()


SECONDS = st.floats(0, 20, allow_nan=False)


@given(calls=st.lists(st.tuples(SECONDS, st.integers(1, 4), SECONDS, SECONDS), max_size=30))
def test_the_model_is_never_below_what_the_exchange_counts(
    calls: list[tuple[float, int, float, float]],
) -> None:
    wire = Wire()
    for number, (pause, cost, there, back) in enumerate(calls):
        wire.passes(pause)
        wire.call(number, cost, there, back)


@pytest.mark.parametrize("name", list(TIERS))
def test_both_sides_have_the_same_tiers_from_their_own_readings(name: str) -> None:
    there = rest_limits.BUDGETS[rest_limits.Tier(name)]

    assert (TIERS[name].rest_most, TIERS[name].rest_decay) == (there.most, there.decay)
    assert Decimal(rest_cost("Ledgers")) == rest_limits.cost("Ledgers")
