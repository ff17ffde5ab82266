"""F-PAN, F-EXC-5: panic cancels and verifies, whatever is broken, under way or done twice."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from kraken_pipeline.domain.errors import AuthError, LockedOutError
from kraken_pipeline.domain.orders import State
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.simulator.auth import Key, secret_of
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.fakes import Lossy
from kraken_pipeline_tests.programs import eventually
from kraken_pipeline_tests.services.paper import Paper

LOW: Final = "49000"
"""A limit at which a buy rests."""
GUARD: Final = base64.b64encode(b"cancels what a test left").decode()
IN_FLIGHT_SECONDS: Final = 0.6
CALLS_THAT_LOCK: Final = 5
"""With a key that has ended."""
PROGRAM: Final = """
import resource, socket, sys, time
from kraken_pipeline import panic

panic.ROUND_SECONDS = 0.05
right = time.time_ns
found = socket.getaddrinfo

def no_names(host, *more, **others):
    if host != "127.0.0.1":
        raise socket.gaierror(f"there is no DNS to look {host} up")
    return found(host, *more, **others)

if "broken" in sys.argv:
    sys.argv.remove("broken")
    socket.getaddrinfo = no_names
    time.time_ns = lambda: right() - 30 * 60 * 10**9
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.exit(panic.main(sys.argv[1:]))
"""
"""Panic with short rounds; told so, without names, half an hour behind and with a full disk."""


@dataclass(frozen=True)
class Shell:
    """Where somebody types panic: a key of its own, and nothing else that works."""

    url: str
    data: Path

    def start(self, *more: str) -> "subprocess.Popen[str]":
        latch = str(self.data / "panic.latch")
        kept = {name: each for name, each in os.environ.items() if not name.startswith("KRAKEN_")}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "--url", self.url, "--latch", latch, "--json", *more],
            env={
                **kept,
                "KRAKEN_API_KEY": "guard",
                "KRAKEN_API_SECRET": GUARD,
                "KRAKEN_PIPELINE_CONFIG_DIR": str(self.data / "there is none"),
                "KRAKEN_PIPELINE_DATA_DIR": str(self.data),
            },
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            text=True,
        )

    def end(self, started: "subprocess.Popen[str]") -> dict[str, object]:
        printed, _ = started.communicate(timeout=30)
        said: dict[str, object] = json.loads(printed)
        return said


@pytest.fixture
def shell(served: Served, desk: Paper, tmp_path: Path) -> Iterator[Shell]:
    data = tmp_path / "data"
    data.mkdir()
    key = Key(name="guard", secret=secret_of(GUARD))
    served.service.keys.put(key, desk.clock())
    yield Shell(served.url, data)
    served.service.faults.clear()


@pytest.mark.parametrize("is_broken", [True, False])
def test_f_pan_1_panic_cancels_with_everything_else_broken(
    desk: Paper, shell: Shell, *, is_broken: bool
) -> None:
    """F-PAN-1: books are rubbish, no configuration, Dagster, DNS or disk, and the clock is off."""
    for pair, limit in (("XBTUSD", LOW), ("ETHUSD", "2400")):
        desk.planned(pair, limit=limit)
    desk.submit()
    assert len(desk.exchange.account.open) == 2
    (shell.data / "portfolio.db").write_bytes(b"no database, and no backup of one" * 99)
    desk.exchange.journal.nonces.spend("guard", time.time_ns() // 1000, 0)

    told = ["--settle", "0", *(["broken"] if is_broken else [])]
    said = shell.end(shell.start(*told))

    assert desk.exchange.account.open == {}
    assert (said["exit_code"], said["canceled"], said["remaining"]) == (0, 2, {})
    assert int(str(said["clean_reads"])) >= 3
    assert said["latched"] is not is_broken
    assert ("sending is NOT stopped" in str(said["troubles"])) is is_broken
    assert (shell.data / "panic.latch").exists() is not is_broken


def test_f_pan_2_an_order_that_is_on_its_way_is_canceled_when_it_appears(
    desk: Paper, shell: Shell, served: Served
) -> None:
    held_up = Rule(kind=Kind.LATE_REQUEST, subject="AddOrder", seconds=IN_FLIGHT_SECONDS)
    served.service.faults.add(held_up)
    order = desk.planned(limit=LOW)

    with ThreadPoolExecutor(1) as pool:
        panicking = shell.start("--settle", "2")
        _until_a_cancel(desk)
        sending = pool.submit(desk.submit)
        said = shell.end(panicking)
        sending.result()

    assert desk.orders_there() == [order.cl_ord_id]
    assert desk.exchange.account.open == {}
    assert (said["exit_code"], said["canceled"]) == (0, 1)
    desk.settle()
    assert desk.now_of(order).state is State.CANCELED


def _until_a_cancel(desk: Paper) -> None:
    """Wait until panic has called: its key has used a nonce."""
    eventually(lambda: desk.exchange.journal.nonces.highest("guard") >= 0, seconds=20, pause=0.02)


def test_f_pan_2_an_order_of_unknown_fate_is_canceled_too(desk: Paper, shell: Shell) -> None:
    order = desk.planned(limit=LOW)
    assert desk.submit(gateway=Lossy(desk.trader)) == {State.UNKNOWN: 1}

    said = shell.end(shell.start("--settle", "0"))

    assert (said["exit_code"], said["canceled"]) == (0, 1)
    desk.settle()
    assert desk.now_of(order).state is State.CANCELED
    assert desk.exchange.account.open == {}


def test_f_pan_3_panic_from_two_shells_at_once_is_harmless(desk: Paper, shell: Shell) -> None:
    order = desk.planned(limit=LOW)
    desk.submit()

    both = [shell.start("--settle", "0.3") for _ in range(2)]
    said = [shell.end(each) for each in both]

    assert [each["exit_code"] for each in said] == [0, 0]
    assert [each["latched"] for each in said] == [True, True]
    assert sum(int(str(each["canceled"])) for each in said) == 1
    assert desk.exchange.account.open == {}
    assert json.loads((shell.data / "panic.latch").read_text())["by"] == "panic"
    desk.settle()
    assert desk.now_of(order).state is State.CANCELED


def test_f_exc_5_while_the_traders_key_is_locked_out_panic_cancels_with_the_guards(
    desk: Paper, shell: Shell, served: Served, tmp_path: Path
) -> None:
    keys, doomed = served.service.keys, Key(name="doomed", secret=secret_of(GUARD))
    keys.put(doomed, desk.clock())
    nonces = Nonces(tmp_path / "doomed", "doomed", clock=lambda: 1)
    credential = Credential(key="doomed", secret=GUARD)
    order = desk.planned(limit=LOW)
    with closing(PrivateLine(served.url, credential=credential, nonces=nonces)) as line:
        desk.submit(gateway=Trader(line))
        keys.put(replace(doomed, valid_until=desk.clock()), desk.clock())
        for _ in range(CALLS_THAT_LOCK):
            with pytest.raises(AuthError):
                line.call("Balance", {}, call=Call.READ)
        with pytest.raises(LockedOutError):
            Trader(line).cancel(str(desk.now_of(order).kraken_order_id))

    said = shell.end(shell.start("--settle", "0"))

    assert (said["exit_code"], said["canceled"]) == (0, 1)
    assert desk.exchange.account.open == {}
