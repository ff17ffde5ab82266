"""How often orders may be touched."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine_limits import (
    ADD,
    AMEND,
    CANCEL,
    EDIT,
    TIERS,
    Cost,
    Counters,
    batch_cost,
)
from kraken_pipeline.simulator.params import RefusedError

NOW = datetime(2026, 10, 1, tzinfo=UTC)
COLUMNS = [(4.999, 0), (5, 1), (9.999, 1), (10, 2), (15, 3), (45, 4), (90, 5), (300, 6), (9e9, 6)]
"""Ages in seconds, and in which column of the published table they stand."""


@pytest.mark.parametrize(
    ("cost", "row"),
    [
        (ADD, [0, 0, 0, 0, 0, 0, 0]),
        (AMEND, [3, 2, 1, 0, 0, 0, 0]),
        (EDIT, [6, 5, 4, 2, 1, 0, 0]),
        (CANCEL, [8, 6, 5, 4, 2, 1, 0]),
    ],
)
def test_the_younger_the_order_the_more_it_costs_to_touch_it(cost: Cost, row: list[int]) -> None:
    for seconds, column in COLUMNS:
        assert cost.of_age(timedelta(seconds=seconds)) == row[column]


def test_the_worked_example_of_the_documents() -> None:
    counters = Counters(TIERS["pro"])
    amended = AMEND.fixed + AMEND.of_age(timedelta(seconds=7))
    canceled = CANCEL.fixed + CANCEL.of_age(timedelta(seconds=36))

    for cost in (ADD.fixed, amended, canceled):
        counters.charge("XXBTZUSD", cost, NOW)

    assert counters.value("XXBTZUSD", NOW) == 8


def test_fifty_adds_and_ten_idle_seconds_leave_what_the_documents_say() -> None:
    counters = Counters(TIERS["intermediate"])
    counters.charge("XXBTZUSD", 50 * ADD.fixed, NOW)

    assert counters.value("XXBTZUSD", NOW + timedelta(seconds=10)) == Decimal("26.6")


@pytest.mark.parametrize(
    ("tier", "threshold"), [("starter", 60), ("intermediate", 125), ("pro", 180)]
)
def test_as_many_orders_at_once_as_the_threshold_says(tier: str, threshold: int) -> None:
    counters = Counters(TIERS[tier])
    for _ in range(threshold):
        counters.check("XXBTZUSD", ADD.fixed, NOW)
        counters.charge("XXBTZUSD", ADD.fixed, NOW)

    with pytest.raises(RefusedError, match="EOrder:Rate limit exceeded"):
        counters.check("XXBTZUSD", ADD.fixed, NOW)
    assert counters.has_room("XETHZUSD", ADD.fixed, NOW)


def test_a_batch_costs_half_of_its_orders() -> None:
    assert batch_cost(15) == Decimal("7.5")


@given(
    tier=st.sampled_from(sorted(TIERS)),
    steps=st.lists(
        st.tuples(st.integers(0, 90_000_000), st.sampled_from([0, 1, 3, 8, 40])), max_size=30
    ),
)
def test_a_counter_is_what_was_charged_less_what_decayed_and_never_below_zero(
    tier: str, steps: list[tuple[int, int]]
) -> None:
    counters, now = Counters(TIERS[tier]), NOW
    naive = Fraction(0)
    for microseconds, cost in steps:
        now += timedelta(microseconds=microseconds)
        counters.charge("XXBTZUSD", cost, now)

        decayed = Fraction(TIERS[tier].decay) * Fraction(microseconds, 1_000_000)
        naive = max(naive - decayed, Fraction(0)) + cost
        assert Fraction(counters.value("XXBTZUSD", now)) == naive
