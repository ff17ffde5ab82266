"""Counters of calls."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.rest_limits import (
    BUDGETS,
    LONGEST_SECONDS,
    Counter,
    PublicCounters,
    Tier,
    cost,
)

NOW = datetime(2026, 10, 1, tzinfo=UTC)
STARTER = BUDGETS[Tier.STARTER]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("method", "calls"),
    [("Ledgers", 2), ("ClosedOrders", 2), ("AddOrder", 0), ("CancelAll", 0), ("Balance", 1)],
)
def test_history_counts_double_and_orders_nothing(method: str, calls: int) -> None:
    assert cost(method) == calls


@pytest.mark.parametrize(("tier", "most"), [("starter", 15), ("intermediate", 20), ("pro", 20)])
def test_a_tier_says_how_many_calls_pass_at_once(tier: str, most: int) -> None:
    counter = Counter(BUDGETS[Tier(tier)], NOW)

    assert [counter.spend(1, NOW) for _ in range(most + 1)] == [True] * most + [False]


def test_the_count_decays_without_end() -> None:
    counter = Counter(STARTER, NOW)
    counter.spend(15, NOW)

    assert counter.count(after(10)) == pytest.approx(15 - 3.3)
    assert counter.count(after(1000)) == 0


def test_calls_made_in_vain_count_too() -> None:
    counter = Counter(STARTER, NOW)
    for _ in range(30):
        counter.spend(1, NOW)

    assert not counter.spend(1, after(4))
    assert counter.spend(1, after(70))


def test_no_one_is_kept_out_for_longer_than_the_longest_span() -> None:
    counter = Counter(STARTER, NOW)
    for _ in range(10_000):
        counter.spend(2, NOW)

    assert not counter.spend(1, after(LONGEST_SECONDS - 5))
    assert Counter(STARTER, NOW).spend(15, NOW)
    assert counter.count(after(2 * LONGEST_SECONDS)) < STARTER.most


def test_what_counts_nothing_passes_a_counter_that_is_full() -> None:
    counter = Counter(STARTER, NOW)
    counter.spend(100, NOW)

    assert counter.spend(0, NOW)


@given(steps=st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 2)), max_size=50))
def test_a_clock_that_goes_back_never_lowers_the_count_or_makes_it_negative(
    steps: list[tuple[float, int]],
) -> None:
    counter, now = Counter(STARTER, NOW), NOW
    for seconds, calls in steps:
        before = counter.count(now)
        now += timedelta(seconds=seconds)

        assert counter.count(now) >= 0
        if seconds <= 0:
            assert counter.count(now) >= before - 1e-9
        counter.spend(calls, now)


def test_public_calls_are_counted_by_caller_and_some_by_pair() -> None:
    counters = PublicCounters()

    def passes(host: str, method: str, pair: str) -> bool:
        return counters.spend(host, method, pair, NOW)

    assert [passes("a", "OHLC", "XXBTZUSD") for _ in range(3)] == [True, True, False]
    assert passes("a", "OHLC", "XETHZUSD")
    assert passes("a", "Ticker", "XXBTZUSD")
    assert not passes("a", "Ticker", "XXBTZUSD")
    assert passes("b", "Ticker", "XXBTZUSD")
    assert counters.spend("a", "OHLC", "XXBTZUSD", after(2))
