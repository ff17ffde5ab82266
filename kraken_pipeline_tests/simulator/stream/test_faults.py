"""What goes wrong on a stream on purpose."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import (
    Json,
    Line,
    connected,
    rows,
    token_of,
)

BOOK: dict[str, object] = {"channel": "book", "symbol": ["BTC/USD"]}


def fault(client: Client, kind: str, **more: object) -> None:
    answer = client.control("faults", kind=kind, **more)
    assert "error" not in answer, answer


def ticks(client: Client, count: int) -> None:
    for _ in range(count):
        client.control("clock", advance_seconds=5)


def frames_of(line: Line, channel: str) -> list[str]:
    line.settled()
    return [text for text in line.texts if f'"channel":"{channel}","type":"update"' in text]


@contextmanager
def ends() -> Iterator[None]:
    with pytest.raises(ConnectionClosed):
        yield


def test_a_frame_may_come_twice(client: Client, line: Line) -> None:
    line.listen("executions")
    fault(client, "duplicate_frame", channel="executions")
    line.order()

    first, second, third = frames_of(line, "executions")
    assert first == second != third


def test_two_frames_may_change_places(client: Client, line: Line) -> None:
    line.listen("executions")
    fault(client, "swapped_frames", channel="executions")
    line.order()

    kinds = [row["exec_type"] for row in rows(line.settled(), "executions")]
    assert kinds == ["new", "pending_new"]


def test_a_frame_may_be_lost_which_its_numbers_show(client: Client, line: Line) -> None:
    line.listen("executions")
    fault(client, "lost_frame", channel="executions")
    line.order()

    [frame] = frames_of(line, "executions")
    assert frame.endswith('"sequence":3}')


def test_a_checksum_may_be_wrong_once(client: Client, line: Line) -> None:
    line.ask("subscribe", **BOOK)
    fault(client, "bad_checksum")
    client.control("clock", advance_seconds=5)
    [wrong] = rows(line.settled(), "book")
    [right] = rows(
        [*line.asked("unsubscribe", **BOOK), *line.asked("subscribe", **BOOK), *line.settled()],
        "book",
        "snapshot",
    )

    assert wrong["checksum"] != right["checksum"]
    assert wrong["checksum"] ^ right["checksum"] == 1


def test_a_frame_that_is_no_json_may_come_in_between(client: Client, line: Line) -> None:
    line.ask("subscribe", **BOOK)
    line.settled()
    fault(client, "non_json_frame")
    client.control("clock", advance_seconds=5)

    assert line.socket.recv(timeout=5) == "CloudFlare WebSocket proxy restarting"
    assert line.next()["channel"] == "book"


def test_a_subscription_may_stay_silent_while_others_go_on(client: Client, line: Line) -> None:
    fault(client, "silent_subscription", channel="book")
    assert line.ask("subscribe", **BOOK)["success"]
    line.ask("subscribe", channel="trade", symbol=["BTC/USD"])
    line.settled()
    ticks(client, 3)

    told = line.settled()
    assert rows(told, "book") == []
    assert len(rows(told, "trade")) > 10
    assert line.ask("unsubscribe", **BOOK)["success"]


def test_a_socket_may_go_silent_and_stay_open(client: Client, line: Line) -> None:
    line.ask("subscribe", **BOOK)
    line.settled()
    fault(client, "silent_socket")
    ticks(client, 3)

    with pytest.raises(TimeoutError):
        line.next(1.5)
    assert line.socket.ping().wait(5)


@pytest.mark.parametrize("kind", ["cut_before_effect", "cut_before_ack"])
def test_the_line_may_be_cut_before_an_orders_answer(client: Client, line: Line, kind: str) -> None:
    fault(client, kind, method="add_order")

    with ends():
        line.order()
    assert len(client.did("OpenOrders")["open"]) == (kind == "cut_before_ack")


def test_the_line_may_be_cut_by_a_frame_for_one_client_only(
    served: Served, client: Client, line: Line
) -> None:
    with connected(served) as other:
        for each in (line, other):
            each.ask("subscribe", **BOOK)
            each.settled()
        fault(client, "cut_socket", channel="book")
        ticks(client, 1)

        with ends():
            line.settled()
        assert len(rows(other.settled(), "book")) == 1


def test_maintenance_is_said_and_then_the_connection_is_closed(client: Client, line: Line) -> None:
    line.ask("subscribe", **BOOK)
    line.settled()
    fault(client, "maintenance", channel="book")
    ticks(client, 1)

    [row] = line.next()["data"]
    assert row["system"] == "maintenance"
    assert "connection_id" not in row
    with pytest.raises(ConnectionClosed) as closed:
        line.next()
    assert closed.value.rcvd is not None


def test_a_connection_may_be_refused(served: Served, client: Client) -> None:
    fault(client, "refused_connection")

    with pytest.raises(InvalidStatus), connected(served):
        pass
    with connected(served) as line:
        assert line.next()["channel"] == "status"


def test_a_good_token_may_be_refused(client: Client, line: Line) -> None:
    fault(client, "token_refused", channel="executions")

    answer = line.ask("subscribe", channel="executions", token=line.token)
    assert (answer["error"], answer["status"]) == ("ESession:Invalid session", "error")
    assert line.ask("subscribe", channel="executions", token=line.token)["success"]


def test_after_a_restart_tokens_are_void_and_orders_are_there(
    served: Served, client: Client, line: Line
) -> None:
    line.order(cl_ord_id="kept")
    client.control("restart", seconds=0.2)
    with ends():
        line.next()

    wait_until_back(served)
    with connected(served, line.token) as other:
        assert other.trade("cancel_all")["error"] == "ESession:Invalid session"
        other.token = token_of(client)
        [row] = rows(other.listen("executions"), "executions", "snapshot")
        assert row["cl_ord_id"] == "kept"


def wait_until_back(served: Served) -> None:
    """Ask until the simulator takes connections again."""
    for _ in range(250):
        try:
            requests.get(f"{served.url}/_sim/health", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.02)
        else:
            return


def test_a_seed_strikes_the_same_frames_each_time(served: Served, client: Client) -> None:
    def struck() -> list[Json]:
        client.control("faults", seed=5, rates={"lost_frame": 0.3, "duplicate_frame": 0.2})
        with connected(served, token_of(client)) as line:
            line.listen("executions")
            for _ in range(10):
                line.order()
            line.settled()
            line.trade("cancel_all")
        log = client.session.get(f"{served.url}/_sim/faults", timeout=5).json()["log"]
        client.session.delete(f"{served.url}/_sim/faults", timeout=5)
        client.control("clock", advance_seconds=3600)
        return [each["rule"] for each in log if each["subject"] == "executions"]

    first = struck()
    assert len(first) > 3
    assert struck() == first
