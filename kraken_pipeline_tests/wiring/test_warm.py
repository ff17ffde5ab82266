"""The stream's side of the warm worker, with a program in its place that notes what it is told."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.closes import read
from kraken_pipeline.wiring import warm
from kraken_pipeline.wiring.home import DAGSTER_HOME
from kraken_pipeline.wiring.warm import CHANGED, WarmWorker, warm_worker
from kraken_pipeline_tests.programs import eventually

NOON = read("2024-03-05T12:00:00+00:00 1m,5m")
LATER = read("2024-03-05T12:01:00+00:00 1m")
NOTES = """
import os, sys
with open(os.environ["NOTES"], "a", buffering=1) as notes:
    print("begun", file=notes)
    for line in sys.stdin:
        if "12:01" in line:
            sys.exit(int(os.environ["CODE"]))
        print(line.strip(), file=notes)
    print("ended", file=notes)
"""


class Told:
    """A worker that only notes, and what is said of it."""

    def __init__(self, root: Path, *, code: int = 3) -> None:
        self.file = root / "notes"
        self.said: list[str] = []
        self.environ = dict(os.environ) | {"NOTES": str(self.file), "CODE": str(code)}

    def notes(self) -> list[str]:
        return self.file.read_text().splitlines() if self.file.exists() else []


@pytest.fixture(autouse=True)
def a_noting_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warm, "COMMAND", (sys.executable, "-S", "-c", NOTES))
    monkeypatch.setattr(warm, "PAUSES", (0.0,))
    monkeypatch.setattr(warm, "LOOK_SECONDS", 0.02)
    return iter([None])


def test_a_worker_is_told_what_closes_and_ends_with_who_tells(tmp_path: Path) -> None:
    told = Told(tmp_path)
    worker = WarmWorker(told.environ, told.said.append)
    worker.start()
    worker.closed(NOON.frames, NOON.closed_at)
    eventually(lambda: NOON.text in told.notes(), seconds=10)
    worker.leave()

    assert told.notes() == ["begun", NOON.text, "ended"]
    assert told.said == []


def test_a_worker_that_dies_is_missed_and_started_again(tmp_path: Path) -> None:
    told = Told(tmp_path)
    worker = WarmWorker(told.environ, told.said.append)
    worker.start()
    worker.closed(LATER.frames, LATER.closed_at)
    eventually(lambda: told.notes() == ["begun", "begun"], seconds=10)
    worker.closed(NOON.frames, NOON.closed_at)
    eventually(lambda: NOON.text in told.notes(), seconds=10)
    worker.leave()

    assert len(told.said) == 1
    assert told.said[0].startswith("the warm worker ended with 3; closes go by the schedule")


def test_a_worker_that_leaves_for_other_code_is_started_again_at_once(tmp_path: Path) -> None:
    told = Told(tmp_path, code=CHANGED)
    worker = WarmWorker(told.environ, told.said.append)
    worker.start()
    worker.closed(LATER.frames, LATER.closed_at)
    eventually(lambda: told.notes() == ["begun", "begun"], seconds=10)
    worker.leave()

    assert told.said == []


def test_without_a_dagster_instance_there_is_none_and_that_is_said_once(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.environ.pop(DAGSTER_HOME, None)
    with warm_worker(told.environ, told.said.append) as worker:
        assert worker is None

    assert told.said == [
        "no DAGSTER_HOME names a Dagster instance: closes go by the schedule, where there is one"
    ]
    assert told.notes() == []
