import json
from dataclasses import replace

import pytest

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.certificates import Source, Span
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.longer_bars import between
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, timeframe
from kraken_pipeline.store.schema.orders import execution_orders
from kraken_pipeline.strategies import STRATEGIES
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PAIRS, PaperMarket, resting_buy


def _decided(pipeline: Pipeline) -> Order:
    """Decide the bar that closed, with the strategies of the configuration, and take an order."""
    pipeline.decide(timeframe("4h"), run_id="a test")
    pipeline.assess(Namespace.TRADE, run_id="a test")
    return pipeline.stores.orders.reserving()[0]


def test_the_audit_finds_a_row_that_was_changed_by_hand(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)
    assert command("audit", "verify", environ=market.environ).code == 0
    with pipeline.stores.database.writing() as connection:
        mine = execution_orders.c.local_id == order.local_id
        connection.execute(execution_orders.update().where(mine), {"price": order.limit_price * 2})

    result = command("audit", "verify", environ=market.environ)

    assert result.code == 6
    assert order.local_id in result.out


def test_a_decision_comes_out_again_byte_for_byte(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = _decided(pipeline)

    said = command("audit", "replay", order.local_id, "--json", environ=market.environ)

    told = json.loads(said.out)
    assert said.code == 0, said.out
    assert (told["made_again"], told["equal"], told["obstacle"]) == (True, True, "none")
    assert set(told["bars"].values()) == {"matches"}


def test_his_4_a_decision_on_bars_that_were_filled_in_comes_out_again(
    command: Command, market: PaperMarket
) -> None:
    silent = PaperMarket(root=market.root / "silent", served=market.served)
    silent.configure("")
    with silent.pipeline() as pipeline:
        pipeline.refresh_universe()
        for frame in TIMEFRAMES.values():
            _store_with_a_silent_bar(pipeline, frame)
        pipeline.keep_books()
        order = _decided(pipeline)

    said = command("audit", "replay", order.local_id, "--json", environ=silent.environ)
    why = command("explain", "order", order.local_id, "--json", environ=silent.environ)

    told, seen = json.loads(said.out), json.loads(why.out)["decision"]["seen"]
    assert (said.code, told["equal"], told["obstacle"]) == (0, True, "none"), said.out
    assert (seen["view"], sorted(seen["filled"]["4h"])) == ("filled", sorted(PAIRS))


def _store_with_a_silent_bar(pipeline: Pipeline, frame: Timeframe) -> None:
    """Keep all candles of a timeframe but the tenth last, which is proven to be none."""
    now = pipeline.clock()
    for pair in pipeline.edge.market.listing().pairs.values():
        if pair.name in PAIRS:
            told = pipeline.edge.market.candles(pair, frame, None)
            gone = told.opened_at[-10]
            pages = [between(told, 0, gone), between(told, gone + 1, told.opened_at[-1] + 1)]
            pipeline.stores.bars.append(frame, pages)
            proof = Span(
                first=gone,
                until=gone + frame.seconds,
                source=Source.TRADES,
                origin="",
                fetched_at=now,
            )
            pipeline.stores.certificates.extend(frame, [(pair.name, proof, ())])


def test_a_bar_that_was_told_anew_since_is_named_with_its_revision(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    """HIS-5: a late trade reopens a bar as a new revision."""
    order = _decided(pipeline)
    frame, bars = timeframe("4h"), pipeline.stores.bars
    opened = bars.newest(frame)[order.pair]
    late = (str(bars.closes(frame, opened + frame.length)[order.pair] * 2),)
    told = Candles(
        pair=order.pair,
        timeframe=frame.name,
        opened_at=(int(opened.timestamp()),),
        **dict.fromkeys(("open", "high", "low", "close", "volume"), late),
        trades=(1,),
    )
    bars.revise(frame, [told])

    said = command("audit", "replay", order.local_id, environ=market.environ)

    named = f"told anew: {order.pair} 4h of {opened:%F %T} (revision 1)"
    assert said.code == 6, said.out
    assert f"the stored bars of 4h are other than then; {named}" in said.out


def test_a_decision_that_comes_out_otherwise_is_drift_and_says_where(
    command: Command,
    market: PaperMarket,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = _decided(pipeline)
    name, strategy = "trend_core", STRATEGIES["trend_core"]
    changed = replace(strategy, version="another", parameters=strategy.parameters)
    monkeypatch.setattr("kraken_pipeline.wiring.strategies.STRATEGIES", {name: changed})

    said = command("audit", "replay", order.local_id, environ=market.environ)

    assert said.code == 6
    assert "is at version another now" in said.out


def test_a_decision_that_kept_nothing_of_what_it_saw_is_not_made_again(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    order = resting_buy(pipeline)

    said = command("audit", "replay", order.local_id, environ=market.environ)

    assert said.code == 7
    assert "universe U1 is not kept any more" in said.out
