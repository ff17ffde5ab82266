"""Uvicorn's server, without its waits: it stops when it is told, not a fifth of a second later.

A suite of tests starts and stops hundreds.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import uvicorn

from kraken_pipeline.simulator import machine

TICK_SECONDS: Final = 0.1
"""Ten of them make the second after which uvicorn writes the date anew."""
CHECK_SECONDS: Final = 0.002


class Server(uvicorn.Server):
    """A server that can be stopped from any thread and leaves signals to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    def stop(self) -> None:
        """Let it stop: what is being answered is answered, for a second at most."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop may have ended before
                self._loop.call_soon_threadsafe(self._told.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: those who run a server have their own, and end with code 0."""
        yield

    async def main_loop(self) -> None:
        """Run until it is to stop."""
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, end those there are, then end the application."""
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state = self.server_state
        await _until(
            lambda: not state.connections and not state.tasks,
            seconds=self.config.timeout_graceful_shutdown or 0,
        )
        for task in state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


async def _until(done: Callable[[], bool], *, seconds: float) -> None:
    end = machine.seconds() + seconds
    while not done() and machine.seconds() < end:  # noqa: ASYNC110 uvicorn has no event for it
        await asyncio.sleep(CHECK_SECONDS)
