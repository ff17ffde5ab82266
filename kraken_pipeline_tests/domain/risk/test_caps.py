"""Each cap: what is just within passes, a cent over does not, and no sale is ever asked."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.domain.risk import Case, Limits
from kraken_pipeline.domain.risk.caps import CAP_RULES, bounds, measures
from kraken_pipeline_tests.builders import activity, case, exposure, limits, sale

WORST = case().notional * (1 + case().fee_share)
"""100.902: 100.5 at the limit and the fee."""
CENT = Decimal("0.01")
AT_RISK = case().notional * case().intent.stop_distance


def held(**amounts: Decimal) -> Case:
    return case(exposure=exposure(**amounts))


def did(**figures: Decimal | int) -> Case:
    return case(activity=activity(**figures))


def urgent(**changes: object) -> Case:
    return case(manner=replace(case().manner, urgency=Urgency.URGENT), **changes)


def bounded(**bounds: Decimal | int) -> Case:
    return case(limits=limits(**bounds))


_CLUSTERED = limits(max_per_cluster_pct=Decimal(7))
WITHIN = [
    ("CAP_ORDER", bounded(max_risk_per_trade_pct=Decimal("0.0201"))),
    ("DEPTH", case(notional_24h=Decimal(10_050), limits=limits(min_liquidity_24h=Decimal(0)))),
    ("CAP_PAIR", bounded(max_pair_notional=WORST)),
    ("CAP_ASSET", held(asset=500 - WORST)),
    ("CAP_STRATEGY", held(strategy=1000 - WORST)),
    ("CAP_GROSS", held(gross=1000 - WORST)),
    ("CAP_TOTAL", bounded(max_total_notional=WORST)),
    ("CAP_STOP_RISK", held(stop_risk=1000 - AT_RISK)),
    ("CAP_POSITIONS", case(exposure=exposure(positions=4))),
    ("ALLOCATION", case(allotted=Decimal("100.5"))),
    ("CAP_ORDER_NOTIONAL", bounded(max_order_notional=Decimal("100.5"))),
    ("CAP_ORDER_QTY", bounded(max_order_qty=Decimal("0.002"))),
    ("DEPTH_VISIBLE", urgent(visible_qty=Decimal("0.004"))),
    ("EXIT_TIME", case(usual_notional=Decimal(1_005))),
    ("CAP_CLUSTER", replace(held(cluster=700 - WORST), limits=_CLUSTERED)),
    ("CASH", case(spendable=WORST + 100, limits=limits(min_cash_reserve_pct=Decimal(1)))),
    ("RATE_ORDERS", did(orders_of_minute=99)),
    ("RATE_ORDERS_DAY", did(orders_of_day=999)),
    ("TURNOVER", did(turnover=100_000 - Decimal("100.5"))),
    ("CAP_FEES", did(fees=1_000 - Decimal("0.402"))),
    ("CAP_LOSS", did(loss=Decimal(500))),
    ("CAP_LOSS_STRATEGY", did(strategy_loss=Decimal(500))),
]
OVER = [
    ("CAP_ORDER", bounded(max_risk_per_trade_pct=Decimal("0.0200"))),
    ("DEPTH", case(notional_24h=Decimal(10_049), limits=limits(min_liquidity_24h=Decimal(0)))),
    ("CAP_PAIR", bounded(max_pair_notional=WORST - CENT)),
    ("CAP_ASSET", held(asset=500 - WORST + CENT)),
    ("CAP_STRATEGY", held(strategy=1000 - WORST + CENT)),
    ("CAP_GROSS", held(gross=1000 - WORST + CENT)),
    ("CAP_TOTAL", bounded(max_total_notional=WORST - CENT)),
    ("CAP_STOP_RISK", held(stop_risk=1000 - AT_RISK + CENT)),
    ("CAP_POSITIONS", case(exposure=exposure(positions=5))),
    ("ALLOCATION", case(allotted=Decimal("100.49"))),
    ("CAP_ORDER_NOTIONAL", bounded(max_order_notional=Decimal("100.49"))),
    ("CAP_ORDER_QTY", bounded(max_order_qty=Decimal("0.00199999"))),
    ("DEPTH_VISIBLE", urgent(visible_qty=Decimal("0.00399998"))),
    ("EXIT_TIME", case(usual_notional=Decimal(1_004))),
    ("CAP_CLUSTER", replace(held(cluster=700 - WORST + CENT), limits=_CLUSTERED)),
    ("CASH", case(spendable=WORST + 99, limits=limits(min_cash_reserve_pct=Decimal(1)))),
    ("RATE_ORDERS", did(orders_of_minute=100)),
    ("RATE_ORDERS_DAY", did(orders_of_day=1_000)),
    ("TURNOVER", did(turnover=100_000 - Decimal("100.49"))),
    ("CAP_FEES", did(fees=1_000 - Decimal("0.401"))),
    ("CAP_LOSS", did(loss=500 + CENT)),
    ("CAP_LOSS_STRATEGY", did(strategy_loss=500 + CENT)),
]
NOTHING_ALLOWED = Limits(
    max_risk_per_trade_pct=Decimal(0),
    max_portfolio_stop_risk_pct=Decimal(0),
    max_gross_exposure_pct=Decimal(0),
    max_per_asset_pct=Decimal(0),
    max_per_strategy_pct=Decimal(0),
    max_open_positions=0,
    max_pair_notional=Decimal(0),
    max_total_notional=Decimal(0),
    max_order_notional=Decimal(0),
    max_order_qty=Decimal(0),
    max_order_pct_of_24h_volume=Decimal(0),
    max_order_pct_of_depth=Decimal(0),
    max_per_cluster_pct=Decimal(0),
    min_cash_reserve_pct=Decimal(100),
    max_orders_per_minute=0,
    max_orders_per_day=0,
    max_turnover_pct_per_day=Decimal(0),
    max_fees_pct_per_day=Decimal(0),
    max_daily_loss_pct=Decimal(0),
    max_daily_loss_per_strategy_pct=Decimal(0),
    max_exit_hours=Decimal(0),
    min_liquidity_24h=Decimal("1e12"),
    max_spread_bps=Decimal(0),
    min_stop_in_round_trips=Decimal(100),
    max_quote_age_seconds=0,
    max_sync_age_seconds=0,
)


def codes(asked: Case) -> list[str]:
    return [found.code for rule in CAP_RULES if (found := rule(asked))]


@pytest.mark.parametrize(("code", "within"), WITHIN)
def test_what_fills_a_cap_to_its_brim_passes(code: str, within: Case) -> None:
    assert codes(within) == []


@pytest.mark.parametrize(("code", "over"), OVER)
def test_a_cent_over_a_cap_is_denied_by_its_code_alone(code: str, over: Case) -> None:
    assert codes(over) == [code]


def test_every_cap_is_asked_also_after_one_failed() -> None:
    lost = activity(loss=CENT, strategy_loss=CENT)
    worst = urgent(limits=NOTHING_ALLOWED, visible_qty=Decimal(1), activity=lost, allotted=CENT)

    assert sorted(codes(worst)) == sorted(code for code, _ in OVER)


@pytest.mark.parametrize(("code", "told"), WITHIN + OVER)
def test_all_caps_at_once_say_what_each_says_by_itself(code: str, told: Case) -> None:
    at_once = [each.objection for each in measures(told, bounds(told))]

    assert [each for each in at_once if each] == [
        found for rule in CAP_RULES if (found := rule(told))
    ]


def test_no_cap_stands_in_the_way_of_a_sale() -> None:
    assert codes(sale(limits=NOTHING_ALLOWED)) == []


def test_adding_to_a_position_is_no_further_position() -> None:
    full = exposure(positions=5, asset_is_held=True)

    assert codes(case(exposure=full)) == []


def test_a_cap_counts_the_fee() -> None:
    dear = replace(case(), fee_share=Decimal("0.1"), limits=limits(max_pair_notional=WORST))

    assert codes(dear) == ["CAP_PAIR"]


def test_a_cap_is_in_base_currency_whatever_the_quote() -> None:
    euros = case(quote_rate=Decimal(2), limits=limits(max_pair_notional=WORST))

    assert codes(euros) == ["CAP_PAIR"]
