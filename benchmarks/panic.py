"""Panic from a cold start, without books and Dagster, to the first order that is gone."""

import base64
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import requests

from kraken_pipeline.kraken.budget import Pace
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.limits import TIERS
from kraken_pipeline.kraken.shared_lines import Household, private_line
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline_tests.programs import eventually, simulator_process
from kraken_pipeline_tests.soak import CREDENTIAL, REST

ROUNDS = 7
ORDERS = 20
AIM = 2.0
GUARD = Credential(key="guard", secret=base64.b64encode(b"may only cancel").decode())
Starts = Callable[[Path, str], "AbstractContextManager[subprocess.Popen[bytes]]"]
"""What begins a panic: given the folder and the exchange's address."""
GONE = "OrderEnded"
"""In the simulator's journal: an order is not open any more."""


def run() -> None:
    """Print how soon the first order was canceled, by the program and by the command."""
    print(f"panic from a cold start, no books, no Dagster, {ORDERS} orders; aim {AIM:.0f} s")
    _show("the trader's key locked out, by the guard's", [_round(_program) for _ in range(ROUNDS)])
    _show("the command on paper", [_round(_command, locks=False) for _ in range(ROUNDS)])


def _show(name: str, took: list[float]) -> None:
    print(
        f"  {name}: first cancel after median {statistics.median(took):.2f} s "
        f"({min(took):.2f} to {max(took):.2f})"
    )


def _round(starts: Starts, *, locks: bool = True) -> float:
    """Return the seconds from starting the process to the first order being gone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with simulator_process(folder / "exchange") as url:
            _orders(folder / "trader", url)
            if locks:
                _lock_out(url)
            guard = {"name": GUARD.key, "secret": GUARD.secret, "permissions": ["close-trades"]}
            requests.post(f"{url}/_sim/keys", json=guard, timeout=5).raise_for_status()
            journal = folder / "exchange" / "events.jsonl"
            began = time.monotonic()
            with starts(folder, url):
                eventually(lambda: GONE in journal.read_text(), seconds=20, pause=0.005)
                return time.monotonic() - began


def _orders(folder: Path, url: str) -> None:
    line = private_line(url, CREDENTIAL, _house(folder))
    for _ in range(ORDERS):
        line.call("AddOrder", REST, call=Call.WRITE)
    line.close()


def _lock_out(url: str) -> None:
    """Use old nonces with the trader's key until the exchange hears it no more."""
    path, body = "/0/private/Balance", "nonce=1"
    signature = CREDENTIAL.sign(path=path, nonce=1, body=body.encode())
    headers = {
        "API-Key": CREDENTIAL.key,
        "API-Sign": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    for _ in range(30):
        said = requests.post(f"{url}{path}", data=body, headers=headers, timeout=5).json()["error"]
        if said == ["EGeneral:Temporary lockout"]:
            return
    raise SystemExit(f"the key could not be locked out: {said}")


def _program(folder: Path, url: str) -> "subprocess.Popen[bytes]":
    latch = str(folder / "latch")
    return subprocess.Popen(
        [sys.executable, "-m", "kraken_pipeline.panic", "--url", url, "--latch", latch],
        env={**os.environ, "KRAKEN_API_KEY": GUARD.key, "KRAKEN_API_SECRET": GUARD.secret},
        stdout=subprocess.DEVNULL,
    )


def _command(folder: Path, url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "kraken_pipeline", "panic"],
        env={
            **os.environ,
            "KRAKEN_PIPELINE_CONFIG_DIR": str(folder / "config"),
            "KRAKEN_PIPELINE_DATA_DIR": str(folder / "data"),
            "KRAKEN_PIPELINE_SIMULATOR_URL": url,
        },
        stdout=subprocess.DEVNULL,
    )


def _house(folder: Path) -> Household:
    return Household(
        folder=folder,
        tier=TIERS["pro"],
        clock=lambda: time.monotonic_ns() // 1000,
        pace=Pace(),
    )
