"""Our programs as processes of their own, with folders of their own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from kraken_pipeline.wiring.exchange import KEY, SECRET
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.paper_market import FEW_PAIRS

T = TypeVar("T")

COMMAND = (sys.executable, "-m", "kraken_pipeline")
UNSET = ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE")


def environment(root: Path, config: str = FEW_PAIRS, **more: str) -> dict[str, str]:
    """Return an environment with folders below `root`, and nothing of ours from this process."""
    (root / "config").mkdir(exist_ok=True)
    (root / "config" / "config.yaml").write_text(config)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KRAKEN_") and name not in UNSET
    }
    return {
        **kept,
        "KRAKEN_PIPELINE_CONFIG_DIR": str(root / "config"),
        "KRAKEN_PIPELINE_DATA_DIR": str(root / "data"),
        **more,
    }


def run(
    *arguments: str, env: dict[str, str], seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=env,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


@contextlib.contextmanager
def started(*arguments: str, env: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a command whose words go to a file; what is left of it at the end is killed."""
    with log.open("wb") as words:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env=env,
            cwd=REPOSITORY,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        children = []
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(process.pid).children(recursive=True)
        for each in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()


def eventually(look: Callable[[], T], *, seconds: float, pause: float = 0.1) -> T:
    """Return what is looked for as soon as it is there.

    Raises:
        TimeoutError: it was not there in time.
    """
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s in vain for {look}")
        time.sleep(pause)
    return found


def left_over(folder: Path) -> list[str]:
    """Return the command lines of processes that know of a folder, by argument or environment."""
    found = []
    for each in psutil.process_iter():
        if each.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error):
            knows = [*each.cmdline(), *each.environ().values()]
            if any(str(folder) in word for word in knows):
                found.append(" ".join(each.cmdline()))
    return found


def free_port() -> int:
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def taken_port() -> Iterator[int]:
    """Hold a port for as long as the context lasts."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


@contextlib.contextmanager
def simulator_process(folder: Path, *more: str) -> Iterator[str]:
    """Run a simulator for the paper account as a process, and yield its address."""
    command = [sys.executable, "-m", "kraken_pipeline.simulator", "--state-dir", str(folder)]
    with subprocess.Popen(
        [*command, "--key", KEY, "--until-stdin-closes", *more],
        env={**os.environ, "KRAKEN_SIMULATOR_SECRET": SECRET},
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
