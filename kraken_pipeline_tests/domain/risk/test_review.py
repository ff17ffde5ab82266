"""The gate as a whole: one objection denies, all are kept, and tightening never allows."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.locks import LockKind
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.risk import RULES, Approved, Case, Denied, Limits, review
from kraken_pipeline.domain.risk.caps import bounds, measures
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline_tests.builders import (
    NOW,
    activity,
    case,
    exposure,
    intent,
    limits,
    lock,
    pair,
    quote,
    sale,
    ticker,
    unknown,
)
from kraken_pipeline_tests.domain.risk.test_caps import OVER
from kraken_pipeline_tests.domain.risk.test_protections import LOCKED
from kraken_pipeline_tests.domain.risk.test_state import REFUSED

CODES = {
    "ALLOCATION",
    "CAP_ASSET",
    "CAP_CLUSTER",
    "CAP_FEES",
    "CAP_GROSS",
    "CAP_LOSS",
    "CAP_LOSS_STRATEGY",
    "CAP_ORDER",
    "CAP_ORDER_NOTIONAL",
    "CAP_ORDER_QTY",
    "CAP_PAIR",
    "CAP_POSITIONS",
    "CAP_STOP_RISK",
    "CAP_STRATEGY",
    "CAP_TOTAL",
    "CASH",
    "CONFIG_LOOSER",
    "COOLDOWN",
    "DATA_CONTENT",
    "DATA_STALE_EVENT",
    "DATA_STALE_SOCKET",
    "DATA_STALE_SUB",
    "DEPTH",
    "DEPTH_UNKNOWN",
    "DEPTH_VISIBLE",
    "DUPLICATE_INTENT",
    "EXIT_TIME",
    "FEE_EDGE",
    "FUNDS",
    "HALTED",
    "INTENT_EXPIRED",
    "KILL_DRAWDOWN",
    "KILL_DRIFT",
    "KILL_MANUAL",
    "LIFECYCLE",
    "LIQUIDITY",
    "LOSS_STREAK",
    "LOW_PROFIT_PAIR",
    "MAX_DRAWDOWN_PROTECTION",
    "MIN_QTY",
    "NAV_COVERAGE",
    "NOT_ALLOWLISTED",
    "NOT_OWNED",
    "PAIR_STATUS",
    "PRICE_BAND",
    "RATE_ORDERS",
    "RATE_ORDERS_DAY",
    "REJECT_STREAK",
    "SELF_TRADE",
    "SLIPPAGE_GUARD",
    "SPREAD",
    "STOP_GUARD",
    "SYNC_STALE",
    "SYSTEM_STATUS",
    "TRIGGER_SIDE",
    "TURNOVER",
    "UNIVERSE",
    "UNKNOWN_ORDER",
    "VOLATILITY",
}
"""They stand in journals and alerts: one may be added, none renamed."""

AMOUNTS = st.integers(0, 1200).map(Decimal)
PERCENTS = st.integers(0, 20).map(Decimal)
QTYS = st.sampled_from(["0", "0.00001", "0.001", "0.002", "0.01"]).map(
    lambda each: Qty(Decimal(each))
)
SECONDS = st.integers(-100, 100).map(lambda each: timedelta(seconds=each))
LIMITS = st.builds(
    limits,
    max_risk_per_trade_pct=PERCENTS,
    max_portfolio_stop_risk_pct=PERCENTS,
    max_gross_exposure_pct=PERCENTS,
    max_per_asset_pct=PERCENTS,
    max_per_strategy_pct=PERCENTS,
    max_open_positions=st.integers(0, 5),
    max_pair_notional=st.none() | AMOUNTS,
    max_total_notional=st.none() | AMOUNTS,
    max_spread_bps=PERCENTS,
    max_per_cluster_pct=st.none() | PERCENTS,
    min_cash_reserve_pct=PERCENTS,
    max_order_notional=st.none() | AMOUNTS,
    max_order_qty=st.none() | QTYS,
)
QUOTES = st.none() | st.builds(
    lambda bid, ask, ago: quote(
        ticker=ticker(bid=Price(Decimal(bid)), ask=Price(Decimal(ask))), received_at=NOW - ago
    ),
    st.integers(49_900, 50_300),
    st.integers(49_900, 50_300),
    SECONDS,
)
CASES = st.builds(
    lambda build, stop, status, **told: build(
        intent=intent(side=build().intent.side, stop_distance=stop),
        pair=pair(status=status),
        **told,
    ),
    st.sampled_from([case, case, sale]),
    st.sampled_from(["0.01", "0.1"]).map(Decimal),
    st.sampled_from(["online", "online", "limit_only", "reduce_only", "cancel_only"]),
    qty=QTYS,
    quote=QUOTES,
    doubts=st.frozensets(st.sampled_from(sorted(Doubt)), max_size=1),
    synced_at=SECONDS.map(lambda each: NOW - 10 * each),
    equity=st.integers(0, 20_000).map(Decimal),
    cash=AMOUNTS,
    spendable=AMOUNTS,
    visible_qty=st.none() | QTYS,
    usual_notional=AMOUNTS.map(lambda each: each * 10),
    activity=st.builds(
        activity,
        orders_of_minute=st.integers(0, 120),
        orders_of_day=st.integers(0, 1_100),
        turnover=AMOUNTS.map(lambda each: each * 100),
        fees=AMOUNTS,
        loss=AMOUNTS,
        strategy_loss=AMOUNTS,
    ),
    exposure=st.builds(
        exposure,
        pair=AMOUNTS,
        asset=AMOUNTS,
        cluster=AMOUNTS,
        strategy=AMOUNTS,
        gross=AMOUNTS,
        stop_risk=AMOUNTS,
        positions=st.integers(0, 6),
        asset_is_held=st.booleans(),
    ),
    limits=LIMITS,
    halts=st.sampled_from([frozenset(), frozenset({"KILL_DRIFT"})]),
)
FLOORS = {"min_liquidity_24h", "min_cash_reserve_pct", "min_stop_in_round_trips"}
"""Limits that are tighter the higher they are; all others the lower."""


def tighter(bounds: Limits, name: str) -> Limits:
    value = getattr(bounds, name)
    if value is None:
        other: object = Decimal(100)
    elif isinstance(value, int):
        other = max(value - 1, 0)
    else:
        other = value * 2 if name in FLOORS else value / 2
    return replace(bounds, **{name: other})  # type: ignore[arg-type]  # of the type that it had


def stale(told: Case) -> list[Case]:
    hour = timedelta(hours=1)
    older = None if told.quote is None else replace(told.quote, received_at=NOW - hour)
    return [
        replace(told, quote=None),
        replace(told, quote=older),
        replace(told, synced_at=NOW - hour),
        replace(told, unpriced=(*told.unpriced, "OLD")),
        replace(told, coverage=told.coverage / 2),
        *(replace(told, doubts=told.doubts | {each}) for each in Doubt),
    ]


def halted(told: Case) -> list[Case]:
    more = [replace(told, halts=told.halts | {kind}) for kind in ("KILL_MANUAL", "HALTED")]
    unsure = replace(told, unknowns=(*told.unknowns, unknown(pair="ETHUSD", asset="ETH")))
    cool = replace(told, cooling_until=NOW + timedelta(hours=1))
    locked = [replace(told, locks=(*told.locks, lock(kind=kind))) for kind in LockKind]
    less = [replace(told, allotted=Decimal(0)), replace(told, opposed_at=Price(Decimal(1)))]
    return [*more, *locked, *less, unsure, cool, replace(told, system_status="maintenance")]


def test_a_case_that_nothing_stands_against_is_approved() -> None:
    assert review(case(), clamped_by=("CAP_ASSET",)) == Approved(
        case(), ("CAP_ASSET",), measures(case(), bounds(case()))
    )


def test_one_objection_denies_and_all_are_kept() -> None:
    verdict = review(case(in_universe=False, system_status="maintenance", cash=Decimal(0)))

    assert isinstance(verdict, Denied)
    assert [each.code for each in verdict.objections] == ["SYSTEM_STATUS", "UNIVERSE", "FUNDS"]


def test_every_rule_has_a_case_that_it_alone_refuses() -> None:
    refused = [each for _, each in (*REFUSED, *LOCKED, *OVER)]
    shown = {rule for rule in RULES for each in refused if rule(each)}

    assert shown == set(RULES)


def test_every_code_is_one_of_those_that_never_change() -> None:
    assert {code for code, _ in (*REFUSED, *LOCKED, *OVER)} == CODES


def test_no_two_rules_share_a_code() -> None:
    owners: dict[str, set[object]] = {}
    for rule in RULES:
        for _, each in (*REFUSED, *LOCKED, *OVER):
            found = rule(each)
            if found is not None:
                owners.setdefault(found.code, set()).add(rule)

    assert [code for code, rules in owners.items() if len(rules) > 1] == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_says_what_it_asks(rule: object) -> None:
    assert rule.__doc__


@given(CASES.filter(lambda each: not each.opens))
def test_what_reduces_is_asked_all_that_could_stand_against_it(told: Case) -> None:
    asked = {found.code for rule in RULES if (found := rule(told))}

    assert asked == {each.code for each in getattr(review(told), "objections", ())}


@given(CASES)
def test_a_halt_never_allows_what_was_denied(told: Case) -> None:
    if isinstance(review(told), Denied):
        assert all(isinstance(review(each), Denied) for each in halted(told))


@given(CASES)
def test_staler_data_never_allows_what_was_denied(told: Case) -> None:
    if isinstance(review(told), Denied):
        assert all(isinstance(review(each), Denied) for each in stale(told))


@given(CASES)
def test_a_tighter_limit_never_allows_what_was_denied(told: Case) -> None:
    if isinstance(review(told), Denied):
        for each in fields(Limits):
            tight = replace(told, limits=tighter(told.limits, each.name))
            assert isinstance(review(tight), Denied), each.name


@given(CASES)
def test_a_latched_halt_lets_no_buy_through_and_stops_no_sale(told: Case) -> None:
    without, latched = (
        review(replace(told, halts=frozenset())),
        review(replace(told, halts=frozenset({"KILL_MANUAL"}))),
    )

    assert isinstance(latched, Denied if told.opens else type(without))


@given(CASES)
def test_a_review_gives_the_same_answer_twice(told: Case) -> None:
    assert review(told) == review(told)
