import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.kraken.locks import opened, taken
from kraken_pipeline.kraken.shared_state import SharedState


@dataclass(slots=True)
class Tally:
    count: int = 0


def state_in(folder: Path, now: float = 0.0) -> SharedState[Tally]:
    return SharedState(folder / "tally.json", Tally, clock=lambda: now)


def add(folder: Path, times: int) -> None:
    for _ in range(times):
        with state_in(folder).changed() as (tally, _now):
            tally.count += 1


@pytest.mark.slow
def test_no_change_is_lost_between_processes(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=add, args=(tmp_path, 200)) for _ in range(3)]
    for each in processes:
        each.start()
    for each in processes:
        each.join()

    with state_in(tmp_path).changed() as (tally, _now):
        assert tally.count == 600


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_it_whole(tmp_path: Path) -> None:
    spawn, before = multiprocessing.get_context("fork"), 0
    for _ in range(5):
        process = spawn.Process(target=add, args=(tmp_path, 10**6))
        process.start()
        process.join(0.05)
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        with state_in(tmp_path).changed() as (tally, _now):
            assert tally.count >= before
            before = tally.count

    assert before > 0


def test_its_time_goes_only_ahead(tmp_path: Path) -> None:
    seen = []
    for raw in (100.0, 130.0, 5.0, 6.0):
        with state_in(tmp_path, raw).changed() as (_tally, now):
            seen.append(now)

    assert seen == [0, 30, 30, 31]


def test_what_raises_within_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), state_in(tmp_path).changed() as (tally, _now):
        tally.count = 1 // 0

    with state_in(tmp_path).changed() as (tally, _now):
        assert tally.count == 0


def test_whoever_holds_it_for_too_long_is_named(tmp_path: Path) -> None:
    held = opened(tmp_path / "tally.lock")
    assert taken(held)

    with (
        pytest.raises(UnreachableError, match=r"tally\.lock"),
        state_in(tmp_path).changed(patience_seconds=0.02),
    ):
        pytest.fail("two had it at once")
    os.close(held)


def test_a_damaged_file_is_what_it_is_told_to_be(tmp_path: Path) -> None:
    (tmp_path / "tally.json").write_text("canary")
    state = SharedState(tmp_path / "tally.json", Tally, damaged=lambda: Tally(9))

    with state.changed() as (tally, _now):
        assert tally.count == 9


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ConfigurationError, match="Nothing was sent"),
        state_in(tmp_path / "file").changed(),
    ):
        pytest.fail("it was changed")
