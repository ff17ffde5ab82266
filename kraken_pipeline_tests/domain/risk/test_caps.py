"""Each cap: what is just within passes, a cent over does not, and no sale is ever asked."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.risk import Case, Limits
from kraken_pipeline.domain.risk.caps import CAP_RULES
from kraken_pipeline_tests.builders import case, exposure, limits, sale

WORST = case().worst_cost
"""100.902: 100.5 at the limit and the fee."""
CENT = Decimal("0.01")


def held(**amounts: Decimal) -> Case:
    return case(exposure=exposure(**amounts))


def bounded(**bounds: Decimal) -> Case:
    return case(limits=limits(**bounds))


WITHIN = [
    ("CAP_ORDER", bounded(max_risk_per_trade_pct=Decimal("0.0201"))),
    ("DEPTH", case(notional_24h=Decimal(10_050), limits=limits(min_liquidity_24h=Decimal(0)))),
    ("CAP_PAIR", bounded(max_pair_notional=WORST)),
    ("CAP_ASSET", held(asset=500 - WORST)),
    ("CAP_STRATEGY", held(strategy=1000 - WORST)),
    ("CAP_GROSS", held(gross=1000 - WORST)),
    ("CAP_TOTAL", bounded(max_total_notional=WORST)),
    ("CAP_STOP_RISK", held(stop_risk=1000 - case().stop_risk)),
    ("CAP_POSITIONS", case(exposure=exposure(positions=4))),
]
OVER = [
    ("CAP_ORDER", bounded(max_risk_per_trade_pct=Decimal("0.0200"))),
    ("DEPTH", case(notional_24h=Decimal(10_049), limits=limits(min_liquidity_24h=Decimal(0)))),
    ("CAP_PAIR", bounded(max_pair_notional=WORST - CENT)),
    ("CAP_ASSET", held(asset=500 - WORST + CENT)),
    ("CAP_STRATEGY", held(strategy=1000 - WORST + CENT)),
    ("CAP_GROSS", held(gross=1000 - WORST + CENT)),
    ("CAP_TOTAL", bounded(max_total_notional=WORST - CENT)),
    ("CAP_STOP_RISK", held(stop_risk=1000 - case().stop_risk + CENT)),
    ("CAP_POSITIONS", case(exposure=exposure(positions=5))),
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
    max_order_pct_of_24h_volume=Decimal(0),
    min_liquidity_24h=Decimal("1e12"),
    max_spread_bps=Decimal(0),
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
    assert sorted(codes(case(limits=NOTHING_ALLOWED))) == sorted(code for code, _ in OVER)


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
