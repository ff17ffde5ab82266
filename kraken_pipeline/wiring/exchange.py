"""The simulator as a process of its own: found if it runs, started if not, ended with us."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import requests

from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.settings import Loaded, Settings
from kraken_pipeline.simulator.mirror.address import KRAKEN, is_this_machine
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
    mirror: str | None = None
    """The address of an exchange whose public data is the market."""
    at: datetime | None = None
    """Where in the recorded range to begin."""
    port: int = 0
    """0 takes any free one."""

    @property
    def is_usual(self) -> bool:
        """Whether nobody chose: any port will do for any market."""
        return replace(self, port=0) == MarketChoice()

    def folder(self, data_dir: Path) -> Path:
        """Return where this market's account and books are kept: each market has its own.

        A mirror is chosen in the configuration, as live is, and has all of the data folder.
        """
        if self.replay is not None:
            return data_dir / f"replay-{self.replay.resolve().name}"
        return data_dir if self.seed == DEFAULT_SEED else data_dir / f"seed-{self.seed}"


def mirrored(settings: Settings) -> str | None:
    """Return the address of the exchange that paper mirrors; None for a market of its own."""
    paper = settings.paper
    return (paper.mirror_url or KRAKEN) if paper.market == "kraken" else None


def is_paced(settings: Settings) -> bool:
    """Tell whether public calls are asked on to an exchange that counts them."""
    mirror = mirrored(settings)
    return mirror is not None and not is_this_machine(mirror)


def chosen(loaded: Loaded, asked: MarketChoice) -> MarketChoice:
    """Return the market that is asked for, or else the one that the configuration names.

    Raises:
        ConfigurationError: both name one.
    """
    mirror = mirrored(loaded.settings)
    if mirror is None or loaded.simulator_url is not None:
        return asked
    if not asked.is_usual:
        raise ConfigurationError(
            "paper.market is kraken, and a seed or a replay is another market: leave that out, or "
            "set paper.market: own"
        )
    return replace(asked, mirror=mirror)


def market_said(loaded: Loaded) -> str:
    """Say in one line where the prices of paper come from and, of others' data, how old it is."""
    url = loaded.simulator_url or _address_of_running(loaded.data_dir)
    usual = mirrored(loaded.settings)
    if url is None:
        return f"no simulator runs now; {usual or 'a market of its own'} once it does"
    try:
        with straight() as session:
            told = session.get(f"{url}/_sim/health", timeout=TIMEOUT).json()
    except requests.RequestException:
        return f"no simulator answers at {url}"
    found = told.get("mirrored")
    if found is None:
        return "replay" if told.get("replay") else f"made up, seed {told.get('seed')}"
    age = found["age_seconds"]
    aged = "no data yet" if age is None else f"{age:.1f} s old"
    failing = f", fails: it {found['failure']}" if found["failure"] else ""
    return f"public data of {found['source']}, {aged}{failing}"


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
    if choice.is_usual:
        # whoever can't read the configuration, as panic, goes on with what there is
        choice = replace(choice, mirror=_mirrored_in(state))
    command = [sys.executable, "-m", "kraken_pipeline.simulator", "--state-dir", str(state)]
    command += ["--port", str(choice.port), "--key", KEY, "--deposit", STARTING_CASH]
    if choice.mirror is not None:
        command += ["--mirror", choice.mirror]
    elif choice.replay is None:
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


def _mirrored_in(state: Path) -> str | None:
    """Return the exchange whose market a state folder was made with; None for any other market."""
    try:
        made_with = json.loads((state / "market.json").read_text())
    except (OSError, ValueError):
        return None
    found = made_with.get("mirror") if isinstance(made_with, dict) else None
    return found if isinstance(found, str) else None


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
