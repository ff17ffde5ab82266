import os
from pathlib import Path

import pytest

from kraken_pipeline.wiring import panic
from kraken_pipeline.wiring.panic import UNSURE, latch_text, panic_now, remove_latch
from kraken_pipeline_tests.paper_market import PaperMarket


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert latch_text(tmp_path / "panic.latch") == ""


def test_an_empty_file_counts_as_much_as_a_written_one(tmp_path: Path) -> None:
    (tmp_path / "panic.latch").touch()

    assert latch_text(tmp_path / "panic.latch").endswith("made by hand")


def test_the_same_words_at_another_time_are_another_panic(tmp_path: Path) -> None:
    latch = tmp_path / "panic.latch"
    latch.write_text("stop")
    first = latch_text(latch)
    os.utime(latch, ns=(1, 1))

    assert latch_text(latch) != first


def test_a_file_is_taken_away_once(tmp_path: Path) -> None:
    (tmp_path / "panic.latch").touch()

    assert [remove_latch(tmp_path / "panic.latch") for _ in range(2)] == [True, False]


def test_a_program_that_does_not_end_is_not_waited_for_and_nothing_is_called_done(
    market: PaperMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panic, "LONGEST_SECONDS", 0.001)

    outcome = panic_now(market.environ)

    assert outcome.exit_code == UNSURE
    assert "not done after 0.001 s" in outcome.said
    assert latch_text(market.data_dir / panic.LATCH)
