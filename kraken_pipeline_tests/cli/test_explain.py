import json
from dataclasses import replace
from datetime import timedelta

import pytest

from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.protection import Protection
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.services.market.pair_status import apply_status
from kraken_pipeline.simulator.api.trading import amend_order
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.store.protections import SqlProtectionStore
from kraken_pipeline.store.quotes import QuoteFile
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.pair_status import status_desk
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.signs import MARKET, Presence
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket, resting_buy
from kraken_pipeline_tests.store.test_quotes import board


def _traded(pipeline: Pipeline) -> Order:
    """Let the configured strategies trade the bar that closed, and return an order that filled."""
    pipeline.decide(timeframe("4h"), run_id="a run")
    pipeline.assess(Namespace.TRADE, run_id="a run")
    planned = pipeline.stores.orders.reserving()
    pipeline.submit(Namespace.TRADE, owner="a run")
    pipeline.settle()
    pipeline.keep_books()
    ended = [pipeline.stores.orders.order(each.local_id) for each in planned]
    return next(each for each in ended if each.state is State.FILLED)


def test_an_order_shows_its_decision_its_verdict_and_every_step(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    told = json.loads(
        command("orders", "show", order.local_id, "--json", environ=market.environ).out
    )

    assert told["order"]["cl_ord_id"] == order.cl_ord_id
    assert told["plan"]["plan_id"] == order.plan_id
    assert told["verdict"]["approved"] is True
    assert [each["fact"] for each in told["events"]][-2:] == ["send_started", "accepted"]


def test_an_order_shows_what_bore_on_its_whole_plan(command: Command, market: PaperMarket) -> None:
    market.configure("strategies: {configs: {trend_core: {strategy_weight: 50}}}\n")
    with market.pipeline() as pipeline:
        order = _traded(pipeline)

    said = command("explain", "order", order.local_id, "--json", environ=market.environ)

    plan = json.loads(said.out)["plan"]
    assert plan["allocation"] == {"trend_core": "factor=0.5: weight=0.5"}
    assert plan["conflicts"] == []


def test_the_whole_chain_leads_from_the_bars_to_the_position(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _traded(pipeline)

    said = command("explain", "order", order.local_id, "--json", environ=market.environ)

    told = json.loads(said.out)
    assert {each["stored"] for each in told["bars"].values()} == {"matches"}
    assert told["bars"]["4h"]["last_of_the_pair"][-1]["closed_at"].startswith("2024-03-05 12:00")
    assert told["decision"]["run_id"] == "a run"
    assert told["decision"]["config_hash"] == pipeline.loaded.hash
    assert told["verdict"]["figures"]["equity"]
    assert "CAP_GROSS" in {each["code"] for each in told["caps"] if each["holds"]}
    assert told["events"][-1]["to_status"] == "filled"
    [call] = told["calls"]
    assert call["leaving"]["params"]["cl_ord_id"] == order.cl_ord_id
    assert str(order.kraken_order_id) in call["arrived"]["body"]
    assert {each["refid"] for each in told["ledger"]} == {
        each["trade_id"] for each in told["fills"]
    }
    assert told["position_after"]["qty"] == str(order.filled_qty.normalize())


def test_an_order_that_somebody_enlarged_shows_both_sides_and_whose_the_excess_is(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    told = {"txid": str(order.kraken_order_id), "order_qty": "150", "limit_price": "3"}
    amend_order(market.served.exchange, Params(told))
    market.turn(MOMENT + timedelta(minutes=1))
    pipeline.settle()
    pipeline.keep_books()

    said = command("explain", "order", order.local_id, "--json", environ=market.environ)

    found = json.loads(said.out)
    [halt], [transfer] = found["halts"], found["transfers"]
    assert "sent as buy 100 ADAUSD limit, limit 0.1" in halt["reason"]
    assert "the exchange has" in halt["reason"]
    assert (transfer["to_book"], transfer["qty"]) == ("manual", "50")
    [row] = json.loads(command("orders", "recent-executions", "--json", environ=market.environ).out)
    assert (row["filled_volume"], row["last_error"]) == ("150", halt["reason"].partition(", ")[2])


def test_a_person_reads_the_same_as_lines(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("explain", "order", order.local_id, environ=market.environ).out

    assert "to_status=live" in said
    assert "config hash" in said


@pytest.mark.parametrize("of", ["local_id", "kraken_order_id", "cl_ord_id"])
def test_an_order_is_found_by_each_of_its_ids_and_by_how_one_begins(
    command: Command, market: PaperMarket, pipeline: Pipeline, of: str
) -> None:
    order = resting_buy(pipeline)

    for name in (getattr(order, of), getattr(order, of)[:12]):
        said = command("orders", "show", name, "--json", environ=market.environ)
        assert json.loads(said.out)["order"]["local_id"] == order.local_id


def test_events_of_an_order_do_not_repeat_its_id(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("orders", "show", order.local_id, environ=market.environ).out
    told = json.loads(
        command("orders", "show", order.local_id, "--json", environ=market.environ).out
    )

    assert f"local_id={order.local_id}" not in said
    assert {each["local_id"] for each in told["events"]} == {order.local_id}


def test_a_beginning_that_is_too_short_is_told_how_long_it_must_be(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("orders", "show", order.local_id[:3], environ=market.environ)

    assert said.code == 2
    assert "4 characters are needed" in said.err


def test_a_pair_that_there_is_not_is_answered_with_the_nearest(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    said = command("explain", "pair", "ADAUSF", environ=market.environ)

    assert said.code == 2
    assert "is it ADAUSD" in said.err


@pytest.mark.parametrize("name", ["nope", "____"])
def test_an_order_that_there_is_not_is_answered_with_where_they_are_listed(
    command: Command, market: PaperMarket, pipeline: Pipeline, name: str
) -> None:
    resting_buy(pipeline)

    result = command("orders", "show", name, environ=market.environ)

    assert result.code == 2
    assert f"{name!r}, nor one that begins so" in result.err
    assert "orders recent-executions" in result.err


@pytest.mark.parametrize("name", ["nope", "O", "%", "____"])
def test_an_order_that_there_is_not_is_named(
    command: Command, market: PaperMarket, pipeline: Pipeline, name: str
) -> None:
    resting_buy(pipeline)

    result = command("orders", "show", name, environ=market.environ)

    assert result.code == 2
    assert repr(name) in result.err


def test_a_pair_and_an_asset_show_what_is_held_and_open(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    pair = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)
    asset = json.loads(command("explain", "asset", "USD", "--json", environ=market.environ).out)

    assert pair["universe"]["tradable"] is True
    assert [each["local_id"] for each in pair["open_orders"]] == [order.local_id]
    assert asset["ledger"] == [{"bucket": "ZUSD", "balance": "10000", "drift": "none"}]


def test_an_asset_shows_what_of_its_ledger_nobody_can_explain_and_what_is_in_flight(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    margin = {"type": "margin", "asset": "ADA", "amount": "3"}
    play(market.served.exchange, Params({"flow": "rows", "rows": [margin]}))
    leaves = {"flow": "staking_leg", "leg": "leave", "asset": "ADA", "amount": "2"}
    play(market.served.exchange, Params(leaves))
    play(market.served.exchange, Params({"flow": "airdrop", "asset": "MOON", "amount": "2"}))
    pipeline.keep_books()

    told = json.loads(command("explain", "asset", "ADA", "--json", environ=market.environ).out)
    status = command("status", environ=market.environ).out
    moon = json.loads(command("explain", "asset", "MOON", "--json", environ=market.environ).out)

    assert moon["unexplained"][0]["why"].endswith("the exchange lists no such asset")
    [unknown], [flying] = told["unexplained"], told["in_flight"]
    assert unknown["why"] == "margin trades are not booked here"
    assert flying["qty"] == "2"
    assert {each["cause"] for each in told["newest_entries"]} == {"unknown", "internal"}
    assert f"{unknown['entry_id']} 3 ADA" in status
    assert "2 ADA since" in status
    assert "UNEXPLAINED asset:ADA" in status


def test_str_7_a_pair_shows_how_good_the_stream_s_price_of_it_is(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    told = board()
    presence = Presence(market.data_dir, MARKET)
    presence.show(system_now())
    kept = replace(told, pairs={"ADAUSD": told.pairs["P0"]}, at=pipeline.clock())
    QuoteFile(market.data_dir).write(kept)
    said = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)
    presence.leave()
    without = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)

    stream = said["stream"]
    assert (stream["doubts"], stream["quality"]) == (["checksum", "frozen"], "valuation")
    assert (stream["source"], stream["gaps"], stream["checksum_failures"]) == ("book", 1, 2)
    assert without["stream"] == {}


def test_a_pair_shows_what_each_strategy_said_of_it_last(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    pipeline.decide(timeframe("1h"), run_id="a run")
    pipeline.decide(timeframe("1m"), run_id="a run", late="DATA_STALE_STRATEGY: no spread")

    said = json.loads(command("explain", "pair", order.pair, "--json", environ=market.environ).out)

    words = {each["book"]: (each["outcome"], each["why"]) for each in said["decisions"]}
    assert words["trend_core@1m"] == ("skipped", "DATA_STALE_STRATEGY: no spread")
    assert words["trend_core@1h"][0] in {"signal", "no_signal"}
    assert words["trend_core@1h"][1]


def test_a_pair_whose_stop_was_refused_says_why(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    at = pipeline.clock()
    bare = Protection(
        book="trend@1h",
        pair="ADAUSD",
        missing_since=at,
        failures=2,
        last_error="O1 is rejected: EOrder:Insufficient funds",
        updated_at=at,
    )
    SqlProtectionStore(pipeline.stores.database).note(bare, why="missing")

    said = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)
    other = json.loads(command("explain", "pair", "XBTUSD", "--json", environ=market.environ).out)

    [stop] = said["stops"]
    assert (stop["book"], stop["failures"], stop["why"]) == ("trend@1h", 2, bare.last_error)
    assert other["stops"] == []


def test_a_pair_that_is_out_says_why(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    out = next(iter(pipeline.stores.universes.latest().reasons))  # type: ignore[union-attr]  # stocked

    said = json.loads(command("explain", "pair", out, "--json", environ=market.environ).out)

    assert said["universe"]["tradable"] is False
    assert said["out_because"][0]["remedy"]


@pytest.mark.parametrize(("noun", "name"), [("pair", "NOPE"), ("asset", "NOPE")])
def test_a_name_that_nobody_knows_is_wrong_use(
    command: Command, market: PaperMarket, pipeline: Pipeline, noun: str, name: str
) -> None:
    assert command("explain", noun, name, environ=market.environ).code == 2


def test_books_that_agree_show_no_drift(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    told = json.loads(command("explain", "drift", "--json", environ=market.environ).out)

    assert told["books"]["drifting_since"] is None
    assert told["reconciliations"] == []


@pytest.mark.parametrize("spelling", ["ADAUSD", "ADA/USD", "ada/usd"])
def test_a_pair_is_explained_in_any_spelling(
    command: Command, market: PaperMarket, pipeline: Pipeline, spelling: str
) -> None:
    said = command("explain", "pair", spelling, environ=market.environ)

    assert said.out.startswith("ADAUSD\n")


@pytest.mark.parametrize("spelling", ["USD", "ZUSD", "usd"])
def test_an_asset_is_explained_in_any_spelling(
    command: Command, market: PaperMarket, pipeline: Pipeline, spelling: str
) -> None:
    told = json.loads(command("explain", "asset", spelling, "--json", environ=market.environ).out)

    assert [each["bucket"] for each in told["ledger"]] == ["ZUSD"]


def test_a_pair_that_the_exchange_restricted_says_so(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    apply_status(status_desk(pipeline), "ADAUSD", "cancel_only", pipeline.clock())

    told = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)

    assert told["halts"][0].startswith("PAIR_RESTRICTED pair:ADAUSD: status=cancel_only; ")


def test_a_pair_shows_what_is_certified_of_the_bars_that_its_strategies_need(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    told = json.loads(command("explain", "pair", "ADAUSD", "--json", environ=market.environ).out)
    empty = PaperMarket(root=market.root / "empty", served=market.served)
    empty.configure("")
    with empty.pipeline() as fresh:
        fresh.refresh_universe()
    lacking = json.loads(command("explain", "pair", "ada/usd", "--json", environ=empty.environ).out)

    assert {each["certified"] for each in told["history"]} == {True}
    assert {each["sources"] for each in told["history"]} == {"ohlc"}
    assert all(each["stored"] == each["needed"] for each in told["history"])
    assert {each["certified"] for each in lacking["history"]} == {False}
    assert "history fetch ADAUSD --since" in lacking["history"][0]["remedy"]
