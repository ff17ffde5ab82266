"""What each filter says of a pair's listing and ticker, with its figures."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.universe_chain import steps
from kraken_pipeline.domain.universe_filters import Candidate, Step, UniverseRules, Verdict
from kraken_pipeline_tests.builders import pair, ticker

RULES = UniverseRules(
    quote="USD",
    statuses=frozenset({"online"}),
    asset_class="currency",
    min_notional_24h=Decimal(100_000),
    include=frozenset(),
    exclude=frozenset(),
)


def asked(code: str, *, rules: UniverseRules = RULES, **known: object) -> Step:
    """Return what the filter of a code says of the usual pair, but for what is told."""
    case = Candidate(pair=pair(), ticker=ticker(), rules=rules)
    changed = replace(case, **known)  # type: ignore[arg-type]  # refused when it runs
    return next(each for each in steps(changed) if each.code == code)


TICK = ticker(bid=Decimal(99), ask=Decimal(101), last=Decimal(100))


@pytest.mark.parametrize(
    ("code", "bound", "known", "found"),
    [
        ("VENUE", {"venues": frozenset({"international"})}, {"pair": pair(venue="x")}, "venue=x"),
        ("VENUE", {"venues": frozenset({"international"})}, {}, "venue=untold"),
        ("COUNTRY", {"country_code": "US:TX"}, {"is_listed_in_country": False}, "listed=no"),
        (
            "PEGGED",
            {"no_pegged_pairs": True},
            {"pair": pair(base="USDC", quote="USDT")},
            "base_peg=USD, quote_peg=USD",
        ),
        ("WIDE_SPREAD", {"max_spread_bps": 199}, {"ticker": TICK}, "spread_bps=200"),
        ("COARSE_TICK", {"max_tick_bps": 9}, {"ticker": TICK}, "tick_bps=10"),
        (
            "LEAST_ORDER",
            {"max_min_order_pct": Decimal(10)},
            {"nav": Decimal(100), "rate": Decimal(2), "pair": pair(min_cost=Decimal("5.5"))},
            "min_order_pct=11",
        ),
    ],
)
def test_each_filter_fails_with_its_figures_and_is_off_without_its_bound(
    code: str, bound: dict[str, object], known: dict[str, object], found: str
) -> None:
    bounded = replace(RULES, **bound)  # type: ignore[arg-type]  # refused when it runs
    failed = asked(code, rules=bounded, **known)

    assert (failed.verdict, failed.found) == (Verdict.FAILED, found)
    assert failed.asked
    assert asked(code, rules=RULES, **known).verdict is Verdict.OFF


def test_what_is_just_past_its_bound_does_not_look_like_it() -> None:
    near = ticker(bid=Decimal("99.4999"), ask=Decimal("100.5001"), last=Decimal(100))
    step = asked("WIDE_SPREAD", rules=replace(RULES, max_spread_bps=100), ticker=near)

    assert (step.found, step.asked) == ("spread_bps=100.02", "max=100")
    assert step.verdict is Verdict.FAILED


def test_the_two_sides_of_a_pair_of_different_currencies_are_free() -> None:
    rules = replace(RULES, no_pegged_pairs=True)

    step = asked("PEGGED", rules=rules, pair=pair(base="USDT", quote="EUR"))
    assert step.verdict is Verdict.PASSED
