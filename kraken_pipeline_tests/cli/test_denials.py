"""`explain denial`: every rule with its figures, and what would help."""

import json

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


def test_a_denial_says_on_what_figures_and_what_would_help(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.halt(reason="a test", by="somebody")
    pipeline.decide(timeframe("4h"), run_id="a run")
    plan = pipeline.assess(Namespace.TRADE, run_id="a run")
    assert plan is not None
    denied = next(each for each in plan.verdicts if not each.approved)

    by_pair = command("explain", "denial", denied.pair, "--json", environ=market.environ)
    by_id = command("explain", "denial", denied.intent_id[:12], "--json", environ=market.environ)

    [told] = json.loads(by_pair.out)
    assert told["what_would_help"][0]["code"] == "KILL_MANUAL"
    assert "resume" in told["what_would_help"][0]["remedy"]
    assert told["verdict"]["figures"]["equity"] == "10000"
    assert told["what_would_help"][0]["meaning"] == "a person halted what would open"
    caps = {each["code"]: each for each in told["caps"]}
    assert caps["CAP_GROSS"]["most"] == "1000.00"
    assert caps["CAP_GROSS"]["holds"] is True
    assert caps.keys() >= {"TURNOVER", "CAP_LOSS", "CASH", "RATE_ORDERS"}
    assert json.loads(by_id.out) == [told]


def test_a_denial_tells_the_conflicts_of_its_own_pair_alone_and_its_caps_as_columns(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.halt(reason="a test", by="somebody")
    for frame in ("4h", "1d"):
        pipeline.decide(timeframe(frame), run_id="a run")
    plan = pipeline.assess(Namespace.TRADE, run_id="a run")
    assert plan is not None
    assert len(plan.conflicts) > 1
    pair = plan.conflicts[0].pair

    told = json.loads(command("explain", "denial", pair, "--json", environ=market.environ).out)
    said = command("explain", "denial", pair, environ=market.environ).out

    assert {each["pair"] for one in told for each in one["plan"]["conflicts"]} == {pair}
    lines = [each.split() for each in said.splitlines()]
    assert ["code", "bounds", "after", "most", "holds"] in lines
    assert any(each[:1] == ["CAP_GROSS"] and each[-1] == "True" for each in lines)


def test_what_was_never_denied_is_named(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    said = command("explain", "denial", "XBTUSD", environ=market.environ)

    assert said.code == 2
    assert "'XBTUSD'" in said.err
