from datetime import timedelta
from decimal import Decimal

import dagster as dg
import pytest

from kraken_pipeline.defs.partitions import PLOTS
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, metadata_of, verdicts_of
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket


def test_books_are_plotted_in_numbers_and_pass_their_check(runs: Runs) -> None:
    result = runs.assets("portfolio_snapshot")

    said = metadata_of(result, "portfolio_snapshot")
    assert (said["equity"], said["cash"], said["drawdown_pct"]) == (10_000, 10_000, 0)
    assert verdicts_of(result, "portfolio_snapshot")["books_equal_balances"] is True


def test_a_snapshot_by_hand_shows_the_curve(runs: Runs) -> None:
    said = metadata_of(runs.assets("portfolio_snapshot"), "portfolio_snapshot")

    assert said["equity_curve"].startswith("![unit price](data:image/png;base64,")


def test_a_snapshot_on_a_close_draws_nothing(runs: Runs) -> None:
    result = runs.definitions.resolve_job_def("refresh_and_decide").execute_in_process(
        instance=runs.instance,
        asset_selection=[dg.AssetKey("portfolio_snapshot")],
        tags={PLOTS: "no"},
    )

    assert "equity_curve" not in metadata_of(result, "portfolio_snapshot")


def test_nothing_new_is_booked_the_second_time(runs: Runs) -> None:
    runs.assets("portfolio_snapshot")

    said = metadata_of(runs.assets("portfolio_snapshot"), "portfolio_snapshot")

    assert (said["new_fills"], said["new_ledger_entries"]) == (0, 0)


@pytest.fixture
def differing(market: PaperMarket) -> PaperMarket:
    """An account that holds a coin which no ledger entry explains."""
    market.served.exchange.account.balances["XXBT"] = Decimal("0.5")
    return market


def test_a_balance_that_no_entry_explains_fails_the_check(
    runs: Runs, differing: PaperMarket
) -> None:
    result = runs.assets("portfolio_snapshot")

    assert verdicts_of(result, "portfolio_snapshot")["books_equal_balances"] is False
    found = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert "XXBT" in found["books_equal_balances"].metadata
    assert found["profit_is_explained"].metadata["XBT"].value == "booked 0, there 0.5"
    assert not found["profit_is_explained"].passed


def test_an_entry_that_nobody_can_explain_fails_the_check(runs: Runs, market: PaperMarket) -> None:
    margin = {"type": "margin", "asset": "ADA", "amount": "3"}
    play(market.served.exchange, Params({"flow": "rows", "rows": [margin]}))
    result = runs.assets("portfolio_snapshot")

    verdicts = verdicts_of(result, "portfolio_snapshot")
    assert (verdicts["ledger_explained"], verdicts["books_equal_balances"]) == (False, True)
    found = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert "ADA: margin trades are not booked here" in {
        each.value for each in found["ledger_explained"].metadata.values()
    }


def test_a_difference_stops_opening_and_calls_for_panic(
    runs: Runs, differing: PaperMarket, pipeline: Pipeline
) -> None:
    runs.assets("portfolio_snapshot")
    assert pipeline.halts() == ()
    # a late read would be over by then
    differing.turn(MOMENT + timedelta(seconds=121))
    runs.assets("portfolio_snapshot")

    assert [each.kind.value for each in pipeline.halts()] == ["KILL_DRIFT"]
    assert pipeline.breach().startswith("halt-")
