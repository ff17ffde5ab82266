from decimal import Decimal

import pytest

from kraken_pipeline.services.backtest.nav import Curve
from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR, flat


def test_equity_follows_the_closes_of_what_is_held() -> None:
    tape = Tape(flat(100.0, 110.0, 120.0, 90.0))
    curve = Curve(tape, since=BEGUN, cash=Decimal(1000))

    curve.reach((BEGUN + HOUR).timestamp())
    curve.changed(cash=Decimal(800), held={0: Decimal(2)})
    curve.reach((BEGUN + 4 * HOUR).timestamp())

    assert curve.equity[curve.rows].tolist() == [1000, 1040, 980, 980]
    assert curve.exposure[curve.rows].tolist() == [0, 240, 180, 180]


def test_the_fall_is_measured_from_the_highest_of_a_day() -> None:
    tape = Tape(flat(*[100.0] * 2, 50.0, 50.0))
    curve = Curve(tape, since=BEGUN, cash=Decimal(0))
    curve.changed(cash=Decimal(0), held={0: Decimal(1)})

    curve.reach((BEGUN + 4 * HOUR).timestamp())

    assert curve.fall(50.0) == pytest.approx(0.5)
    assert curve.fall(25.0) == pytest.approx(0.75)
    assert curve.fall(200.0) == 0.0


def test_a_day_later_the_fall_is_forgotten_but_not_that_of_all_time() -> None:
    tape = Tape(flat(*[100.0] * 2, *[50.0] * 40))
    curve = Curve(tape, since=BEGUN, cash=Decimal(0))
    curve.changed(cash=Decimal(0), held={0: Decimal(1)})

    curve.reach((BEGUN + 40 * HOUR).timestamp())

    assert curve.fall(50.0) == 0.0
    assert curve.fall_of_all_time(50.0) == pytest.approx(0.5)


def test_a_curve_begins_where_the_run_does() -> None:
    tape = Tape(flat(*[100.0] * 10))
    curve = Curve(tape, since=BEGUN + 3 * HOUR, cash=Decimal(5))

    curve.reach((BEGUN + 5 * HOUR).timestamp())

    assert (curve.rows.start, curve.rows.stop) == (3, 5)


def test_a_fall_that_was_over_in_between_is_told_once() -> None:
    tape = Tape(flat(100.0, 100.0, 60.0, 100.0, 100.0))
    curve = Curve(tape, since=BEGUN, cash=Decimal(0))
    curve.changed(cash=Decimal(0), held={0: Decimal(1)})

    curve.reach((BEGUN + 5 * HOUR).timestamp())

    assert curve.deepest(0.5) == 0.0
    curve = Curve(tape, since=BEGUN, cash=Decimal(0))
    curve.changed(cash=Decimal(0), held={0: Decimal(1)})
    curve.reach((BEGUN + 5 * HOUR).timestamp())
    assert curve.deepest(0.1) == pytest.approx(0.4)
    assert curve.deepest(0.1) == 0.0
