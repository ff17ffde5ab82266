"""All filters together: what is not known, what is not asked, and that no order matters."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.universe_chain import COSTLY, FILTERS, steps
from kraken_pipeline.domain.universe_filters import (
    Candidate,
    Filter,
    Kin,
    Past,
    UniverseRules,
    Verdict,
)
from kraken_pipeline_tests.builders import pair, ticker
from kraken_pipeline_tests.domain.test_universe_filters import RULES, asked
from kraken_pipeline_tests.domain.test_universe_measures import NEARBY


def test_every_filter_says_what_it_asks() -> None:
    assert all(each.ask.__doc__ for each in FILTERS)


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
