from collections.abc import Iterator
from pathlib import Path

import pytest

from kraken_pipeline.domain.errors import ConfigurationError, StorageError, UnknownNameError
from kraken_pipeline.store.backtests import BacktestFolder

TABLES = [("fills", {"trade_id": "TEXT", "at": "INTEGER"}, [("T1", 1), ("T2", 2)])]


@pytest.fixture
def folder(tmp_path: Path) -> BacktestFolder:
    return BacktestFolder(tmp_path)


def test_a_run_is_read_back_as_it_was_kept(folder: BacktestFolder) -> None:
    folder.keep("r1", {"hash": "x"}, TABLES)

    [found] = folder.runs()

    assert (found.run_id, found.card) == ("r1", {"hash": "x"})
    assert found.rows("fills") == [{"trade_id": "T1", "at": 1}, {"trade_id": "T2", "at": 2}]


def test_runs_are_told_the_oldest_first(folder: BacktestFolder) -> None:
    for name in ("20260102T0000-b", "20260101T0000-a"):
        folder.keep(name, {}, TABLES)

    assert [each.run_id for each in folder.runs()] == ["20260101T0000-a", "20260102T0000-b"]


def test_what_fails_on_the_way_leaves_nothing(folder: BacktestFolder, tmp_path: Path) -> None:
    wrong = [("fills", {"trade_id": "TEXT"}, [("T1", 1)])]

    with pytest.raises(StorageError, match="cannot be kept"):
        folder.keep("r1", {}, wrong)

    assert folder.runs() == []
    assert list((tmp_path / "backtests").iterdir()) == []


def test_a_run_is_not_written_over(folder: BacktestFolder) -> None:
    folder.keep("r1", {"first": 1}, TABLES)

    with pytest.raises(StorageError, match="r1"):
        folder.keep("r1", {}, TABLES)

    assert folder.run("r1").card == {"first": 1}


def test_the_same_run_that_was_kept_meanwhile_is_the_run(
    folder: BacktestFolder, tmp_path: Path
) -> None:
    """Two who ask for the same within a second come to the same, under the same name."""
    first = folder.keep("r1", {"hash": "x"}, TABLES)

    again = folder.keep("r1", {"hash": "x"}, TABLES)

    assert again == first
    assert [each.name for each in (tmp_path / "backtests").iterdir()] == ["r1"]


def test_what_is_broken_off_leaves_nothing(folder: BacktestFolder, tmp_path: Path) -> None:
    def rows() -> Iterator[tuple[str, int]]:
        yield "T1", 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.keep("r1", {}, [("fills", {"trade_id": "TEXT", "at": "INTEGER"}, rows())])

    assert list((tmp_path / "backtests").iterdir()) == []


def test_a_removed_run_is_gone(folder: BacktestFolder) -> None:
    folder.keep("r1", {}, TABLES)

    folder.remove("r1")

    with pytest.raises(UnknownNameError, match="r1"):
        folder.run("r1")


@pytest.mark.parametrize("name", ["r2", "../r1", ""])
def test_what_is_no_run_is_not_read(folder: BacktestFolder, name: str) -> None:
    folder.keep("r1", {}, TABLES)

    with pytest.raises(UnknownNameError):
        folder.run(name)


def test_a_table_that_is_not_there_is_named_with_those_that_are(folder: BacktestFolder) -> None:
    run = folder.keep("r1", {}, TABLES)

    with pytest.raises(UnknownNameError, match="it has fills"):
        run.rows("trades; DROP TABLE fills")


def test_a_damaged_card_is_named(folder: BacktestFolder, tmp_path: Path) -> None:
    folder.keep("r1", {}, TABLES)
    (tmp_path / "backtests" / "r1" / "run.json").write_text("{")

    with pytest.raises(ConfigurationError, match=r"run\.json is damaged"):
        folder.run("r1")


def test_damaged_rows_are_named(folder: BacktestFolder, tmp_path: Path) -> None:
    run = folder.keep("r1", {}, TABLES)
    (tmp_path / "backtests" / "r1" / "run.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(StorageError, match=r"run\.db cannot be read"):
        run.rows("fills")
