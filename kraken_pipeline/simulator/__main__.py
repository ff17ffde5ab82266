"""The program: `python -m kraken_pipeline.simulator --state-dir DIR`.

When it is ready it prints one line of JSON: its URL and its time. The key's secret comes from the
environment, so that no list of processes shows it.
"""

import argparse
import asyncio
import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from socket import socket
from typing import Final

import uvicorn

from kraken_pipeline.simulator import rest
from kraken_pipeline.simulator.journal import StateError
from kraken_pipeline.simulator.recorded import ReplayError
from kraken_pipeline.simulator.simulation import DEPOSITS, Settings, opened

SECRET: Final = "KRAKEN_SIMULATOR_SECRET"  # noqa: S105 the variable's name
REFUSED: Final = 2
"""Exit code: it can't start as it was told."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop and return the exit code."""
    told = _parser().parse_args(arguments)
    secret = os.environ.get(SECRET)
    if not secret:
        return _refuse(f"set {SECRET} to the API secret, base64")
    try:
        with opened(_settings(told, secret)) as service:
            listening = rest.bound(told.host, told.port)
            ready = {
                "url": rest.address(listening),
                "now": service.exchange.clock.now().isoformat(),
            }
            asyncio.run(
                _serve(rest.server(service), listening, ready, until_stdin=told.until_stdin_closes)
            )
    except (StateError, ReplayError, ValueError) as wrong:
        return _refuse(str(wrong))
    except OSError as trouble:
        taken = trouble.errno == errno.EADDRINUSE
        why = "is in use; give another --port" if taken else f"can't be opened: {trouble.strerror}"
        return _refuse(f"port {told.port} on {told.host} {why}")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"kraken_pipeline.simulator: {why}\n")
    return REFUSED


async def _serve(
    server: uvicorn.Server, listening: socket, ready: dict[str, str], *, until_stdin: bool
) -> None:
    """Serve until a signal comes or, if asked, standard input closes."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    def stop_at_end() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        with suppress(RuntimeError):  # the loop may have ended before
            loop.call_soon_threadsafe(stop)

    server.capture_signals = _no_signals  # type: ignore[method-assign]  # ours exit with 0
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 uvicorn has no event for it
        await asyncio.sleep(0.002)
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    if until_stdin:
        # any file, not only a pipe, can be standard input; only a thread can wait for all
        threading.Thread(target=stop_at_end, daemon=True).start()
    await serving
    listening.close()


@contextmanager
def _no_signals() -> Iterator[None]:
    yield


def _settings(told: argparse.Namespace, secret: str) -> Settings:
    return Settings(
        folder=told.state_dir,
        secret=secret,
        key=told.key,
        seed=told.seed,
        replay=told.replay,
        at=told.at,
        clock=told.clock,
        offset=timedelta(seconds=told.offset_seconds),
        deposits=dict(told.deposit) if told.deposit else DEPOSITS,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m kraken_pipeline.simulator",
        description="A local exchange that speaks Kraken's SPOT REST protocol.",
    )
    add = parser.add_argument
    add("--state-dir", type=Path, required=True, help="where orders, balances and trades are kept")
    add("--host", default="127.0.0.1", help="a loopback address")
    add("--port", type=int, default=0, help="0 takes any free port")
    add("--seed", type=int, default=1, help="of the made-up market")
    add("--replay", type=Path, help="a folder of recorded candles, PAIR_minutes.range.csv")
    add("--at", type=_instant, help="where time begins in a new state, ISO-8601")
    add("--clock", choices=("real", "fixed"), help="fixed stands until POST /_sim/clock turns it")
    add("--offset-seconds", type=int, default=0, help="added to the machine's clock")
    add("--deposit", type=_deposit, action="append", help="of a new account, as ZUSD=10000")
    add("--key", default="SIMULATOR", help="what callers send as API-Key")
    add("--until-stdin-closes", action="store_true", help="stop when standard input ends")
    return parser


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _deposit(text: str) -> tuple[str, Decimal]:
    asset, _, amount = text.partition("=")
    try:
        return asset, Decimal(amount)
    except InvalidOperation as wrong:
        raise argparse.ArgumentTypeError(f"{text!r}: give it as ZUSD=10000") from wrong


if __name__ == "__main__":
    sys.exit(main())
