from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.allocation import (
    ONE,
    WHOLE,
    Allocation,
    AllocationRules,
    Dynamic,
    Known,
    Share,
    Throttle,
    allocation,
    weights_pct,
)
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import ZERO

FREE = Dynamic(lookback=timedelta(hours=72), min_pct=ZERO, max_pct=Decimal(100))
THROTTLE = Throttle(
    multipliers={
        Mood.RISK_ON: ONE,
        Mood.NEUTRAL: Decimal("0.75"),
        Mood.RISK_OFF: Decimal("0.25"),
        Mood.UNKNOWN: ZERO,
    }
)


def rules(
    dynamic: Dynamic | None = None, throttle: Throttle | None = None, **weights: str
) -> AllocationRules:
    """Return rules under which one trade may lose 10 of an equity of 1000."""
    return AllocationRules(
        weights={name: Decimal(each) for name, each in weights.items()},
        parts={},
        dynamic=dynamic,
        throttle=throttle,
        risk_pct=ONE,
    )


def known(equity: int = 1000, mood: Mood = Mood.RISK_ON, **profits: int) -> Known:
    return Known(
        profits={name: Decimal(each) for name, each in profits.items()},
        equity=Decimal(equity),
        mood=mood,
        reading=None,
    )


def factors(told: AllocationRules, of: Known) -> dict[str, Decimal]:
    return {each: share.factor for each, share in allocation(told, of).shares.items()}


def test_without_weights_results_and_market_everybody_gets_what_he_wants() -> None:
    assert allocation(rules(a="1"), known()).of("a") is WHOLE


def test_a_weight_is_the_part_of_what_is_wanted() -> None:
    assert allocation(rules(a="0.4"), known()).of("a") == Share(
        factor=Decimal("0.4"), why="weight=0.4"
    )


def test_what_no_strategy_wants_is_left_whole() -> None:
    assert allocation(rules(a="0.4"), known()).of("manual") is WHOLE


@pytest.mark.parametrize(
    ("mood", "left"),
    [(Mood.RISK_ON, "1"), (Mood.NEUTRAL, "0.75"), (Mood.RISK_OFF, "0.25"), (Mood.UNKNOWN, "0")],
)
def test_the_market_leaves_as_much_as_is_configured(mood: Mood, left: str) -> None:
    assert factors(rules(throttle=THROTTLE, a="1"), known(mood=mood)) == {"a": Decimal(left)}


def test_without_results_the_weights_are_shared_out_as_they_are_configured() -> None:
    told = rules(FREE, a="0.6", b="0.2")

    assert weights_pct(told, known()) == {"a": Decimal(75), "b": Decimal(25)}
    assert factors(told, known()) == {"a": Decimal("0.6"), "b": Decimal("0.2")}


def test_a_loss_of_what_one_trade_may_lose_takes_a_tenth_of_a_weight() -> None:
    told = rules(FREE, a="1", b="1")

    pct = weights_pct(told, known(a=-10))

    assert round(pct["a"] / pct["b"], 20) == Decimal("0.9")
    assert sum(pct.values()) == pytest.approx(100)


def test_who_lost_gets_less_and_who_won_no_more_than_he_wants() -> None:
    assert factors(rules(FREE, a="1", b="1"), known(a=-50)) == {
        "a": Decimal("0.6666"),
        "b": ONE,
    }


def test_who_lost_what_ten_trades_may_lose_gets_nothing() -> None:
    assert factors(rules(FREE, a="1", b="1"), known(a=-100)) == {"a": ZERO, "b": ONE}
    assert factors(rules(FREE, a="1", b="1"), known(a=-100, b=-500)) == {"a": ZERO, "b": ZERO}


@pytest.mark.parametrize(("low", "high"), [(0, 50), (40, 60)])
def test_no_weight_is_above_the_greatest_or_below_the_least(low: int, high: int) -> None:
    bounds = Dynamic(lookback=FREE.lookback, min_pct=Decimal(low), max_pct=Decimal(high))

    pct = weights_pct(rules(bounds, a="1", b="1"), known(a=-100))

    assert pct == {"a": Decimal(low), "b": Decimal(high)}


def test_the_greatest_weight_holds_of_a_single_strategy_too() -> None:
    half = Dynamic(lookback=FREE.lookback, min_pct=ZERO, max_pct=Decimal(50))

    assert factors(rules(half, a="1"), known()) == {"a": Decimal("0.5")}


def test_where_equity_is_not_known_a_loss_counts_in_full_and_a_profit_not_at_all() -> None:
    told = rules(FREE, a="1", b="1", c="1")

    assert factors(told, known(equity=0, a=-1, b=1)) == {"a": ZERO, "b": ONE, "c": ONE}


def test_all_that_takes_something_away_is_said() -> None:
    told = rules(FREE, THROTTLE, a="0.5", b="1")

    share = allocation(told, known(mood=Mood.NEUTRAL, a=-50)).of("a")

    assert share.factor == Decimal("0.2250")  # 0.5 x 0.6 x 0.75
    assert share.why == ("weight=0.5, results=0.6 (profit=-50.00), market=0.75 (neutral: None)")


def test_only_what_was_taken_is_kept_of_the_strategies_that_were_asked_about() -> None:
    told = Allocation(shares={"a": Share(factor=Decimal("0.5"), why="weight=0.5"), "b": WHOLE})

    assert told.taken({"b", "a", "manual"}) == {"a": "factor=0.5: weight=0.5"}
    assert told.taken({"b"}) == {}


NAMES = ("a", "b", "c", "d")
RULES = st.builds(
    lambda weights, low, high: AllocationRules(
        weights=dict(zip(NAMES, weights, strict=False)),
        parts={"b": Decimal("0.1")},
        dynamic=Dynamic(
            lookback=FREE.lookback, min_pct=Decimal(low), max_pct=Decimal(max(low, high))
        ),
        throttle=THROTTLE,
        risk_pct=ONE,
    ),
    st.lists(st.integers(1, 100).map(lambda each: Decimal(each) / 100), min_size=1, max_size=4),
    st.integers(0, 25),
    st.integers(0, 100),
)
KNOWN = st.builds(
    lambda profits, equity, mood: Known(
        profits=dict(zip(NAMES, profits, strict=True)), equity=equity, mood=mood, reading=None
    ),
    st.lists(st.integers(-300, 300).map(Decimal), min_size=4, max_size=4),
    st.sampled_from([0, 500, 1000]).map(Decimal),
    st.sampled_from(list(Mood)),
)


@given(RULES, KNOWN)
def test_an_allocation_only_takes_away_and_never_more_than_all(
    told: AllocationRules, of: Known
) -> None:
    assert all(ZERO <= each <= ONE for each in factors(told, of).values())


@given(RULES, KNOWN)
def test_the_weights_are_within_their_bounds_and_together_no_more_than_all(
    told: AllocationRules, of: Known
) -> None:
    assert told.dynamic is not None

    pct = weights_pct(told, of)

    slack = Decimal("1e-40")
    assert all(
        told.dynamic.min_pct - slack <= each <= told.dynamic.max_pct + slack
        for each in pct.values()
    )
    assert sum(pct.values()) <= 100 + slack


@given(RULES, KNOWN, st.integers(0, 200))
def test_a_larger_loss_never_leaves_more(told: AllocationRules, of: Known, more: int) -> None:
    worse = Known(
        profits={**of.profits, "a": of.profits["a"] - more},
        equity=of.equity,
        mood=of.mood,
        reading=None,
    )

    assert factors(told, worse)["a"] <= factors(told, of)["a"]


@given(RULES, KNOWN)
def test_the_order_of_strategies_does_not_matter(told: AllocationRules, of: Known) -> None:
    turned = AllocationRules(
        weights={each: told.weights[each] for each in reversed(tuple(told.weights))},
        parts=told.parts,
        dynamic=told.dynamic,
        throttle=told.throttle,
        risk_pct=told.risk_pct,
    )

    assert factors(turned, of) == factors(told, of)


def test_a_stage_leaves_a_part_and_takes_nothing_from_the_others() -> None:
    told = replace(rules(a="1", b="1"), parts={"a": Decimal("0.1")})

    shares = allocation(told, known()).shares

    assert (shares["a"].factor, shares["a"].why) == (Decimal("0.1"), "stage=0.1")
    assert shares["b"].factor == ONE
