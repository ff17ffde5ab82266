"""A server that answers as told, well or badly, and keeps what it heard byte for byte."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Heard:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))


Reply = Callable[[socket.socket, Heard], bool]
"""Answers on the socket and tells whether it stays open."""


def page(body: bytes, *, status: str = "200 OK", headers: str = "") -> Reply:
    def send(connection: socket.socket, heard: Heard) -> bool:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)
        return True

    return send


def ok(result: object) -> Reply:
    return page(json.dumps({"error": [], "result": result}).encode())


def refuses(*errors: str) -> Reply:
    return page(json.dumps({"error": errors}).encode())


def raw(sent: bytes) -> Reply:
    """Send bytes as they are, then close."""

    def send(connection: socket.socket, heard: Heard) -> bool:
        connection.sendall(sent)
        return False

    return send


def closes(connection: socket.socket, heard: Heard) -> bool:
    return False


def resets(connection: socket.socket, heard: Heard) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def stays_silent(connection: socket.socket, heard: Heard) -> bool:
    connection.settimeout(10)
    with suppress(OSError):
        connection.recv(1)
    return False


@dataclass
class Scripted:
    """What is behind the address."""

    url: str
    answer: Callable[[Heard], Reply]
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0


@contextmanager
def scripted(pick: Callable[[Heard], Reply]) -> Iterator[Scripted]:
    """Serve until the context ends; `pick` chooses the reply to each request."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    server = Scripted(f"http://127.0.0.1:{listening.getsockname()[1]}", pick)
    accepting = threading.Thread(target=_accept, args=(listening, server), daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()


def _accept(listening: socket.socket, server: Scripted) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_serve, args=(connection, server), daemon=True).start()


def _serve(connection: socket.socket, server: Scripted) -> None:
    with connection, suppress(OSError):
        stays = True
        while stays:
            heard = _read(connection)
            if heard is None:
                return
            server.heard.append(heard)
            stays = server.answer(heard)(connection, heard)


def _read(connection: socket.socket) -> Heard | None:
    head = b""
    while b"\r\n\r\n" not in head:
        more = connection.recv(65536)
        if not more:
            return None
        head += more
    head, _, body = head.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Heard(method, path, headers, body)


def always(reply: Reply) -> Callable[[Heard], Reply]:
    return lambda heard: reply


def in_turn(*replies: Reply) -> Callable[[Heard], Reply]:
    """Give each reply once, in order, and the last one for ever."""
    left = list(replies)
    return lambda heard: left.pop(0) if len(left) > 1 else left[0]
