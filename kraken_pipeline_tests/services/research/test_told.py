from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from kraken_pipeline.services.research.days import Course
from kraken_pipeline.services.research.told import luck_of, tell
from kraken_pipeline_tests.services.research.runs import BEGUN, DAYS, daily, ran, trip

NOTHING = Course(at=np.array([], dtype=np.int64), equity=np.array([]), exposure=np.array([]))


def test_days_performance_and_costs_are_those_of_the_account() -> None:
    found = tell(ran(), None)

    assert len(found.days) == DAYS
    assert found.performance is not None
    assert found.performance.gained == pytest.approx(Decimal("0.06"), abs=Decimal("0.004"))
    assert (found.performance.traded, found.performance.fees) == (Decimal(200), Decimal("0.52"))
    assert found.exposed == pytest.approx(Decimal("0.25"), abs=Decimal("0.001"))


def test_round_trips_are_told_by_book_and_by_pair() -> None:
    found = tell(ran(), None)

    assert found.tally.trades == 2
    assert list(found.by_book) == ["trend_core@1h"]
    assert {name: each.profit for name, each in found.by_pair.items()} == {
        "ETHUSD": -4,
        "XBTUSD": 10,
    }


def test_what_was_bought_at_first_and_held_stands_beside() -> None:
    found = tell(ran(fee=Decimal("0.01")), daily(100, 120, 90, 110))

    assert found.held is not None
    assert found.held.gained == Decimal("0.089")
    assert found.held.fallen == Decimal("0.25")
    assert found.held.days[0] == (date(2023, 12, 31), Decimal(990))


def test_luck_is_drawn_from_the_seed_of_the_run() -> None:
    found, again = (luck_of(tell(ran(), None)) for _ in range(2))

    assert found == again
    assert found.chance is not None
    assert found.chance > 0.9
    assert found.worse is not None
    assert found.redrawn is not None
    assert found.worse.grown[50] < found.redrawn.grown[95]


def test_too_little_to_judge_is_said_and_why_pairs_may_be_survivors() -> None:
    few = tell(ran(survivors="the pairs are those of today"), None)
    none = tell(ran(trips=(), course=NOTHING), None)

    assert "the pairs are those of today" in few.notes
    assert any("2 round trips are too few" in each for each in few.notes)
    assert any("nothing to judge" in each for each in none.notes)
    assert (none.performance, none.sample) == (None, None)
    assert luck_of(none).reordered is None


def test_a_fall_within_a_day_is_told_where_it_was_deeper_than_between_days() -> None:
    course = ran().course
    dipped = course.equity.copy()
    dipped[30] = dipped[:30].max() * 0.8

    found = tell(ran(course=replace(course, equity=dipped)), None)

    assert any("at a close within a day it was 20.00 %" in each for each in found.notes)
    assert not any("within a day" in each for each in tell(ran(), None).notes)


def test_enough_trades_and_days_need_no_excuse() -> None:
    many = [trip(hour * 10, "1") for hour in range(40)]

    assert len(tell(ran(trips=tuple(many)), None).notes) == 1


def test_a_trade_that_lost_more_than_there_was_draws_no_luck() -> None:
    assert luck_of(tell(ran(trips=(trip(1, "-2000"),)), None)).redrawn is None


def test_the_days_end_when_the_run_ends() -> None:
    assert tell(ran(), None).days[-1].day == (BEGUN + timedelta(days=DAYS - 1)).date()


def test_other_trials_of_its_strategies_count_against_a_run() -> None:
    told = tell(ran(), None)

    assert luck_of(told).deflated is None
    found = luck_of(told, [0.1, -0.1, 0.3]).deflated
    assert found is not None
    assert found.trials == 4
