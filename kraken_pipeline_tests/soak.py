"""Many threads and processes on one key, killed at any moment, with a clock that steps back."""

import itertools
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from kraken_pipeline.domain.errors import PipelineError, RateLimitedError
from kraken_pipeline.kraken.audit import AuditLog
from kraken_pipeline.kraken.budget import Pace, SharedBudget
from kraken_pipeline.kraken.failures import Call
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.limits import TIERS, Lane
from kraken_pipeline.kraken.nonce import Hand, Nonces
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.wiring.exchange import KEY, SECRET

CREDENTIAL = Credential(key=KEY, secret=SECRET)
HOUR = 3_600_000_000
STEP_EVERY = 150
"""Calls after which a sender's clock steps back by an hour, or ahead again."""
REST = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.001", "price": "10000"}
MIX: tuple[tuple[str, dict[str, str], Call], ...] = (
    *(("Balance", {}, Call.READ),) * 4,
    *(("OpenOrders", {}, Call.READ),) * 4,
    *(("Ledgers", {"ofs": "0"}, Call.READ),) * 2,
    ("Ledgers", {"ofs": "50"}, Call.READ),
    *(("AddOrder", REST, Call.WRITE),) * 3,
    ("AddOrder", {**REST, "validate": "true"}, Call.REHEARSAL),
    ("CancelAll", {}, Call.WRITE),
)
"""One of each in turn, begun anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a process of senders is told."""

    url: str
    folder: Path
    """Of marks, counters and logs: the same for all."""
    threads: int
    speed: float
    """How many seconds of the exchange pass in one of the machine's."""
    number: int = 0
    """Of the process, so that each behaves in its own way."""


class Watched(Nonces):
    """Nonces that write down each one that was refused, also where the call was asked again."""

    def __init__(self, task: Task, clock: Callable[[], int], note: Callable[[str], None]) -> None:
        super().__init__(task.folder, CREDENTIAL.key_id, clock=clock)
        self._note = note

    def renew(self, nonce: int) -> Hand:
        hand = super().renew(nonce)
        self._note(f"nonce refused: {hand.name}")
        return hand


def send_for_ever(task: Task) -> None:
    """Be a process of senders until killed."""
    calls = itertools.count(task.number)
    log = os.open(task.folder / "calls.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(what: str) -> None:
        os.write(log, f"{what}\n".encode())

    def stepping() -> int:
        is_back = (next(calls) // STEP_EVERY) % 2
        return time.time_ns() // 1000 - HOUR * is_back

    line = _line(task, stepping, note)
    threads = [
        threading.Thread(target=_send, args=(line, note, task.number + number), daemon=True)
        for number in range(task.threads)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def _line(task: Task, clock: Callable[[], int], note: Callable[[str], None]) -> PrivateLine:
    pace = Pace(
        clock=lambda: time.monotonic() * task.speed,
        sleep=lambda seconds: time.sleep(seconds / task.speed),
        patience={Lane.READ: 60 * task.speed, Lane.ORDER: 2 * task.speed, Lane.GUARD: 0},
    )
    return PrivateLine(
        task.url,
        credential=CREDENTIAL,
        nonces=Watched(task, clock, note),
        budget=SharedBudget(task.folder, CREDENTIAL, tier=TIERS["starter"], pace=pace),
        audit=AuditLog(task.folder, CREDENTIAL.key_id, clock=clock),
    )


def _send(line: PrivateLine, note: Callable[[str], None], number: int) -> None:
    for method, params, call in itertools.islice(itertools.cycle(MIX), number % len(MIX), None):
        try:
            line.call(method, params, call=call)
        except RateLimitedError as refused:
            note(f"{method}: held back" if "not sent" in str(refused) else f"{method}: {refused}")
        except PipelineError as failed:
            note(f"{method}: {type(failed).__name__}: {failed}")
        else:
            note("done")


def soak(task: Task, *, processes: int, calls: int, kills: int, seed: int = 1) -> Counter[str]:
    """Let processes send until so many calls are done, killing one now and then.

    Returns:
        how often what was noted: `done`, or what went wrong.
    """
    pick = random.Random(seed)  # noqa: S311 - repeatable
    noted: Counter[str] = Counter()
    with _senders(task, processes) as (running, start):
        kill_at = [calls * (number + 1) // (kills + 1) for number in range(kills)]
        while noted["done"] < calls:
            time.sleep(0.005)
            noted = _noted(task.folder)
            while kill_at and noted["done"] >= kill_at[0]:
                kill_at.pop(0)
                time.sleep(pick.random() * 0.02)
                _kill(running.pop(pick.randrange(len(running))))
                running.append(start())
    return _noted(task.folder)


@contextmanager
def _senders(
    task: Task, processes: int
) -> Iterator[tuple[list[BaseProcess], Callable[[], BaseProcess]]]:
    spawn, numbers = multiprocessing.get_context("spawn"), itertools.count()

    def start() -> BaseProcess:
        told = replace(task, number=5 * next(numbers))
        process = spawn.Process(target=send_for_ever, args=(told,), daemon=True)
        process.start()
        return process

    running = [start() for _ in range(processes)]
    try:
        yield running, start
    finally:
        for each in running:
            _kill(each)


def _kill(process: BaseProcess) -> None:
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def _noted(folder: Path) -> Counter[str]:
    log = folder / "calls.log"
    return Counter(log.read_text().splitlines()) if log.exists() else Counter()
