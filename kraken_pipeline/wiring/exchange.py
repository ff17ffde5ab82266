"""The simulator as a process of its own: found if it runs, started if not, ended with us."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import requests

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.wiring.children import without_secrets
from kraken_pipeline.wiring.straight import straight

KEY: Final = "paper"
SECRET: Final = "cGFwZXItYWNjb3VudC1vbi10aGlzLW1hY2hpbmUtb25seQ=="  # noqa: S105 - opens only play money
"""Base64. The account that it opens exists in the simulator on this machine and nowhere else."""
DEFAULT_SEED: Final = 1
STARTING_CASH: Final = "ZUSD=10000"
TIMEOUT: Final = (1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketChoice:
    """Which market the simulator shows."""

    seed: int = DEFAULT_SEED
    replay: Path | None = None
    """A folder of recorded candles; None for the made-up market of `seed`."""
    at: datetime | None = None
    """Where in the recorded range to begin."""
    port: int = 0
    """0 takes any free one."""

    def folder(self, data_dir: Path) -> Path:
        """Return where this market's account and books are kept: each market has its own."""
        if self.replay is not None:
            return data_dir / f"replay-{self.replay.resolve().name}"
        return data_dir if self.seed == DEFAULT_SEED else data_dir / f"seed-{self.seed}"


@contextlib.contextmanager
def running_simulator(
    data_dir: Path, choice: MarketChoice, *, given: str | None = None
) -> Iterator[str]:
    """Yield the address of a simulator for this data folder; one that we start ends with us.

    Args:
        data_dir: where the address of one that runs is written, and the state of ours is kept.
        choice: of the market, if one is started.
        given: the address of one that somebody else started and looks after.

    Raises:
        ConfigurationError: it could not start; the message is its own.
    """
    found = given or _address_of_running(data_dir)
    if found is not None:
        yield found
        return
    process = _start(data_dir, choice)
    try:
        url = _first_word(process, data_dir)
        _address_file(data_dir).write_text(url)
        yield url
    finally:
        _address_file(data_dir).unlink(missing_ok=True)
        _end(process)


def turn_clock(url: str, to: datetime) -> None:
    """Turn the clock of a simulator whose time stands still; resting orders meet the market."""
    with straight() as session:
        reply = session.post(f"{url}/_sim/clock", json={"now": to.isoformat()}, timeout=(1, 60))
    reply.raise_for_status()


def _start(data_dir: Path, choice: MarketChoice) -> "subprocess.Popen[str]":
    state = data_dir / "simulator"
    state.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "kraken_pipeline.simulator", "--state-dir", str(state)]
    command += ["--port", str(choice.port), "--key", KEY, "--deposit", STARTING_CASH]
    if choice.replay is None:
        command += ["--seed", str(choice.seed)]
    else:
        command += ["--replay", str(choice.replay), "--clock", "fixed"]
    if choice.at is not None:
        command += ["--at", choice.at.isoformat()]
    with _log(data_dir).open("w") as log:
        return subprocess.Popen(  # noqa: S603 - our own program, by a fixed path
            [*command, "--until-stdin-closes"],
            env={**without_secrets(os.environ), "KRAKEN_SIMULATOR_SECRET": SECRET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # a Ctrl-C is for us; it ends when we close its input
        )


def _first_word(process: "subprocess.Popen[str]", data_dir: Path) -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if line:
        return str(json.loads(line)["url"])
    said = _log(data_dir).read_text().strip()
    raise ConfigurationError(said.splitlines()[-1] if said else "the simulator did not start")


def _log(data_dir: Path) -> Path:
    return data_dir / "simulator" / "simulator.log"


def _end(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _address_file(data_dir: Path) -> Path:
    return data_dir / "simulator.url"


def _address_of_running(data_dir: Path) -> str | None:
    """Return the address that was left, if it is still that of a simulator on this folder."""
    try:
        url = _address_file(data_dir).read_text().strip()
        with straight() as session:
            session.get(f"{url}/_sim/health", timeout=TIMEOUT).raise_for_status()
    except (FileNotFoundError, requests.RequestException):
        return None
    return url if _is_locked(data_dir / "simulator" / "lock") else None


def _is_locked(file: Path) -> bool:
    """Tell whether a simulator holds its folder; else another one has got the port since."""
    try:
        with file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
