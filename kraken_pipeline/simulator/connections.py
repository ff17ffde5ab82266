"""The connections of a running server: cutting one, cutting all, taking none for a while."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Final, cast

import uvicorn

FLUSH_SECONDS: Final = 0.01
"""How long half an answer has to leave before the connection is reset."""
_RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
Address = tuple[str, int]


class Connections:
    """What a server holds open; nothing until a server is attached."""

    def __init__(self) -> None:
        self._server: uvicorn.Server | None = None
        self._bound: Callable[[str, int], socket.socket] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reopening: asyncio.Task[None] | None = None

    def attach(self, server: uvicorn.Server, bound: Callable[[str, int], socket.socket]) -> None:
        """Say which server it is.

        Args:
            server: that is about to start.
            bound: opens a host and port, to come back there after a restart.
        """
        self._server, self._bound = server, bound

    def started(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say in which loop the server runs."""
        self._loop = loop

    def close(self, client: Address) -> None:
        """Close the connection of a client, whatever it waits for."""
        transport = self._transport(client)
        if transport is not None:
            transport.close()

    async def reset(self, client: Address, written: bytes) -> None:
        """Write some bytes to a client, then reset its connection."""
        transport = self._transport(client)
        if transport is None:
            return
        transport.write(written)
        await asyncio.sleep(FLUSH_SECONDS)
        _abort(transport)

    def restart(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for some seconds; from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._go_down, seconds)

    def _go_down(self, seconds: float) -> None:
        server = self._server
        if server is None or self._reopening is not None:
            return
        host, port = server.servers[0].sockets[0].getsockname()[:2]
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            _abort(connection.transport)
        back = self._come_back(server, (host, port), seconds)
        self._reopening = asyncio.create_task(back)

    async def _come_back(self, server: uvicorn.Server, where: Address, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._reopening = None
        if server.should_exit or self._bound is None:
            return
        # as uvicorn's own start does; its type says only that a protocol comes out
        protocol: Callable[[], asyncio.Protocol] = partial(
            cast("Callable[..., asyncio.Protocol]", server.config.http_protocol_class),
            config=server.config,
            server_state=server.server_state,
            app_state=server.lifespan.state,
        )
        loop = asyncio.get_running_loop()
        server.servers = [await loop.create_server(protocol, sock=self._bound(*where))]

    def _transport(self, client: Address) -> asyncio.Transport | None:
        connections = self._server.server_state.connections if self._server else set()
        found = (each for each in connections if getattr(each, "client", None) == client)
        return next((each.transport for each in found), None)


def _abort(transport: asyncio.Transport) -> None:
    """Reset a connection: what it still had to say is dropped, and the other side learns of it."""
    connected = transport.get_extra_info("socket")
    if connected is not None:
        # a socket of our own for the same connection: uvloop's can't be told
        with socket.socket(fileno=os.dup(connected.fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    transport.abort()
