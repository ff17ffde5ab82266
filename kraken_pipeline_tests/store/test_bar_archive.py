import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.bars import Admitted
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_csv import CandleFiles, Sheet
from kraken_pipeline_tests.conftest import REPOSITORY
from kraken_pipeline_tests.store.candles import START, at, bars, closes

HOURLY = timeframe("1h")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = int(START.timestamp())
LEFT_OUT = 5000
"""Hour of the last row of each file, of which no later one shows that it was over."""


def sheet(folder: Path, pair: str, closes: dict[int, str], *, trades: str = ",3") -> Sheet:
    """Return the candles of a file, by hours after the start of `test_bars`."""
    path = folder / f"{pair}_60.csv"
    header = "time,open,high,low,close,volume" + (",trades" if trades else "")
    lines = [
        f"{FIRST + 3600 * hour},{close},{close},{close},{close},1.25{trades}"
        for hour, close in sorted(closes.items() | {(LEFT_OUT, "1")})
    ]
    path.write_text("\n".join([header, *lines]))
    with closing(CandleFiles(path, now=NOW)) as files:
        return files.read(files.found[0])


def same_as_bars(hours: range) -> dict[int, str]:
    return {hour: f"{100 + hour}.5" for hour in hours}


@pytest.fixture
def store(tmp_path: Path) -> HistoryBarStore:
    return HistoryBarStore(tmp_path / "bars")


def test_new_candles_are_added_over_the_end_of_a_month(
    store: HistoryBarStore, tmp_path: Path
) -> None:
    admitted = store.admit(HOURLY, [sheet(tmp_path, "XBTUSD", same_as_bars(range(8)))])

    assert admitted == {"XBTUSD": Admitted(added=8, same=0, differing=0, differences=())}
    assert closes(store, "XBTUSD", until=8, count=8) == [[100.5 + hour] for hour in range(8)]


def test_the_same_again_adds_nothing(store: HistoryBarStore, tmp_path: Path) -> None:
    told = [sheet(tmp_path, pair, same_as_bars(range(8))) for pair in ("XBTUSD", "ETHUSD")]
    store.admit(HOURLY, told)

    again = store.admit(HOURLY, told)

    assert {each: (one.added, one.same) for each, one in again.items()} == {
        "XBTUSD": (0, 8),
        "ETHUSD": (0, 8),
    }


def test_older_candles_are_put_before_those_of_the_exchange(
    store: HistoryBarStore, tmp_path: Path
) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(6, 10)), bars("ETHUSD", range(10))])

    admitted = store.admit(HOURLY, [sheet(tmp_path, "XBTUSD", same_as_bars(range(8)))])

    assert (admitted["XBTUSD"].added, admitted["XBTUSD"].same) == (6, 2)
    assert closes(store, "XBTUSD", until=10, count=10) == [[100.5 + hour] for hour in range(10)]


def test_what_is_there_stays_and_the_difference_is_told(
    store: HistoryBarStore, tmp_path: Path
) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(4))])

    admitted = store.admit(
        HOURLY, [sheet(tmp_path, "XBTUSD", {0: "100.5", 1: "999.25", 9: "109.5"})]
    )["XBTUSD"]

    assert (admitted.added, admitted.same, admitted.differing) == (1, 1, 1)
    assert admitted.differences == tuple(
        (FIRST + 3600, name, "101.5", "999.25") for name in ("close", "high", "low", "open")
    )
    assert closes(store, "XBTUSD", until=2, count=1) == [[101.5]]


def test_a_number_of_trades_that_nobody_told_differs_from_none(
    store: HistoryBarStore, tmp_path: Path
) -> None:
    store.append(HOURLY, [bars("XBTUSD", range(4))])

    told = sheet(tmp_path, "XBTUSD", same_as_bars(range(4)), trades="")

    assert store.admit(HOURLY, [told])["XBTUSD"].same == 4


def test_another_number_of_trades_is_a_difference(store: HistoryBarStore, tmp_path: Path) -> None:
    store.append(HOURLY, [bars("XBTUSD", [0])])

    told = sheet(tmp_path, "XBTUSD", same_as_bars(range(1)), trades=",4")

    assert store.admit(HOURLY, [told])["XBTUSD"].differences == ((FIRST, "trades", "3", "4"),)


def test_two_files_of_a_pair_at_once_are_refused(store: HistoryBarStore, tmp_path: Path) -> None:
    told = sheet(tmp_path, "XBTUSD", same_as_bars(range(2)))

    with pytest.raises(InvalidValueError, match="two files of XBTUSD at once"):
        store.admit(HOURLY, [told, told])


def test_a_file_of_another_timeframe_is_refused(store: HistoryBarStore, tmp_path: Path) -> None:
    told = sheet(tmp_path, "XBTUSD", same_as_bars(range(2)))
    daily = replace(told, file=replace(told.file, frame=timeframe("1d")))

    with pytest.raises(InvalidValueError, match=r"XBTUSD_60\.csv is of 1d, not of 1h"):
        store.admit(HOURLY, [daily])


def test_stretches_go_on_over_the_end_of_a_month_and_end_at_a_hole(
    store: HistoryBarStore,
) -> None:
    store.append(HOURLY, [bars("XBTUSD", [*range(6), 8, 9]), bars("ETHUSD", [3])])

    found = store.stretches(HOURLY, ["XBTUSD", "ETHUSD", "NONE"])

    hour = [FIRST + 3600 * each for each in range(11)]
    assert found == {
        "XBTUSD": ((hour[0], hour[6]), (hour[8], hour[10])),
        "ETHUSD": ((hour[3], hour[4]),),
        "NONE": (),
    }


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(12)), cuts=st.sets(st.integers(1, 11), max_size=3))
def test_in_any_pieces_and_order_the_bars_are_those_of_one_file(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("pieces")
    whole, pieces = (HistoryBarStore(folder / name) for name in ("whole", "pieces"))
    whole.admit(HOURLY, [sheet(folder, "XBTUSD", same_as_bars(range(12)))])
    edges = [0, *sorted(cuts), 12]

    added = 0
    for first, until in pairwise(edges):
        some = {hour: f"{100 + hour}.5" for hour in order[first:until]}
        added += pieces.admit(HOURLY, [sheet(folder, "XBTUSD", some)])["XBTUSD"].added

    assert added == 12
    assert closes(pieces, "XBTUSD", until=12, count=12) == closes(
        whole, "XBTUSD", until=12, count=12
    )


DYING = """
import os, signal, sys
from pathlib import Path
from kraken_pipeline.store import bar_parts
from kraken_pipeline_tests.store.test_bar_archive import (
    HOURLY, HistoryBarStore, same_as_bars, sheet
)

folder, write, left = Path(sys.argv[1]), bar_parts.write, int(sys.argv[2])
def dying(*told, **more):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return write(*told, **more)
bar_parts.write = dying
HistoryBarStore(folder / "bars").admit(HOURLY, [sheet(folder, "XBTUSD", same_as_bars(range(2000)))])
"""


@pytest.mark.parametrize("months_written", [0, 2])
def test_after_a_kill_the_import_goes_on_and_nothing_is_lost_or_doubled(
    tmp_path: Path, months_written: int
) -> None:
    told = sheet(tmp_path, "XBTUSD", same_as_bars(range(2000)))
    killed = subprocess.run(
        [sys.executable, "-c", DYING, str(tmp_path), str(months_written)],
        check=False,
        cwd=REPOSITORY,
        env={**os.environ},
    )
    store = HistoryBarStore(tmp_path / "bars")

    found = store.admit(HOURLY, [told])["XBTUSD"]

    assert killed.returncode == -signal.SIGKILL
    assert (found.added + found.same, found.differing) == (2000, 0)
    assert store.stretches(HOURLY, ["XBTUSD"])["XBTUSD"] == ((told.first, told.until),)
    assert not any(
        store.report(HOURLY, f"2026-{month:02}-01", now=at(9_999)).duplicates
        for month in range(1, 6)
    )
