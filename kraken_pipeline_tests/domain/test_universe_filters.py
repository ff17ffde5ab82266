"""What each filter says of a pair, with its figures."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.universe_chain import COSTLY, FILTERS, steps
from kraken_pipeline.domain.universe_filters import (
    Candidate,
    Filter,
    Kin,
    Nearby,
    Past,
    Step,
    UniverseRules,
    Verdict,
)
from kraken_pipeline_tests.builders import pair, ticker

RULES = UniverseRules(
    quote="USD",
    statuses=frozenset({"online"}),
    asset_class="currency",
    min_notional_24h=Decimal(100_000),
    include=frozenset(),
    exclude=frozenset(),
)


def test_every_filter_says_what_it_asks() -> None:
    assert all(each.ask.__doc__ for each in FILTERS)


def asked(code: str, *, rules: UniverseRules = RULES, **known: object) -> Step:
    """Return what the filter of a code says of the usual pair, but for what is told."""
    case = Candidate(pair=pair(), ticker=ticker(), rules=rules)
    changed = replace(case, **known)  # type: ignore[arg-type]  # refused when it runs
    return next(each for each in steps(changed) if each.code == code)


NEARBY = Nearby(
    within_bps=50,
    bids=Decimal(100),
    asks=Decimal(500),
    read_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)
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
        (
            "TOO_YOUNG",
            {"min_age_days": 30},
            {"past": Past(days=29, is_all=True, volatility_pct=None)},
            "days=29",
        ),
        (
            "VOLATILITY",
            {"max_volatility_pct": Decimal(50)},
            {"past": Past(days=29, is_all=True, volatility_pct=Decimal(51))},
            "volatility_pct=51",
        ),
        (
            "LOSING",
            {"max_loss": Decimal(5)},
            {"realised": Decimal("-5.01")},
            "realised=-5.01, days=30",
        ),
        (
            "THIN_BOOK",
            {"min_depth": Decimal(101)},
            {"nearby": NEARBY},
            "bids=100, asks=500, within_bps=50, read_at=2026-03-01 12:00",
        ),
        (
            "CLUSTER",
            {"max_per_cluster": 2},
            {"kin": Kin(leader="ETHUSD", rank=3, correlation=Decimal("0.97"))},
            "cluster=ETHUSD, rank=3, correlation=0.97",
        ),
        (
            "VOLATILITY",
            {"min_volatility_pct": Decimal(52)},
            {"past": Past(days=29, is_all=True, volatility_pct=Decimal(51))},
            "volatility_pct=51",
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


ALL_ON = replace(
    RULES,
    venues=frozenset({"international"}),
    country_code="US",
    no_pegged_pairs=True,
    max_spread_bps=200,
    max_tick_bps=20,
    max_min_order_pct=Decimal(10),
    min_age_days=30,
    min_volatility_pct=Decimal(10),
    max_volatility_pct=Decimal(200),
    min_depth=Decimal(100),
    max_per_cluster=2,
    max_loss=Decimal(5),
)


def test_a_pair_that_keeps_every_bound_passes_every_filter() -> None:
    case = Candidate(
        pair=pair(venue="international"),
        ticker=ticker(),
        rules=replace(ALL_ON, exclude=frozenset({"ETHUSD"})),
        past=Past(days=30, is_all=False, volatility_pct=Decimal(60)),
        is_listed_in_country=True,
        nav=Decimal(10_000),
        rate=Decimal(1),
        nearby=NEARBY,
        kin=Kin(leader="ETHUSD", rank=2, correlation=Decimal("0.97")),
        realised=Decimal(-5),
    )

    verdicts = {each.code: each.verdict for each in steps(case)}
    assert verdicts.pop("NOT_INCLUDED") is Verdict.OFF
    assert set(verdicts.values()) == {Verdict.PASSED}


def test_what_is_not_known_is_named_and_keeps_the_pair_out() -> None:
    case = Candidate(pair=pair(venue="international"), ticker=ticker(), rules=ALL_ON)

    found = {each.code: each for each in steps(case)}
    unknown = {code for code, each in found.items() if each.verdict is Verdict.UNKNOWN}
    assert unknown == {"LEAST_ORDER", "TOO_YOUNG", "VOLATILITY", "THIN_BOOK", "CLUSTER"}
    assert all(found[code].objection is not None for code in unknown)
    assert all("=unknown" in found[code].found for code in unknown)


@pytest.mark.parametrize("code", sorted(COSTLY))
def test_what_costs_calls_is_not_asked_of_a_pair_that_is_out_anyway(code: str) -> None:
    skipped = asked(code, rules=ALL_ON, is_measured=False)

    assert (skipped.verdict, skipped.objection) == (Verdict.SKIPPED, None)
    assert skipped.asked


def test_a_pair_whose_bars_begin_with_all_others_may_be_older_than_they_show() -> None:
    rules = replace(RULES, min_age_days=30)
    past = Past(days=10, is_all=False, volatility_pct=None)

    assert asked("TOO_YOUNG", rules=rules, past=past).verdict is Verdict.UNKNOWN


def test_what_is_just_past_its_bound_does_not_look_like_it() -> None:
    near = ticker(bid=Decimal("99.4999"), ask=Decimal("100.5001"), last=Decimal(100))
    step = asked("WIDE_SPREAD", rules=replace(RULES, max_spread_bps=100), ticker=near)

    assert (step.found, step.asked) == ("spread_bps=100.02", "max=100")
    assert step.verdict is Verdict.FAILED


def test_the_two_sides_of_a_pair_of_different_currencies_are_free() -> None:
    rules = replace(RULES, no_pegged_pairs=True)

    step = asked("PEGGED", rules=rules, pair=pair(base="USDT", quote="EUR"))
    assert step.verdict is Verdict.PASSED


def drawn_rules() -> st.SearchStrategy[UniverseRules]:
    return st.builds(
        UniverseRules,
        quote=st.sampled_from(["USD", "EUR"]),
        statuses=st.just(frozenset({"online"})),
        asset_class=st.just("currency"),
        min_notional_24h=st.decimals(0, 10**9, places=2),
        include=st.sampled_from([frozenset(), frozenset({"XBTUSD"}), frozenset({"ETHUSD"})]),
        exclude=st.sampled_from([frozenset(), frozenset({"XBTUSD"})]),
        max_spread_bps=st.none() | st.integers(0, 500),
        max_tick_bps=st.none() | st.integers(0, 500),
        min_age_days=st.none() | st.integers(1, 100),
        min_depth=st.none() | st.integers(0, 200).map(Decimal),
        max_per_cluster=st.none() | st.integers(1, 3),
        max_loss=st.none() | st.integers(0, 10).map(Decimal),
    )


CASES = st.builds(
    Candidate,
    pair=st.builds(pair, status=st.sampled_from(["online", "cancel_only"])),
    ticker=st.none() | st.builds(ticker, bid=st.decimals(0, 60_000, places=1)),
    rules=drawn_rules(),
    past=st.none()
    | st.builds(Past, days=st.integers(1, 90), is_all=st.booleans(), volatility_pct=st.none()),
    is_measured=st.booleans(),
    nearby=st.none() | st.just(NEARBY),
    kin=st.none()
    | st.builds(Kin, leader=st.just("A"), rank=st.integers(1, 4), correlation=st.just(1)),
    realised=st.integers(-20, 20).map(Decimal),
)


@given(case=CASES, order=st.permutations(FILTERS))
def test_the_order_of_the_filters_changes_no_verdict(case: Candidate, order: list[Filter]) -> None:
    asked_in_order = {each.code: each for each in steps(case)}

    assert {each.code: each for each in steps(case, tuple(order))} == asked_in_order
    assert set(asked_in_order) == {each.code for each in FILTERS}
