"""The program as others start it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from kraken_pipeline_tests.simulator.conftest import SECRET

pytestmark = pytest.mark.slow

PROGRAM = (sys.executable, "-m", "kraken_pipeline.simulator")
ENVIRONMENT = os.environ | {"KRAKEN_SIMULATOR_SECRET": SECRET}


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def refusal(*arguments: str, environment: dict[str, str] = ENVIRONMENT) -> str:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_it_says_where_it_is_and_stops_on_a_signal(tmp_path: Path) -> None:
    with started("--state-dir", str(tmp_path)) as (process, url):
        health = requests.get(f"{url}/_sim/health", timeout=10).json()
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert (health["ok"], health["seed"], health["replay"]) == (True, 1, None)


def test_it_stops_when_its_input_ends(tmp_path: Path) -> None:
    with started("--state-dir", str(tmp_path), "--until-stdin-closes") as (process, _):
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(10) == 0


def test_a_second_one_on_the_same_state_is_refused(tmp_path: Path) -> None:
    with started("--state-dir", str(tmp_path)):
        assert "another simulator runs" in refusal("--state-dir", str(tmp_path))


def test_a_killed_one_leaves_what_it_had_answered(tmp_path: Path) -> None:
    arguments = ("--state-dir", str(tmp_path), "--clock", "fixed")
    with started(*arguments) as (process, url):
        answer = requests.post(f"{url}/_sim/clock", json={"advance_seconds": 5}, timeout=10).json()
        process.kill()
        process.wait(10)

    with started(*arguments) as (_, url):
        assert requests.get(f"{url}/_sim/clock", timeout=10).json() == answer


def test_wrong_settings_are_refused_in_a_sentence(tmp_path: Path) -> None:
    state = ("--state-dir", str(tmp_path))
    without_secret = {k: v for k, v in ENVIRONMENT.items() if k != "KRAKEN_SIMULATOR_SECRET"}

    assert "set KRAKEN_SIMULATOR_SECRET" in refusal(*state, environment=without_secret)
    assert "no folder" in refusal(*state, "--replay", str(tmp_path / "none"))
    assert "not this machine" in refusal(*state, "--host", "0.0.0.0")  # noqa: S104 refused
    assert "deposit NOPE=5" in refusal(*state, "--deposit", "NOPE=5")


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        assert f"port {port} on 127.0.0.1 is in use" in refusal(
            "--state-dir", str(tmp_path), "--port", port
        )
