import os
from pathlib import Path

import pytest

from kraken_pipeline.wiring import panic
from kraken_pipeline.wiring.modes import MARK
from kraken_pipeline.wiring.panic import UNSURE, latch_text, panic_now
from kraken_pipeline_tests.paper_market import PaperMarket


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert latch_text(tmp_path / "panic.latch") == ""


def test_an_empty_file_counts_as_much_as_a_written_one(tmp_path: Path) -> None:
    (tmp_path / "panic.latch").touch()

    assert latch_text(tmp_path / "panic.latch").endswith("without a word")


@pytest.mark.parametrize("stands_there", ["a folder", "no text"])
def test_a_file_that_cannot_be_read_counts_too(tmp_path: Path, stands_there: str) -> None:
    latch = tmp_path / "panic.latch"
    if stands_there == "a folder":
        latch.mkdir()
    else:
        latch.write_bytes(b"\xff\xfe")

    assert latch_text(latch)


def test_no_folder_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert latch_text(tmp_path / "file" / "panic.latch") == ""


def test_the_same_words_at_another_time_are_another_panic(tmp_path: Path) -> None:
    latch = tmp_path / "panic.latch"
    latch.write_text("stop")
    first = latch_text(latch)
    os.utime(latch, ns=(1, 1))

    assert latch_text(latch) != first


def test_a_panic_that_a_file_called_for_leaves_it_as_it_is(tmp_path: Path) -> None:
    latch = tmp_path / "panic.latch"
    latch.touch()
    os.utime(latch, ns=(1, 1))
    first = latch_text(latch)

    panic_now({"KRAKEN_PIPELINE_DATA_DIR": str(tmp_path)})

    assert latch_text(latch) == first


@pytest.mark.parametrize("mark", [None, "", "\0\0\0", "krake"])
def test_where_nobody_can_tell_whose_orders_they_are_no_simulator_gives_the_all_clear(
    tmp_path: Path, mark: str | None
) -> None:
    if mark is not None:
        (tmp_path / MARK).write_text(mark)

    outcome = panic_now({"KRAKEN_PIPELINE_DATA_DIR": str(tmp_path)})

    assert outcome.exit_code == UNSURE
    assert outcome.said.startswith("Latched: ")
    assert "nothing was canceled: " in outcome.said


def test_a_program_that_does_not_end_is_not_waited_for_and_nothing_is_called_done(
    market: PaperMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panic, "LONGEST_SECONDS", 0.001)

    outcome = panic_now(market.environ)

    assert outcome.exit_code == UNSURE
    assert "not done after 0.001 s" in outcome.said
    assert latch_text(market.data_dir / panic.LATCH)
