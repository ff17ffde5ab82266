"""A simulator that runs until it is told to stop."""

import asyncio
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from typing import Final

from kraken_pipeline.simulator import rest
from kraken_pipeline.simulator.journal import StateError
from kraken_pipeline.simulator.recorded import ReplayError
from kraken_pipeline.simulator.server import Server
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.simulation import Settings, opened

REFUSED: Final = 2
"""Exit code: it can't start as it was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it listens."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes any free one."""


def run(
    settings: Settings,
    place: Place,
    ready: Callable[[str, Service], str],
    *,
    until_stdin: bool = False,
) -> None:
    """Serve until a signal comes.

    Args:
        settings: of the simulator.
        place: where it listens.
        ready: what to say on standard output once it answers, told its URL.
        until_stdin: whether it stops as well when standard input ends.

    Raises:
        ValueError: it can't start as it was told; the message says why and what to do.
    """
    try:
        with opened(settings) as service:
            listening = rest.bound(place.host, place.port)
            said = ready(rest.address(listening), service)
            asyncio.run(_serve(rest.server(service), listening, said, until_stdin=until_stdin))
    except (StateError, ReplayError) as wrong:
        raise ValueError(str(wrong)) from wrong
    except OSError as trouble:
        taken = trouble.errno == errno.EADDRINUSE
        why = "is in use; give another --port" if taken else f"can't be opened: {trouble.strerror}"
        raise ValueError(f"port {place.port} on {place.host} {why}") from trouble


async def _serve(server: Server, listening: socket, ready: str, *, until_stdin: bool) -> None:
    def stop_at_end() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        server.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 uvicorn has no event for it
        await asyncio.sleep(0.002)
    sys.stdout.write(ready + "\n")
    sys.stdout.flush()
    if until_stdin:
        # any file, not only a pipe, can be standard input; only a thread can wait for all
        threading.Thread(target=stop_at_end, daemon=True).start()
    await serving
    listening.close()
