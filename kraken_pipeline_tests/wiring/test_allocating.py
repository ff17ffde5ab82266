import json
from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market_mood import Mood
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.settings import Settings
from kraken_pipeline.wiring.allocating import allocation_rules, measured
from kraken_pipeline_tests.paper_market import PaperMarket


def settings(**risk: object) -> Settings:
    configs = {"a": {"strategy_weight": 40}}
    told = {"risk": risk, "strategies": {"enabled": ["a", "b"], "configs": configs}}
    return Settings.model_validate(told)


def test_by_default_only_a_strategys_weight_counts() -> None:
    found = allocation_rules(settings())

    assert found.weights == {"a": Decimal("0.4"), "b": Decimal(1)}
    assert (found.dynamic, found.throttle, measured(settings())) == (None, None, None)


def test_results_count_where_they_are_configured_to() -> None:
    found = allocation_rules(settings(dynamic_allocation_enabled=True)).dynamic

    assert found is not None
    assert found.lookback == timedelta(hours=72)
    assert (found.min_pct, found.max_pct) == (ZERO, Decimal(50))


def test_an_unknown_market_blocks_unless_it_is_allowed() -> None:
    def left(**more: object) -> Decimal:
        throttle = allocation_rules(
            settings(market_regime_throttle={"enabled": True, **more})
        ).throttle
        assert throttle is not None
        assert set(throttle.multipliers) == set(Mood)
        return throttle.multipliers[Mood.UNKNOWN]

    assert left() == ZERO
    assert left(unavailable_policy="allow") == 1


def test_the_market_is_measured_over_as_many_bars_as_the_longest_measure_needs() -> None:
    told = settings(market_regime_throttle={"enabled": True, "drawdown_lookback_bars": 70})

    found = measured(told)

    assert found is not None
    assert (found.frame.name, found.quote, found.bars) == ("4h", "USD", 70)


ALL = """\
risk:
  dynamic_allocation_enabled: true
  market_regime_throttle: {enabled: true, unavailable_policy: allow}
strategies: {configs: {trend_core: {strategy_weight: 50}}}
"""


def test_a_run_buys_what_its_allocation_leaves_and_keeps_why(market: PaperMarket) -> None:
    """The universe has no XBTUSD: the market is unknown, and here that is allowed."""
    market.configure(ALL)
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        plan = pipeline.assess(Namespace.TRADE, run_id="a test")

    assert plan is not None
    assert list(plan.allocation) == ["trend_core"]
    # half by its weight, and half again: no strategy may have more than 50 % of all
    assert plan.allocation["trend_core"].startswith("factor=0.25: weight=0.5, results=0.5")
    [(notes,)] = market.rows("SELECT notes FROM plans")
    assert json.loads(str(notes)) == {"allocation": dict(plan.allocation), "conflicts": []}


def test_an_unknown_market_stops_what_opens(market: PaperMarket) -> None:
    market.configure("risk: {market_regime_throttle: {enabled: true}}\n")
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        plan = pipeline.assess(Namespace.TRADE, run_id="a test")

    assert plan is not None
    codes = {each.code for verdict in plan.verdicts for each in verdict.objections}
    assert "ALLOCATION" in codes
    assert not any(each.approved for each in plan.verdicts)
