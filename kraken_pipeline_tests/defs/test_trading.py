from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from kraken_pipeline.defs import trading
from kraken_pipeline.defs.trading import CAUSE, MAX_ATTEMPTS
from kraken_pipeline_tests.defs.runs import Runs, failures_of, reason
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy

S = dg.DagsterRunStatus


def test_without_a_decision_nobody_is_asked_to_trade(runs: Runs) -> None:
    assert reason(runs.asked_to_trade()) == "no new decision, no order to send or settle"


@pytest.fixture
def decided(runs: Runs) -> Runs:
    """Runs on a market where the four hours that closed want to buy."""
    runs.assets("decisions_4h")
    return runs


def test_a_new_decision_asks_for_trade_once(decided: Runs) -> None:
    answer = decided.asked_to_trade()
    assert isinstance(answer, dg.RunRequest)
    decided.begun("trade", answer.tags[CAUSE], S.STARTED)

    assert answer.run_key == f"{answer.tags[CAUSE]}/1"
    assert "is under way" in reason(decided.asked_to_trade())


def test_the_same_decision_has_the_same_cause_at_each_look(decided: Runs) -> None:
    answers = [decided.asked_to_trade() for _ in range(2)]

    assert len({each.run_key for each in answers if isinstance(each, dg.RunRequest)}) == 1


def test_after_three_failed_runs_a_person_must_look(decided: Runs) -> None:
    keys = []
    for _ in range(MAX_ATTEMPTS):
        answer = decided.asked_to_trade()
        assert isinstance(answer, dg.RunRequest)
        keys.append(answer.run_key)
        decided.begun("trade", answer.tags[CAUSE], S.FAILURE)

    assert len(set(keys)) == MAX_ATTEMPTS
    assert f"{MAX_ATTEMPTS} runs did not finish" in reason(decided.asked_to_trade())


def test_orders_that_rest_are_looked_at_by_one_run_a_minute(
    runs: Runs, market: PaperMarket
) -> None:
    resting_buy(runs.pipeline)
    answer = runs.asked_to_trade()
    assert isinstance(answer, dg.RunRequest)
    runs.begun("trade", answer.tags[CAUSE], S.SUCCESS)

    assert reason(runs.asked_to_trade()) == "no new decision, no order to send or settle"
    market.turn(MOMENT + timedelta(minutes=1))
    assert isinstance(runs.asked_to_trade(), dg.RunRequest)


def test_a_further_decision_is_a_further_cause(decided: Runs) -> None:
    first = decided.asked_to_trade()
    decided.assets("decisions_1h")

    second = decided.asked_to_trade()

    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.tags[CAUSE] != second.tags[CAUSE]


def test_trade_buys_what_was_decided_and_books_the_fill(decided: Runs, market: PaperMarket) -> None:
    assert decided.job("trade").success

    filled = market.rows("SELECT pair, status, filled_volume FROM execution_orders")
    assert {status for _, status, _ in filled} == {"filled"}
    assert len(market.orders) == len(filled) > 0
    assert market.rows("SELECT DISTINCT book FROM fills") == [("trend_core@4h",)]
    assert market.rows("SELECT status FROM execution_results") == [("settled",)]


def test_after_trading_nothing_waits(decided: Runs) -> None:
    decided.job("trade")

    assert reason(decided.asked_to_trade()) == "no new decision, no order to send or settle"


def test_trade_again_sends_nothing_again(decided: Runs, market: PaperMarket) -> None:
    decided.job("trade")
    before = market.orders

    assert decided.job("trade").success
    assert market.orders == before


def test_what_trade_did_is_shown_on_the_snapshot(decided: Runs) -> None:
    result = decided.job("trade")

    [snapshot] = result.asset_materializations_for_node("settle")
    assert snapshot.metadata["new_fills"].value == len(
        decided.pipeline.stores.books.fills_after(None)
    )


def test_trade_while_halted_sends_nothing_and_ends_well(decided: Runs, market: PaperMarket) -> None:
    decided.pipeline.halt(reason="a test", by="somebody")

    assert decided.job("trade").success
    assert market.orders == []
    assert ("KILL_MANUAL",) in market.rows("SELECT DISTINCT code FROM denials")


def test_trade_without_the_lease_fails_and_leaves_the_orders_queued(
    decided: Runs, market: PaperMarket
) -> None:
    decided.pipeline.stores.orders.take_lease(
        "orders-trade",
        owner="another process",
        now=decided.pipeline.clock(),
        length=timedelta(minutes=1),
    )

    [said] = failures_of(decided.job("trade"))

    assert "another process" in said
    assert market.orders == []
    assert {row[0] for row in market.rows("SELECT status FROM execution_orders")} == {"planned"}


MINUTE = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("second", "until"), [(53, 12), (54, 72), (59, 72), (0, 12), (11, 12), (13, 12)]
)
def test_around_a_close_the_sensor_waits_for_decisions_and_else_not(
    monkeypatch: pytest.MonkeyPatch, second: int, until: int
) -> None:
    monkeypatch.setattr(trading, "WATCH_FROM", 54)
    monkeypatch.setattr(trading, "WATCH_UNTIL", 12)
    now = MINUTE + timedelta(seconds=second)

    assert trading._watch_deadline(now) == MINUTE + timedelta(seconds=until)
