import json

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline_tests.paper_market import PaperMarket

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
