"""When faults strike, and what is left to tell of it."""

import threading
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.faults.faults import Faults, Strike
from kraken_pipeline.simulator.faults.kinds import Kind, Point
from kraken_pipeline.simulator.faults.rules import Rule, Seed, rule_of

NOW = datetime(2026, 10, 1, tzinfo=UTC)
CALLS = st.lists(
    st.tuples(st.sampled_from([Point.REQUEST, Point.REPLY]), st.sampled_from(["AddOrder", "Time"])),
    max_size=60,
)
RATES = {Kind.LOST_REPLY: 0.2, Kind.UNAVAILABLE: 0.3, Kind.LATE_REPLY: 0.1}


def struck(faults: Faults, calls: list[tuple[Point, str]]) -> list[Strike | None]:
    return [faults.strike(point, subject, NOW) for point, subject in calls]


def test_nothing_strikes_until_it_is_told() -> None:
    assert Faults().strike(Point.REPLY, "AddOrder", NOW) is None


def test_a_rule_lets_some_occasions_pass_and_strikes_as_often_as_told() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.LOST_REPLY, subject="AddOrder", after=1, times=2))

    found = struck(faults, [(Point.REPLY, "AddOrder")] * 4)

    assert [strike is not None for strike in found] == [False, True, True, False]
    assert faults.pending() == []


def test_only_its_own_occasions_count() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.LOST_REPLY, subject="AddOrder", after=1))

    others = struck(faults, [(Point.REPLY, "Balance"), (Point.REQUEST, "AddOrder")] * 5)
    own = struck(faults, [(Point.REPLY, "AddOrder")] * 2)

    assert others == [None] * 10
    assert own == [None, Strike(kind=Kind.LOST_REPLY)]


def test_of_two_rules_that_are_due_the_second_waits_for_the_next_occasion() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.LOST_REPLY))
    faults.add(Rule(kind=Kind.RESET))

    found = struck(faults, [(Point.REPLY, "AddOrder")] * 3)

    assert found == [Strike(kind=Kind.LOST_REPLY), Strike(kind=Kind.RESET), None]


@given(calls=CALLS, number=st.integers(0, 1000))
def test_the_log_of_a_seed_is_a_script_that_does_the_same(
    calls: list[tuple[Point, str]], number: int
) -> None:
    drawn, told = Faults(), Faults()
    drawn.seed(Seed(number=number, rates=RATES))
    by_seed = struck(drawn, calls)

    for entry in drawn.log():
        told.add(rule_of(entry.rule.script()))

    assert struck(told, calls) == by_seed


@given(calls=CALLS, number=st.integers(0, 1000), order=st.randoms())
def test_a_draw_depends_on_no_call_of_another_kind(
    calls: list[tuple[Point, str]], number: int, order: Random
) -> None:
    first, second = Faults(), Faults()
    shuffled = sorted(calls, key=lambda call: (call, order.random()))
    for faults, made in ((first, calls), (second, shuffled)):
        faults.seed(Seed(number=number, rates=RATES))
        struck(faults, made)

    def alike(faults: Faults) -> list[tuple[str, str, int, Kind]]:
        log = faults.log()
        return sorted((e.point, e.subject, e.rule.after, e.rule.kind) for e in log)

    assert alike(first) == alike(second)


def test_a_seed_strikes_about_as_often_as_its_rate_says() -> None:
    faults = Faults()
    faults.seed(Seed(number=7, rates={Kind.UNAVAILABLE: 0.2}))

    before = struck(faults, [(Point.REQUEST, "Balance")] * 2000)
    after = struck(faults, [(Point.REPLY, "Balance")] * 2000)

    for found in (before, after):
        assert 150 < sum(strike is not None for strike in found) < 250


def test_a_seed_may_be_bound_to_some_methods() -> None:
    faults = Faults()
    bound = frozenset({"AddOrder"})
    faults.seed(Seed(number=1, rates={Kind.LOST_REPLY: 1.0}, subjects=bound))

    assert faults.strike(Point.REPLY, "Balance", NOW) is None
    assert faults.strike(Point.REPLY, "AddOrder", NOW) == Strike(kind=Kind.LOST_REPLY)


def test_clearing_forgets_everything() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.RESET, times=None))
    faults.seed(Seed(number=1, rates={Kind.RESET: 1.0}))
    faults.strike(Point.REPLY, "AddOrder", NOW)

    faults.clear()

    assert (faults.pending(), faults.log()) == ([], [])
    assert faults.strike(Point.REPLY, "AddOrder", NOW) is None


def test_threads_share_the_strikes_of_a_rule() -> None:
    faults = Faults()
    faults.add(Rule(kind=Kind.RESET, times=100))

    def ask() -> None:
        struck(faults, [(Point.REPLY, "AddOrder")] * 100)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(faults.log()) == 100
