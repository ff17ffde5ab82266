"""`dev`: Dagster's UI, daemon and a simulator, together, until Ctrl-C."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Final

from kraken_pipeline.cli.cycle import market_choice
from kraken_pipeline.cli.output import print_warning, print_warnings
from kraken_pipeline.domain.errors import ConfigurationError, PipelineError
from kraken_pipeline.settings import load
from kraken_pipeline.wiring.exchange import chosen, running_simulator
from kraken_pipeline.wiring.home import DATA_DIR, SIMULATOR_URL, settled
from kraken_pipeline.wiring.panic import LATCH, latched_by_signal
from kraken_pipeline.wiring.pipeline import connect

HOST: Final = "127.0.0.1"
ASKED_SECONDS: Final = 10
"""How long a program may take to end itself and what it started."""
TOLD_SECONDS: Final = 5
"""How long what it left may take, once told."""
LOOK_SECONDS: Final = 0.05


def run(
    environ: Mapping[str, str],
    *,
    port: int,
    seed: int | None,
    simulator_port: int,
) -> None:
    """Run everything until Ctrl-C or SIGTERM; nothing is left running afterwards.

    Raises:
        ConfigurationError: a port is in use, or a folder is wrong.
    """
    asked = market_choice(replay=None, at=None, seed=seed, port=simulator_port)
    choice = chosen(load(environ), asked)
    env = settled(environ, choice, tell=print_warning)
    print_warnings(load(env))
    _require_free(port)
    # Dagster starts two to three times slower where it may not keep compiled code
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    simulator = running_simulator(Path(env[DATA_DIR]), choice, given=env.get(SIMULATOR_URL))
    folder = Path(env[DATA_DIR])
    with _ctrl_c_as_exit(), latched_by_signal(folder), _only_one(folder), simulator as url:
        env[SIMULATOR_URL] = url
        sys.stderr.write(f"simulator  {url}\nDagster    http://{HOST}:{port}\n")
        sys.stderr.write(
            f"data       {folder}\npanic      touch {folder}/{LATCH}, or kill -USR1 {os.getpid()}\n"
        )
        try:
            with heard(env):
                _serve(env, port)
        finally:
            _stand_down(env)


def _stand_down(env: Mapping[str, str]) -> None:
    """Leave nothing at the exchange that may not be left alone; another signal leaves it all.

    Source: SHD-1.
    """
    try:
        pipeline = connect(env)
        try:
            left = pipeline.stand_down(owner="dev")
            switch = pipeline.stores.switches.switch().said
        finally:
            pipeline.close()
    except PipelineError as failure:
        sys.stderr.write(f"orders were left as they are: {failure}\n")
        return
    names = ", ".join(each.local_id for each in left)
    said = f"NOT proven canceled: {names}" if left else "our orders that may not stay are canceled"
    sys.stderr.write(f"{said}; dead man's switch: {switch}\n")


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Keep a second `dev` off the folder: two daemons would ask for every run twice.

    Raises:
        ConfigurationError: one runs there already.
    """
    with (data_dir / "dev.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"another dev runs on {data_dir}; end it, or set {DATA_DIR} to another folder"
            ) from error
        yield


@contextlib.contextmanager
def heard(env: Mapping[str, str]) -> Iterator[None]:
    """Hear the market's stream beside Dagster, and the account's where an order can rest."""
    stream = subprocess.Popen(
        [sys.executable, "-m", "kraken_pipeline", "stream"], env=dict(env), start_new_session=True
    )
    try:
        yield
    finally:
        _end_group(stream)


def _serve(env: Mapping[str, str], port: int) -> None:
    command = [sys.executable, "-m", "dagster", "dev", "-m", "kraken_pipeline.definitions"]
    command += ["-h", HOST, "-p", str(port)]
    dagster = subprocess.Popen(  # noqa: S603 - Dagster's own program
        command, env=dict(env), start_new_session=True
    )
    try:
        dagster.wait()
    finally:
        _end_group(dagster)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End a program and all that it started: first it is asked, then all are told, then killed.

    It alone is asked, for it asks its own: some of those know no other end than a traceback.
    """
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=ASKED_SECONDS)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + TOLD_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
            while time.monotonic() < deadline:
                # reaped, or it would be there for ever
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _ctrl_c_as_exit() -> Iterator[None]:
    """Leave in good order on SIGTERM as on Ctrl-C, also where a shell told us to ignore that."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, leave) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} is in use; end what uses it or choose another with PORT=n"
            ) from error
