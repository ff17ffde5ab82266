"""A writer of bars is killed at every step that it takes; what it had acknowledged is there.

A process of its own, which has everything loaded, forks a writer for each step; the writer counts
what it asks of the file system or of the database, and at that step kills itself with SIGKILL. It
appends to a month that has as many parts as it may, so that they are merged, tells bars anew, and
compacts; after each write that was acknowledged it says so in a file.
"""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.store.bars import MOST_PARTS, ShelvedBars
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.store.candles import HOURLY, SHELVES, at, bars, closes

BEFORE = range(4, 4 + MOST_PARTS)
"""Hours that are stored before."""
HOURS = range(4, BEFORE.stop + 2)
REVISED = 5
"""The hour that is told anew."""
CRASHES = """
import os, shutil, signal, sys
from pathlib import Path
from kraken_pipeline.store import bar_parts
from sqlalchemy import event
from sqlalchemy.engine import Engine
from kraken_pipeline.store.bars import ShelvedBars
from kraken_pipeline_tests.kills.test_bars import BEFORE, HOURS, REVISED
from kraken_pipeline_tests.store.candles import HOURLY, SHELVES, bars

root, left, opened = Path(sys.argv[1]), 0, SHELVES[sys.argv[2]]
STEPS = frozenset({"os.rename", "os.remove", "os.mkdir", "open"})

def step():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(act):
    def done(*told):
        step()
        return act(*told)
    return done

def write(summed, told, act=bar_parts._Summed.write):
    half = len(told) // 2
    summed._file.write(told[:half])
    summed._file.flush()
    step()
    summed._file.seek(-half, 1)
    return act(summed, told)

def both(hour, **close):
    return [bars(pair, [hour], **close) for pair in ("XBTUSD", "ETHUSD")]

def torn_apart(folder):
    global left
    acknowledged = os.open(folder / "acknowledged", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    store = ShelvedBars(opened(folder / "bars"))
    left = int(folder.name)
    event.listen(Engine, "connect", lambda made, _: made.set_trace_callback(lambda _: step()))
    os.fsync, os.pwrite = counted(os.fsync), counted(os.pwrite)
    bar_parts._Summed.write = write
    sys.addaudithook(lambda event, _: event in STEPS and step())
    for hour in HOURS[len(BEFORE):]:
        store.append(HOURLY, both(hour))
        os.write(acknowledged, b"%d " % hour)
    store.revise(HOURLY, both(REVISED, close="9"))
    os.write(acknowledged, b"revised ")
    store.compact(HOURLY)
    os._exit(0)

before = ShelvedBars(opened(root / "before"))
for hour in BEFORE:
    before.append(HOURLY, both(hour))
del before  # closes what it had opened
for count in range(1, 10**6, int(sys.argv[3])):
    folder = root / str(count)
    shutil.copytree(root / "before", folder / "bars")
    child = os.fork()
    if child == 0:
        torn_apart(folder)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    if status != signal.SIGKILL:
        sys.exit(f"step {count}: {status}")
"""
STRIDE = 7
"""Every seventh step is enough of a test; with 1 it tries all."""
STEPS = 40
"""That there are at the least."""


@pytest.fixture(scope="module", params=list(SHELVES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, kind: str) -> list[Path]:
    root = tmp_path_factory.mktemp("killed")
    subprocess.run(
        [sys.executable, "-c", CRASHES, str(root), kind, str(STRIDE)], check=True, cwd=REPOSITORY
    )
    return sorted(root.glob("[0-9]*"), key=lambda each: int(each.name))


def test_killed_at_whichever_step_nothing_is_lost_or_doubled(killed: list[Path], kind: str) -> None:
    """F-STO-1: of a file of bars that was being written."""
    assert len(killed) > STEPS // STRIDE
    for folder in killed:
        acknowledged = (folder / "acknowledged").read_text().split()
        store = ShelvedBars(SHELVES[kind](folder / "bars"))

        found = [row[0] for row in closes(store, "ETHUSD", until=1_000, count=100)]
        hours = [*BEFORE, *(int(each) for each in acknowledged if each != "revised")]
        assert len(found) - len(hours) in (0, 1), folder.name
        revised = store.closes(HOURLY, at(REVISED + 1))["ETHUSD"]
        assert revised == 9 or (revised == Decimal("105.5") and "revised" not in acknowledged)
        found[REVISED - HOURS.start] = 100.5 + REVISED
        assert found == [100.5 + hour for hour in HOURS[: len(found)]], folder.name
        assert store.report(HOURLY, "2026-02-01", now=at(1_000)).duplicates == 0


def test_after_a_kill_at_whichever_step_the_store_can_be_written_on(
    killed: list[Path], kind: str
) -> None:
    """F-STO-1: of a file of bars that was being written."""
    for folder in killed:
        store = ShelvedBars(SHELVES[kind](folder / "bars"))
        store.append(HOURLY, [bars(pair, HOURS) for pair in ("XBTUSD", "ETHUSD")])
        store.revise(HOURLY, [bars(pair, [REVISED], close="9") for pair in ("XBTUSD", "ETHUSD")])

        report = store.report(HOURLY, "2026-02-01", now=at(1_000))
        assert (report.duplicates, report.missing) == (0, {}), folder.name
        assert closes(store, "XBTUSD", until=1_000, count=100) == [
            [9.0 if hour == REVISED else 100.5 + hour] for hour in HOURS
        ]
        assert not list(folder.rglob("*.tmp"))
        told_anew = {pair: {at(REVISED): 1} for pair in ("ETHUSD", "XBTUSD")}
        assert store.revisions(HOURLY, first=at(0), last=at(99)) == told_anew
