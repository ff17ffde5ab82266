import socket
import time
from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.errors import OutcomeUnknownError, UnreachableError
from kraken_pipeline.kraken.connections import Connections, Timeouts
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline_tests.kraken.lines import QUICK, line_to
from kraken_pipeline_tests.kraken.scripted import (
    Heard,
    Reply,
    always,
    in_turn,
    ok,
    page,
    scripted,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Long: "
BODY = HEAD + b"a\r\n\r\n" + b'{"error":[],"result":"'


def drips(start: bytes) -> Reply:
    """Send a beginning, and then a byte at a time, each well within any timeout."""

    def send(connection: socket.socket, heard: Heard) -> bool:
        connection.sendall(start)
        for _ in range(100):
            time.sleep(0.05)
            connection.sendall(b"a")
        return False

    return send


@pytest.mark.parametrize("start", [HEAD, BODY])
def test_an_answer_that_drips_holds_a_call_no_longer_than_its_time(start: bytes) -> None:
    with scripted(always(drips(start))) as server:
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            PublicLine(server.url, timeouts=QUICK).ask("Time")

        assert time.monotonic() - began < QUICK.read_seconds + 2


def test_an_order_whose_answer_drips_may_have_been_done() -> None:
    with scripted(always(drips(BODY))) as server, pytest.raises(OutcomeUnknownError):
        line_to(server.url).call("AddOrder", {}, call=Call.WRITE)


def test_an_answer_in_pieces_is_read_whole_if_it_comes_in_time() -> None:
    def pieces(connection: socket.socket, heard: Heard) -> bool:
        for each in (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\n", b"ab", b"cd"):
            connection.sendall(each)
            time.sleep(0.02)
        return True

    with scripted(always(pieces)) as server:
        connections = Connections(server.url, QUICK)
        for _ in range(2):
            assert connections.get("/").body == b"abcd"

        assert server.connections == 1
        connections.close()


def test_each_answer_has_its_own_time() -> None:
    with scripted(always(ok(1))) as server:
        connections = Connections(server.url, Timeouts(read_seconds=1))
        for _ in range(4):
            connections.get("/")
            time.sleep(0.3)

        assert server.connections == 1
        connections.close()


def test_the_other_sides_date_comes_with_the_answer() -> None:
    dated = page(b"{}", headers="Date: Mon, 02 Nov 2026 12:00:00 GMT\r\n")
    with scripted(in_turn(dated, ok(1), page(b"{}", headers="Date: never\r\n"))) as server:
        connections = Connections(server.url, QUICK)
        first, second, third = (connections.get("/") for _ in range(3))
        connections.close()

    assert first.sent_at is not None
    assert first.sent_at.isoformat() == "2026-11-02T12:00:00+00:00"
    assert second.sent_at is None
    assert third.sent_at is None


def test_a_date_without_a_zone_is_utc() -> None:
    """As a throttling's instant is taken from it."""
    dated = page(b"{}", headers="Date: Mon, 02 Nov 2026 12:00:00 -0000\r\n")
    with scripted(always(dated)) as server:
        connections = Connections(server.url, QUICK)
        answer = connections.get("/")
        connections.close()

    assert answer.sent_at == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_each_new_connection_is_told_of() -> None:
    told: list[None] = []
    with scripted(always(ok(1))) as server:
        connections = Connections(server.url, QUICK, connecting=lambda: told.append(None))
        for _ in range(3):
            connections.get("/")
        connections.close()

    assert len(told) == server.connections == 1
