"""The served simulator, as a stranger meets it."""

import base64
import hashlib
import hmac
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.programs import COMMAND


@contextmanager
def served(*options: str, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """Run `simulator serve` until it says that it is ready; yield what it said, by name."""
    with subprocess.Popen(
        [*COMMAND, "simulator", "serve", *options],
        env=os.environ | {"TMPDIR": str(folder)},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: dict[str, str] = {}
        try:
            while not (line := process.stdout.readline()).startswith("Ready"):
                assert line, "it ended before it was ready"
                name, _, value = line.strip().partition(" ")
                said[name] = value.strip()
            yield process, said
        finally:
            process.kill()


def balance(url: str, key: str, secret: str) -> object:
    body = "nonce=1"
    digest = hashlib.sha256(b"1" + body.encode()).digest()
    mac = hmac.new(base64.b64decode(secret), b"/0/private/Balance" + digest, hashlib.sha512)
    headers = {
        "API-Key": key,
        "API-Sign": base64.b64encode(mac.digest()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return requests.post(f"{url}private/Balance", data=body, headers=headers, timeout=10).json()


@pytest.mark.slow
def test_it_makes_a_key_and_says_all_that_a_client_needs(tmp_path: Path) -> None:
    options = ("--balance", "ZUSD=500", "--balance", "XBT=2", "--speed", "100")
    with served(*options, folder=tmp_path) as (process, said):
        found = balance(said["REST"], said["Keys"], said["Secret"])
        clock = requests.get(said["Controls"].split()[0] + "clock", timeout=10).json()
        process.send_signal(signal.SIGINT)

        assert process.wait(20) == 0

    assert found == {"error": [], "result": {"XXBT": "2.0000000000", "ZUSD": "500.0000"}}
    assert (clock["mode"], clock["speed"]) == ("real", 100.0)
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/v2", said["WebSocket"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_takes_keys_and_shows_none_of_their_secrets(tmp_path: Path) -> None:
    keys = ("--key", "alice=aGVycw==", "--key", "bob=aGlz")
    with served(*keys, "--clock", "fixed", folder=tmp_path) as (_, said):
        for key, secret in (("alice", "aGVycw=="), ("bob", "aGlz")):
            assert balance(said["REST"], key, secret) == {
                "error": [],
                "result": {"ZUSD": "10000.0000"},
            }

    assert said["Keys"] == "alice, bob"
    assert "add-funds" not in said["May"]
    assert said["May"].endswith("/_sim/keys")
    assert "Secret" not in said
    assert "aGVycw==" not in str(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--balance", "x"), "give it as ZUSD=10000"),
        (("--balance", "NOPE=1"), "give a listed asset"),
        (("--key", "alice"), "set KRAKEN_SIMULATOR_SECRET"),
        (("--key", "alice=?"), "no base64"),
        (("--host", "192.168.0.1"), "is not this machine"),
        (("--replay", "nowhere"), "no folder"),
        (("--speed", "0"), "the speed is 0"),
        (("--at", "soon"), "soon"),
    ],
)
def test_what_it_cannot_serve_is_one_sentence(
    command: Command, fresh: dict[str, str], options: tuple[str, ...], said: str
) -> None:
    ended = command("simulator", "serve", *options, environ=fresh)

    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
