import contextlib
import json
import sqlite3

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import RESERVING
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.wiring.pipeline import REHEARSALS, Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket

MODES = {
    "paper": "",
    "dry_run": "execution: {mode: dry_run}\n",
    "paper, not validate-only": "execution: {mode: paper, validate_only: false}\n",
    "live": "execution: {mode: live}\nrisk: {max_per_strategy_pct: {trend_core: 10}}\n",
    "live, every gate open": """
execution: {mode: live, validate_only: false, allow_live_trading: true,
            paper_tests_completed: true, live_strategy_allowlist: [trend_core]}
risk: {max_per_strategy_pct: {trend_core: 10}}
""",
}


@pytest.mark.parametrize("mode", MODES)
def test_whatever_the_configuration_says_nothing_is_placed_and_nothing_reserved(
    command: Command, market: PaperMarket, mode: str
) -> None:
    market.configure(MODES[mode])

    said = command("run-once", environ=market.environ)

    assert said.code == 0
    assert ("a simulator's" in said.err) == mode.startswith("live")
    books = market.data_dir / REHEARSALS if mode.startswith("live") else market.data_dir
    with contextlib.closing(sqlite3.connect(books / "portfolio.db")) as database:
        rows = database.execute("SELECT namespace, status FROM execution_orders").fetchall()
    assert ("rehearsal", "rehearsed") in rows
    assert not {status for _, status in rows} & {each.value for each in RESERVING}
    assert {namespace for namespace, _ in rows} == {"rehearsal"}
    assert market.orders == []


def test_twice_in_a_row_ends_well_and_decides_once(command: Command, market: PaperMarket) -> None:
    first, second = (
        json.loads(command("run-once", "--json", environ=market.environ).out) for _ in range(2)
    )

    assert (first["decisions"], second["decisions"]) == (6, 0)
    assert first["intents"] > 0
    assert market.orders == []


def test_people_see_a_summary_with_its_parts(command: Command, market: PaperMarket) -> None:
    shown = command("run-once", environ=market.environ).out

    for part in ("pairs", "bars", "decisions", "intents", "orders of this cycle", "equity"):
        assert part in shown


def test_what_trade_would_take_is_left_for_it(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.decide(timeframe("4h"), run_id="a test")
    waiting = pipeline.stores.decisions.pending(Namespace.TRADE)

    command("run-once", environ=market.environ)

    assert pipeline.stores.decisions.pending(Namespace.TRADE) == waiting != ()
    pipeline.assess(Namespace.TRADE, run_id="a test")
    assert pipeline.submit(Namespace.TRADE, owner="a test")["live"] > 0


def test_what_was_rehearsed_is_decided_again_for_trade(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    command("run-once", environ=market.environ)

    [decision] = pipeline.decide(timeframe("4h"), run_id="a test")

    assert decision.intents


def test_a_wrong_strategy_is_one_sentence(command: Command, market: PaperMarket) -> None:
    market.configure("strategies: {enabled: [momentum]}\n")

    said = command("run-once", environ=market.environ)

    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].startswith(
        "kraken-pipeline: strategies.enabled names momentum"
    )
