"""The warm worker's life, with work that only notes what it is given."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from kraken_pipeline.domain.closes import Close
from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.wiring import warm_loop
from kraken_pipeline.wiring.warm_loop import WarmLoop
from kraken_pipeline_tests.programs import eventually

NOW = datetime(2024, 3, 5, 12, 0, 1, tzinfo=UTC)
NOON = "2024-03-05T12:00:00+00:00 1m,5m"
LATER = "2024-03-05T12:01:00+00:00 1m"
LATEST = "2024-03-05T12:02:00+00:00 1m"


class Notes:
    """Work that notes each close; it can be held up, hindered, and made to fail."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.hindered_by = ""
        self.fault: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.is_closed = False
        self.looks = 0

    def hindrance(self) -> str:
        self.looks += 1
        return self.hindered_by

    def do(self, close: Close) -> bool:
        self.done.append(close.text)
        self.may_go_on.wait()
        if self.fault is not None:
            raise self.fault
        return True

    def close(self) -> None:
        self.is_closed = True


class Life:
    """A loop in a thread, with what it shows and says."""

    def __init__(self, work: Notes) -> None:
        self.work = work
        self.signs: list[Mapping[str, int | str]] = []
        self.said: list[str] = []
        self.code = "v1"
        self.ended: list[bool | Exception] = []
        self.loop = WarmLoop(
            "me",
            show=self.signs.append,
            say=self.said.append,
            code=lambda: self.code,
            now=lambda: NOW,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.ended.append(self.loop.run(lambda: self.work))
        except (ArithmeticError, ConfigurationError) as fault:
            self.ended.append(fault)

    def end(self) -> None:
        self.work.may_go_on.set()
        self.loop.leave()
        self._thread.join()


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Notes], Life]:
    monkeypatch.setattr(warm_loop, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(warm_loop, "IDLE_SECONDS", 0.01)
    return Life


def test_a_close_is_shown_while_it_is_done_and_after(begin: Callable[[Notes], Life]) -> None:
    work = Notes()
    work.may_go_on.clear()
    life = begin(work)
    life.loop.tell(NOON)
    eventually(lambda: [each for each in life.signs if each["busy_since"]], seconds=5)
    life.end()

    busy = next(each for each in life.signs if each["busy_since"])
    assert (busy["worker"], busy["close"], busy["busy_since"]) == ("me", NOON, NOW.isoformat())
    assert (life.signs[-1]["close"], life.signs[-1]["busy_since"]) == (NOON, "")
    assert work.is_closed


def test_of_what_closes_while_it_works_only_the_newest_is_done(
    begin: Callable[[Notes], Life],
) -> None:
    work = Notes()
    work.may_go_on.clear()
    life = begin(work)
    life.loop.tell(NOON)
    eventually(lambda: work.done, seconds=5)
    life.loop.tell(LATER)
    life.loop.tell(LATEST)
    work.may_go_on.set()
    eventually(lambda: len(work.done) == 2, seconds=5)
    life.end()

    assert work.done == [NOON, LATEST]


def test_while_something_hinders_nothing_is_done_and_the_reason_is_said_once(
    begin: Callable[[Notes], Life],
) -> None:
    work = Notes()
    work.hindered_by = "Dagster is away"
    life = begin(work)
    life.loop.tell(NOON)
    eventually(lambda: work.looks > 2, seconds=5)
    work.hindered_by = ""
    life.loop.tell(LATER)
    eventually(lambda: work.done, seconds=5)
    life.end()

    assert work.done == [LATER]
    assert life.said == ["closes go by the schedule: Dagster is away", "closes are decided here"]


def test_what_goes_wrong_with_one_close_is_said_and_the_next_is_done(
    begin: Callable[[Notes], Life],
) -> None:
    work = Notes()
    work.fault = InvalidValueError("no bars")
    life = begin(work)
    life.loop.tell(NOON)
    eventually(lambda: len(life.said) == 2, seconds=5)
    life.loop.tell(LATER)
    eventually(lambda: len(work.done) == 2, seconds=5)
    life.end()

    assert "the close of 12:00 is left to the schedule: no bars" in life.said


def test_a_line_that_is_no_close_is_said_and_forgotten(begin: Callable[[Notes], Life]) -> None:
    life = begin(Notes())
    life.loop.tell("what?")
    life.end()

    assert "'what?' is no close" in life.said[0]
    assert life.ended == [False]


def test_it_leaves_for_other_code_once_that_stands_still(begin: Callable[[Notes], Life]) -> None:
    life = begin(Notes())
    life.code = "v2"
    eventually(lambda: life.ended, seconds=5)
    life.end()

    assert life.ended == [True]


def test_a_fault_of_ours_ends_it(begin: Callable[[Notes], Life]) -> None:
    work = Notes()
    work.fault = ZeroDivisionError()
    life = begin(work)
    life.loop.tell(NOON)
    eventually(lambda: life.ended, seconds=5)
    life.end()

    assert isinstance(life.ended[0], ZeroDivisionError)
    assert work.is_closed
