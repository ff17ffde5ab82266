"""`kraken-pipeline stream`: the listener, within this process and as one of its own."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kraken_pipeline.cli.dev import heard
from kraken_pipeline.cli.stream import hearing_account, say_fill
from kraken_pipeline.domain.errors import ConflictError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import Order, State
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.upkeep import Pauses, Rereading, Terms
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.store.orders import SqlOrderStore
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.listening import listening
from kraken_pipeline.wiring.market_sign import market_sign
from kraken_pipeline.wiring.modes import REAL
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.signs import STREAM, Presence, dismiss
from kraken_pipeline.wiring.stores import open_stores
from kraken_pipeline.wiring.stream_sign import StreamSign, stream_objection, stream_sign
from kraken_pipeline.wiring.streaming import Streaming
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.kraken.stream.world import eventually
from kraken_pipeline_tests.live_market import known, live_market
from kraken_pipeline_tests.paper_market import FEW_PAIRS, MOMENT, PaperMarket, resting_buy
from kraken_pipeline_tests.programs import environment, started

pytestmark = pytest.mark.slow
AT_ONCE = {"pair": "ADAUSD", "type": "buy", "ordertype": "market", "volume": "100"}
HASTY = Terms(
    patience=Patience(socket=1.5, subscription=1.0),
    pauses=Pauses(first=0.05, most=0.2),
    rereading=Rereading(delays=(0.0,)),
)


@pytest.fixture
def ear(pipeline: Pipeline) -> Iterator[Streaming]:
    """Listen within this process, until everything that was missed is read."""
    with listening(pipeline, terms=HASTY) as streaming:
        assert eventually(stepping(streaming, lambda: streaming.condition == "heard"))
        yield streaming


def stepping(streaming: Streaming, holds: Callable[[], bool]) -> Callable[[], bool]:
    """Return what lets the listener hear, and then looks."""

    def look() -> bool:
        streaming.step(0.02)
        return holds()

    return look


def sign_of(market: PaperMarket) -> StreamSign:
    sign = stream_sign(market.data_dir, system_now())
    assert sign is not None
    return sign


def test_u_str_2_a_silent_socket_is_noticed_said_and_opened_anew(
    market: PaperMarket, pipeline: Pipeline, ear: Streaming
) -> None:
    assert eventually(stepping(ear, lambda: proves(market)))
    market.served.service.faults.add(
        Rule(kind=Kind.SILENT_SOCKET, subject="executions", times=1, seconds=0)
    )
    by_hand(market, pipeline, resting_buy(pipeline))
    assert eventually(stepping(ear, lambda: not sign_of(market).is_told))
    objection = stream_objection(market.data_dir, system_now())
    assert eventually(stepping(ear, lambda: is_told(market) and proves(market)))

    assert "the private stream is not heard" in objection
    assert stream_objection(market.data_dir, system_now()) == ""
    assert sign_of(market).gaps == 1


def test_an_order_that_ends_at_the_exchange_ends_in_the_books_at_once(
    market: PaperMarket, pipeline: Pipeline, ear: Streaming
) -> None:
    order = resting_buy(pipeline)

    by_hand(market, pipeline, order)

    assert eventually(stepping(ear, lambda: is_canceled(pipeline, order)), seconds=3)


def test_each_fill_is_told_once_in_a_line(
    pipeline: Pipeline,
    ear: Streaming,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ear.fills_heard()
    heard: list[TradeReport] = []

    def has_filled() -> bool:
        heard.extend(ear.fills_heard())
        return bool(heard)

    pipeline.edge.gateway._line.call("AddOrder", AT_ONCE, call=Call.WRITE)  # type: ignore[attr-defined]  # of the client
    assert eventually(stepping(ear, has_filled))
    for is_json in (False, True):
        say_fill(heard[0], as_json=is_json)

    said = capsys.readouterr()
    assert "filled buy 100 ADAUSD at " in said.err
    assert json.loads(said.out)["fill"]["trade_id"] == heard[0].trade_id
    assert ear.fills_heard() == ()


@pytest.fixture
def stream(market: PaperMarket, pipeline: Pipeline) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a listener and wait until it is told of what happens."""
    env = environment(market.root, FEW_PAIRS, **market.environ)
    with started("stream", "--json", env=env, log=market.root / "stream.log") as process:
        assert eventually(lambda: is_told(market), seconds=30)
        yield process


def is_told(market: PaperMarket) -> bool:
    sign = stream_sign(market.data_dir, system_now())
    return sign is not None and sign.is_told


def proves(market: PaperMarket) -> bool:
    return sign_of(market).proof is not None


def is_canceled(pipeline: Pipeline, order: Order) -> bool:
    return pipeline.stores.orders.order(order.local_id).state is State.CANCELED


def by_hand(market: PaperMarket, pipeline: Pipeline, order: Order) -> None:
    """Cancel an order past the pipeline, as on Kraken's own site."""
    pipeline.edge.gateway.cancel(str(order.kraken_order_id))


def test_a_listener_books_what_happens_and_leaves_in_good_order(
    market: PaperMarket, pipeline: Pipeline, stream: "subprocess.Popen[bytes]"
) -> None:
    order = resting_buy(pipeline)
    by_hand(market, pipeline, order)
    heard = eventually(lambda: is_canceled(pipeline, order), seconds=5)
    stream.send_signal(signal.SIGTERM)

    assert heard
    assert stream.wait(timeout=10) == 0
    assert stream_sign(market.data_dir, system_now()) is None
    said = (market.root / "stream.log").read_text().splitlines()
    first = next(json.loads(line) for line in said if line.startswith("{"))
    assert first.keys() == {"at", "condition", "market", "gaps"}


def test_a_second_listener_is_refused_and_a_killed_one_is_missed(
    command: Command, market: PaperMarket, stream: "subprocess.Popen[bytes]"
) -> None:
    second = command("stream", environ=market.environ)
    there = command("status", environ=market.environ)
    stream.kill()
    stream.wait()
    gone = command("status", environ=market.environ)

    assert (second.code, "another stream runs on" in second.err) == (2, True)
    assert "heard, spoke " in there.out
    assert "lost, spoke " in gone.out
    assert "STREAM_SILENT" in stream_objection(market.data_dir, system_now())


def test_where_nothing_can_rest_the_market_alone_is_heard(market: PaperMarket) -> None:
    config = f"{FEW_PAIRS}execution: {{mode: dry_run}}\n"
    env = environment(market.root, config, **market.environ)

    def is_heard() -> bool:
        sign = market_sign(market.data_dir, system_now())
        return sign is not None and sign.is_well

    with heard(env):  # as `dev` does beside Dagster
        assert eventually(is_heard, seconds=30)
        assert stream_sign(market.data_dir, system_now()) is None

    assert market_sign(market.data_dir, system_now()) is None


def test_without_a_key_the_market_alone_is_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with live_market(tmp_path, known("reader")) as market, market.edge() as edge:
        market.keep({})
        loaded = market.configure()
        stores = open_stores(loaded, world=REAL)
        with hearing_account(Pipeline(loaded=loaded, stores=stores, edge=edge)) as account:
            stores.close()

    assert account is None
    assert "the market alone is heard" in capsys.readouterr().err
    assert stream_sign(market.root / "data", system_now()) is None


def test_u_str_1_while_the_listener_is_lost_nothing_opens_until_it_is_forgotten(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    presence = Presence(market.data_dir, STREAM)
    presence.show(system_now())
    presence.drop()

    waits = resting_buy(pipeline)
    dismiss(market.data_dir)
    goes = resting_buy(pipeline, "ETHUSD")

    assert (waits.state, goes.state) == (State.PLANNED, State.LIVE)


def test_f_sub_3_the_stream_is_told_anew_where_only_that_proves_an_absence(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    market.served.service.faults.add(
        Rule(kind=Kind.LOST_REQUEST, subject="AddOrder", times=1, seconds=0)
    )
    order = resting_buy(pipeline)
    assert (order.state, order.deadline is not None) == (State.UNKNOWN, True)
    settled_at = (order.deadline or MOMENT) + timedelta(seconds=120)

    def is_proven() -> bool:
        proof = sign_of(market).proof
        return proof is not None and proof.shows_absence(
            sent_at=order.created_at, settled_at=settled_at
        )

    market.turn(order.created_at + timedelta(seconds=30))
    with listening(pipeline, terms=HASTY) as ear:
        assert eventually(stepping(ear, lambda: is_told(market) and proves(market)))
        market.turn(settled_at + timedelta(seconds=10))

        assert eventually(stepping(ear, is_proven))
        assert ear.gaps == 1


def test_f_evt_11_a_queue_that_is_full_halts(market: PaperMarket, pipeline: Pipeline) -> None:
    with listening(pipeline, terms=replace(HASTY, most_news=1)):
        assert eventually(lambda: [each.kind for each in pipeline.halts()] == [HaltKind.DATA])


class Busy:
    """The books while another process writes to them for long."""

    def __init__(self, orders: SqlOrderStore) -> None:
        self.is_busy = False
        self._orders = orders

    def __getattr__(self, name: str) -> object:
        if self.is_busy:
            raise ConflictError("another process writes")
        return getattr(self._orders, name)


def test_what_cannot_be_written_waits_and_nothing_is_proven_meanwhile(
    market: PaperMarket, pipeline: Pipeline
) -> None:
    order, busy = resting_buy(pipeline), Busy(pipeline.stores.orders)
    orders: Any = busy  # it has every method of the store
    slow = replace(pipeline, stores=replace(pipeline.stores, orders=orders))
    with listening(slow, terms=HASTY) as ear:
        assert eventually(stepping(ear, lambda: proves(market) and not ear.is_busy))
        busy.is_busy = True
        by_hand(market, pipeline, order)
        assert eventually(stepping(ear, lambda: not proves(market)))
        assert not is_canceled(pipeline, order)
        busy.is_busy = False

        assert eventually(stepping(ear, lambda: is_canceled(pipeline, order)))
