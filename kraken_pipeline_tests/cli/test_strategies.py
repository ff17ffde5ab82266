"""`strategy list` and `strategy release`."""

import json

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.quarantines import Quarantine
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.wiring.desks import ward
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket


def test_every_strategy_is_listed_with_what_runs_it(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("strategy", "list", "--json", environ=fresh)

    told = {each["strategy"]: each for each in json.loads(said.out)}
    assert set(told) >= set(STRATEGIES)
    assert told["trend_core"] == {
        "strategy": "trend_core",
        "from": "built in",
        "runs_as": "trend_core",
        "stages": "paper",
        "version": STRATEGIES["trend_core"].version,
        "timeframes": "1m, 5m, 15m, 1h, 4h, 1d",
        "fault": "",
    }


def test_a_strategy_that_is_kept_out_is_shown_and_released_with_a_reason(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    at = pipeline.clock()
    kept_out = Quarantine(
        quarantine_id="Q1", strategy_id="trend_core", since=at, reason="3 faults in a row"
    )
    ward(pipeline).store.begin(kept_out, by="run")

    shown = command("status", environ=market.environ)
    nameless = command("strategy", "release", "trend", "--reason", "x", environ=market.environ)
    said = command(
        "strategy", "release", "trend_core", "--reason", "mended", environ=market.environ
    )

    assert str(kept_out) in shown.out
    assert "trend is not in quarantine (trend_core)" in nameless.err
    assert said.out == "trend_core decides again; it was kept out for 3 faults in a row\n"
    assert pipeline.quarantined() == ()


def test_what_a_stage_denied_is_explained_with_what_would_help(
    command: Command, market: PaperMarket
) -> None:
    market.configure("strategies: {configs: {trend_core: {stage: shadow}}}\n")
    with market.pipeline() as pipeline:
        pipeline.decide(timeframe("4h"), run_id="a test")
        plan = pipeline.assess(Namespace.TRADE, run_id="a test")
    assert plan is not None

    said = command("explain", "denial", plan.verdicts[0].intent_id, environ=market.environ)
    listed = command("strategy", "list", environ=market.environ)

    assert "LIFECYCLE" in said.out
    assert "stage=shadow, money=paper" in said.out
    assert "strategies.configs.<id>.stage" in said.out
    assert "shadow" in listed.out
