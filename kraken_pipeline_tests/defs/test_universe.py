from kraken_pipeline.domain.universe_chain import FILTERS
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, failures_of, metadata_of, verdicts_of
from kraken_pipeline_tests.paper_market import PAIRS, PaperMarket, resting_buy


def test_the_universe_is_kept_once_however_often_it_is_materialised(
    runs: Runs, market: PaperMarket
) -> None:
    first, second = (metadata_of(runs.assets("pair_universe"), "pair_universe") for _ in range(2))

    assert first == second
    assert first["dagster/row_count"] == len(PAIRS)
    assert len(market.rows("SELECT * FROM universes")) == 1


def test_every_pair_that_is_out_is_counted_with_its_reason(runs: Runs) -> None:
    said = metadata_of(runs.assets("pair_universe"), "pair_universe")

    assert said["out"] > 700
    assert "| EXCLUDED" in said["out_by_reason"] or "| NOT_INCLUDED" in said["out_by_reason"]
    assert any(pair in said["busiest"] for pair in PAIRS)


def test_a_universe_with_members_passes_its_check(runs: Runs) -> None:
    result = runs.assets("pair_universe")

    assert verdicts_of(result, "pair_universe") == {
        "universe_not_empty": True,
        "held_pairs_trade_on": True,
    }


def test_a_universe_without_members_fails_its_check(market: PaperMarket) -> None:
    market.configure("  min_24h_volume_usd: 1000000000000\n")
    with Runs.on(market) as runs:
        result = runs.assets("pair_universe")

    assert verdicts_of(result, "pair_universe")["universe_not_empty"] is False


def test_a_pair_that_is_held_and_takes_only_cancels_fails_its_check_with_the_way_out(
    runs: Runs, market: PaperMarket, pipeline: Pipeline
) -> None:
    """U-MKT-1, UNI-8."""
    order = resting_buy(pipeline)
    exchange = market.served.exchange
    listed = exchange.market.listing.pair(order.pair)
    assert listed is not None
    exchange.set_pair_status(listed, "cancel_only")

    result = runs.assets("pair_universe")

    assert verdicts_of(result, "pair_universe")["held_pairs_trade_on"] is False
    [check] = [
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == "held_pairs_trade_on"
    ]
    assert check.metadata[order.pair].value == "cancel_only"
    assert check.metadata["to_leave"].value == f"kraken-pipeline flatten --pair {order.pair}"


def test_every_filter_shows_how_many_pairs_it_passed(runs: Runs) -> None:
    said = metadata_of(runs.assets("pair_universe"), "pair_universe")["verdicts_by_filter"]

    assert said.startswith("| filter | passed | failed | unknown | skipped | off |\n")
    assert said.count("\n") == len(FILTERS) + 1
    assert f"| include list | {len(PAIRS)} | " in said


def test_a_pair_that_nobody_lists_fails_the_step_with_its_name(market: PaperMarket) -> None:
    market.configure("  exclude_pairs: [NOPEUSD]\n")
    with Runs.on(market) as runs:
        [said] = failures_of(runs.assets("pair_universe"))

    assert "universe.exclude_pairs: 'NOPEUSD' is no pair that the exchange lists" in said
