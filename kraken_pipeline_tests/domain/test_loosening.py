"""What lets more happen is named; what lets less happen is not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.loosening import WAYS, Value, Way, loosened, way_of

CAP, FLOOR = "risk.max_gross_exposure_pct", "risk.min_cash_reserve_pct"


@pytest.mark.parametrize(
    ("key", "was", "now", "is_looser"),
    [
        (CAP, Decimal(10), Decimal(11), True),
        (CAP, Decimal(10), Decimal(9), False),
        (FLOOR, Decimal(10), Decimal(9), True),
        (FLOOR, Decimal(10), Decimal(11), False),
        ("execution.max_pair_notional_usd", Decimal(10), None, True),
        ("execution.max_pair_notional_usd", None, Decimal(10), False),
        ("risk.max_order_qty.XBTUSD", Decimal(1), None, True),
        ("risk.max_order_qty.XBTUSD", None, Decimal(1), False),
        ("risk.kill_switch_on_drift", True, False, True),
        ("risk.kill_switch_on_drift", False, True, False),
        ("execution.allow_market_orders", False, True, True),
        ("execution.allow_market_orders", True, False, False),
        ("strategies.enabled", ("a",), ("a", "b"), True),
        ("strategies.enabled", ("a", "b"), ("a",), False),
        ("risk.protections", ("a", "b"), ("a",), True),
        ("risk.protections", ("a",), ("a", "b"), False),
    ],
)
def test_a_bound_that_moves_the_wrong_way_is_looser(
    key: str, was: Value, now: Value, *, is_looser: bool
) -> None:
    found = loosened({key: was}, {key: now})

    assert bool(found) is is_looser
    assert all(each.startswith(f"{key} was ") for each in found)


@given(st.sampled_from(sorted(WAYS)), st.integers(0, 99), st.integers(0, 99))
def test_no_change_is_loose_both_ways(key: str, was: int, now: int) -> None:
    if WAYS[key] in {Way.UP, Way.DOWN}:
        there = loosened({key: Decimal(was)}, {key: Decimal(now)})
        back = loosened({key: Decimal(now)}, {key: Decimal(was)})
        assert bool(there) + bool(back) == (was != now)


def test_the_cap_of_a_new_strategy_is_no_cap_that_was_raised() -> None:
    cap = "risk.max_per_strategy_pct.b"

    assert loosened({}, {cap: Decimal(5)}) == ()
    assert loosened({cap: Decimal(5)}, {}) == ()
    assert loosened({cap: Decimal(5)}, {cap: Decimal(6)}) == (f"{cap} was 5 and is 6",)


def test_an_entry_goes_the_way_of_its_setting() -> None:
    assert way_of("risk.max_order_qty.XBTUSD") is Way.UP
