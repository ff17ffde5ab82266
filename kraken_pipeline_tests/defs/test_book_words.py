"""What the books' assets show, read in one step, and what is told of them without one."""

import base64
from datetime import date, timedelta
from decimal import Decimal

import dagster as dg
import pytest

from kraken_pipeline.defs import plots
from kraken_pipeline.defs.book_words import BOOKS, columns
from kraken_pipeline.defs.partitions import PLOTS
from kraken_pipeline.defs.trading import CAUSE
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.services.books.portfolio import Flow
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, metadata_of, verdicts_of
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket
from kraken_pipeline_tests.store.builders import LOOKUP, fill

DEPOSIT = {"flow": "deposit", "asset": "USD", "amount": "500"}
BUY = {"pair": "ETHUSD", "type": "buy", "ordertype": "market", "volume": "0.5"}


@pytest.fixture
def traded(pipeline: Pipeline, market: PaperMarket) -> None:
    """Make a deposit and a trade by hand that no pass has read yet."""
    play(market.served.exchange, Params(DEPOSIT))
    pipeline.edge.gateway._line.call("AddOrder", BUY, call=Call.WRITE)  # type: ignore[attr-defined]


def told_in(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the assets that a run told of, in its order."""
    return [
        each.asset_key.to_user_string()
        for each in result.all_events
        if each.is_step_materialization and each.asset_key
    ]


@pytest.mark.usefixtures("traded")
def test_all_books_are_of_one_pass_and_of_one_step(
    runs: Runs, pipeline: Pipeline, market: PaperMarket
) -> None:
    before = len(pipeline.unit_prices())
    market.turn(MOMENT + timedelta(seconds=1))

    result = runs.assets(*BOOKS)

    assert told_in(result) == list(BOOKS)
    assert {each.step_key for each in result.all_events if each.is_step_success} == {"books"}
    assert len(pipeline.unit_prices()) == before + 1


@pytest.mark.usefixtures("traded")
def test_each_book_shows_its_figures(runs: Runs) -> None:
    result = runs.assets(*BOOKS)
    said = {name: metadata_of(result, name) for name in BOOKS}

    opening, deposit, two_of_the_trade = 1, 1, 2
    assert said["ledger"]["dagster/row_count"] == opening + deposit + two_of_the_trade
    assert said["ledger"]["fill_entries"] == two_of_the_trade
    assert (said["fills"]["dagster/row_count"], said["fills"]["new_fills"]) == (1, 1)
    assert "| ETHUSD | buy | 0.5" in said["fills"]["newest"]
    assert said["cash_flows"]["flow_value"] == 10_500
    assert said["nav"]["flows_of_day"] == 10_500
    assert said["nav"]["exposure"] == said["portfolio_snapshot"]["exposure"] > 0
    assert said["attribution"]["fees"] == said["fills"]["fees"] > 0
    assert "| manual | 1 |" in said["attribution"]["by_strategy"]
    assert "| ETHUSD | 1 |" in said["attribution"]["by_pair"]


@pytest.mark.usefixtures("traded")
def test_shares_add_up_to_what_the_positions_say(runs: Runs) -> None:
    assert verdicts_of(runs.assets("attribution"), "attribution") == {"shares_add_up": True}


def test_shares_add_up_also_where_each_has_all_the_digits_that_there_are(
    runs: Runs, pipeline: Pipeline
) -> None:
    whole, little = Decimal(100_000) / 3, Decimal("4e-24")
    fees = {"ADAUSD": whole, "ETHUSD": little, "SOLUSD": little, "XBTUSD": little}
    made = [fill(f"T{pair}", pair=pair, fee=fee) for pair, fee in fees.items()]
    pipeline.stores.books.book(made, [], LOOKUP)

    assert verdicts_of(runs.assets("attribution"), "attribution") == {"shares_add_up": True}


@pytest.mark.usefixtures("traded")
def test_positions_that_are_not_what_the_fills_make_are_noticed(
    runs: Runs, pipeline: Pipeline
) -> None:
    pipeline.keep_books()
    with pipeline.stores.database.writing() as connection:
        connection.exec_driver_sql("UPDATE strategy_positions SET realised = '7'")

    assert verdicts_of(runs.assets("attribution"), "attribution") == {"shares_add_up": False}


def test_equity_drawdown_and_exposure_are_drawn_by_day(runs: Runs) -> None:
    said = metadata_of(runs.assets("nav"), "nav")

    drawn = said["curves"].partition("base64,")[2].removesuffix(")")
    picture = base64.b64decode(drawn)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) <= plots.LARGEST


def test_on_a_close_no_day_is_drawn(runs: Runs) -> None:
    job = runs.definitions.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        instance=runs.instance, asset_selection=[dg.AssetKey("nav")], tags={PLOTS: "no"}
    )

    assert "curves" not in metadata_of(result, "nav")


def test_a_close_tells_of_nothing_but_the_snapshot(runs: Runs) -> None:
    assert told_in(runs.assets("portfolio_snapshot")) == ["portfolio_snapshot"]


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (Cause.HOURLY, {"ledger", "fills", "cash_flows", "nav", "attribution"}),
        (Cause.MINUTE, set()),
    ],
)
def test_the_hourly_comparison_shows_the_books_the_minute_does_not(
    runs: Runs, cause: Cause, told: set[str]
) -> None:
    result = runs.job("reconcile", **{CAUSE: cause.value})

    assert result.success
    assert set(told_in(result)) - {"portfolio_snapshot"} == told
    assert bool(verdicts_of(result, "attribution")) is bool(told)


def test_each_book_follows_from_the_ones_before(runs: Runs) -> None:
    graph = runs.definitions.resolve_asset_graph()
    parents = {
        name: {each.to_user_string() for each in graph.get(dg.AssetKey(name)).parent_keys}
        for name in BOOKS
    }

    assert parents == {
        "ledger": {"pair_universe"},
        "fills": {"ledger"},
        "cash_flows": {"ledger"},
        "nav": {"fills", "cash_flows"},
        "attribution": {"fills", "nav"},
        "portfolio_snapshot": {"pair_universe", "nav", "attribution"},
    }


def test_columns_are_named_by_what_their_values_are() -> None:
    kinds = {each.name: each.type for each in columns(Flow).columns}

    assert (kinds["at"], kinds["qty"], kinds["asset"]) == ("timestamp", "decimal", "string")
    assert kinds["value"] == "decimal"


def test_every_book_has_columns_and_all_but_the_shares_a_table(market: PaperMarket) -> None:
    tables = [each.table for each in BOOKS.values() if each.table]
    there = {name for (name,) in market.rows("SELECT name FROM sqlite_master")}

    assert all(columns(each.row).columns for each in BOOKS.values())
    assert [name for name, each in BOOKS.items() if not each.table] == ["attribution"]
    assert set(tables) <= there


def test_snapshots_are_pruned_and_the_ledger_is_not(market: PaperMarket) -> None:
    market.configure("portfolio:\n  snapshot_retention_days: 1\n")
    with Runs.on(market) as runs:
        runs.assets(*BOOKS)
        before = market.rows("SELECT * FROM ledger_entries ORDER BY entry_id")
        market.turn(MOMENT + timedelta(days=3))

        said = metadata_of(runs.assets(*BOOKS), "nav")

    assert market.rows("SELECT count(*) FROM nav_snapshots") == [(1,)]
    assert market.rows("SELECT * FROM ledger_entries ORDER BY entry_id") == before
    assert said["dagster/row_count"] == 2


@pytest.mark.parametrize("count", [1, 3, 4_000])
def test_days_are_drawn_of_one_and_of_many(count: int) -> None:
    at = [date(2015, 1, 1) + timedelta(days=each) for each in range(count)]
    values = [Decimal(each * 7919 % 10007) for each in range(count)]

    drawn = plots.days(at, {"equity": values, "exposure": values})

    assert drawn is not None
    assert len(drawn) <= plots.LARGEST


def test_of_no_day_nothing_is_drawn() -> None:
    assert plots.days([], {"equity": []}) is None
