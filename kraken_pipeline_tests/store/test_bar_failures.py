"""The disk fails at each step that a writer of bars takes; what was acknowledged is there."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.store import bar_parts
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.bar_rows import RowShelf
from kraken_pipeline.store.bars import MOST_PARTS
from kraken_pipeline_tests.store.candles import HOURLY, at, bars, closes, damage

BEFORE = range(4, 4 + MOST_PARTS)
"""Hours that are stored before, each as a part: the next one has them merged."""
LAST = BEFORE.stop
Steps = Callable[[int], None]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Return what makes the disk full from a step of so many on; nought mends it."""
    left = [0]

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def done(*told: object, **more: object) -> object:
            if left[0]:
                left[0] = max(left[0] - 1, 1)
                if left[0] == 1:
                    raise OSError(28, "No space left on device")
            return act(*told, **more)

        return done

    for where, name in (
        (os, "fsync"),
        (os, "pwrite"),
        (bar_parts._Summed, "write"),
        (Path, "mkdir"),
        (Path, "open"),
        (Path, "replace"),
        (Path, "unlink"),
    ):
        monkeypatch.setattr(where, name, counted(getattr(where, name)))

    def fail_after(count: int) -> None:
        left[0] = count + 1 if count else 0

    return fail_after


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Return a folder with the hours that are stored before."""
    store = KeptBarStore(FolderShelf(tmp_path / "before"))
    for hour in BEFORE:
        store.append(HOURLY, [bars("XBTUSD", [hour])])
    return tmp_path / "before"


def stored(before: Path, count: int) -> tuple[Path, KeptBarStore]:
    root = before.with_name(str(count))
    shutil.copytree(before, root)
    return root, KeptBarStore(FolderShelf(root))


def test_whichever_step_of_an_append_with_a_merge_fails_the_next_one_makes_good(
    before: Path, steps: Steps
) -> None:
    count = 0
    failed = True
    while failed:
        count += 1
        root, store = stored(before, count)
        steps(count)
        with suppress(StorageError):
            store.append(HOURLY, [bars("XBTUSD", [LAST])])
            failed = False
        steps(0)

        store.append(HOURLY, [bars("XBTUSD", [LAST, LAST + 1])])
        for each in (store, KeptBarStore(FolderShelf(root))):
            read = closes(each, "XBTUSD", until=99, count=99)
            assert read == [[100.5 + hour] for hour in range(4, LAST + 2)], count
        report = store.report(HOURLY, "2026-02-01", now=at(999))
        assert (report.duplicates, store.verify(HOURLY).damages) == (0, ()), count

    assert count > MOST_PARTS


def test_a_disk_that_is_full_is_told_with_the_remedy(before: Path, steps: Steps) -> None:
    _, store = stored(before, 1)
    steps(2)

    with pytest.raises(StorageError, match=r"bars cannot be kept: \[Errno 28\].*history verify"):
        store.append(HOURLY, [bars("XBTUSD", [LAST])])


def test_whichever_step_of_a_repair_fails_the_next_one_makes_good(
    before: Path, steps: Steps
) -> None:
    count = 0
    failed = True
    while failed:
        count += 1
        root, store = stored(before, count)
        damage(root, 2)
        steps(count)
        with suppress(StorageError):
            store.take_out(HOURLY, "2026-02")
            failed = False
        steps(0)

        store.take_out(HOURLY, "2026-02")
        assert store.verify(HOURLY).damages == (), count
        assert len(store.sound(HOURLY, "2026-02")["XBTUSD"]) == 2, count

    assert count > 8


def test_a_full_database_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    store = KeptBarStore(RowShelf(tmp_path))
    store.append(HOURLY, [bars("XBTUSD", [4])])

    def full(link: Any, _: object) -> None:  # noqa: ANN401 - whatever the driver calls a connection
        link.execute("PRAGMA max_page_count=1")

    event.listen(Engine, "connect", full)
    doomed = KeptBarStore(RowShelf(tmp_path))
    with pytest.raises(StorageError, match=r"the bars cannot be kept: .*full.*history verify"):
        doomed.append(HOURLY, [bars("XBTUSD", range(5, 2_000))])
    event.remove(Engine, "connect", full)

    assert doomed.newest(HOURLY) == {"XBTUSD": at(4)}
    assert store.append(HOURLY, [bars("XBTUSD", [5])]) == 1
    assert store.verify(HOURLY).damages == ()
