"""Connections that nobody uses, and clients that do not read."""

import asyncio
import base64
import json
import os
import socket
import struct

import pytest
from websockets.exceptions import ConnectionClosed

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.stream import connection as connections
from kraken_pipeline.simulator.stream import station
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline_tests.simulator.stream.conftest import Line, connected


def test_a_connection_that_nobody_uses_is_closed(
    standing: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station, "IDLE_SECONDS", 0.2)

    with connected(standing) as unused, connected(standing) as used:
        used.subscribe("ticker", symbol=["BTC/USD"])
        unused.next()
        with pytest.raises(ConnectionClosed):
            unused.next()
        assert used.ask("ping")


def test_a_ping_keeps_a_connection(stranger: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station, "IDLE_SECONDS", 0.6)

    for _ in range(4):
        with pytest.raises(TimeoutError):
            stranger.next(0.3)
        stranger.ask("ping")


def masked(message: object) -> bytes:
    """Return a message as a client's text frame."""
    text, mask = json.dumps(message).encode(), os.urandom(4)
    body = bytes(byte ^ mask[number % 4] for number, byte in enumerate(text))
    return struct.pack("!BBH", 0x81, 0xFE, len(text)) + mask + body


def handshake(host: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET /v2 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def talk_on(deaf: socket.socket) -> None:
    """Ask for large snapshots again and again and read none of them."""
    wanted = {"channel": "instrument"}
    for number in range(100_000):
        for method in ("subscribe", "unsubscribe"):
            deaf.sendall(masked({"method": method, "params": wanted, "req_id": number}))


def test_a_client_that_does_not_read_is_cut_off(
    standing: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_WAITING", 30)
    address = standing.url.removeprefix("http://")
    host, port = address.split(":")

    with socket.create_connection((host, int(port)), timeout=60) as deaf:
        deaf.sendall(handshake(address))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            talk_on(deaf)
    with connected(standing) as other:
        assert other.ask("ping")


def test_what_waited_is_forgotten_with_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_WAITING_CHARACTERS", 100)
    slow, sent = Connection(1, lambda point, subject: None), []

    async def send(frame: str) -> None:
        sent.append(frame)

    for _ in range(11):
        slow.send("0123456789")
    asyncio.run(slow.write(send))

    assert slow.overrun.is_set()
    assert slow.ended
    assert sent == []
